"""A forced close during a repair, which holds the coin's lock: it counts from the next try on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from tasks.desk_operations import IN_DOUBT
from tasks.outcome import OutcomeStatus
from tests.tasks.desks import (
    Bench,
    assert_cash_is_conserved,
    assert_legs_match,
    entered,
    pair_of,
    run,
    until,
)
from tests.tasks.reconciling.accounts import force_close
from tests.tasks.test_position_watch import PERPETUALS, seconds_until
from warehouse.records import RecordType


@pytest.mark.parametrize("venue", PERPETUALS)
def test_close_during_a_repair_is_in_the_books_before_its_next_try(
    tmp_path: Path, venue: Venue
) -> None:
    """The repair holds the coin's lock until its last try, which is seconds away."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            first = await entered(desk)
            await asyncio.sleep(2)
            bench.fault(venue, "reject", times=3)  # the order, and what is tried after 1 and 2 s
            entering = asyncio.create_task(entered(desk))
            await asyncio.sleep(1.5)
            force_close(bench, "0.010")
            took_s = await seconds_until(bench, lambda: bool(bench.records(RecordType.ADOPTION)))

            assert took_s < 2.5
            assert not entering.done()
            second = await entering
            await until(lambda: not pair_of(desk, first).is_open)
            await until(lambda: pair_of(desk, second).state not in IN_DOUBT)
            assert_legs_match(desk)
            assert bench.coin() == -bench.position()
            assert (await desk.parts.operations.reconcile())["agreed"]

    run(tmp_path, scenario, perpetual_venue=venue)


def test_exit_of_all_pairs_looks_again_at_those_that_a_close_met_meanwhile(tmp_path: Path) -> None:
    """The first pair's exit is repaired; the close that is booked then is of the second one."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            first, second = await entered(desk), await entered(desk)
            bench.spot_at(61_500_000)
            await asyncio.sleep(2)
            bench.fault(Venue.UPBIT, "reject", times=3)  # its perpetual leg is closed already
            leaving = asyncio.create_task(desk.submit(action="EXIT"))
            await asyncio.sleep(1.5)
            force_close(bench, "0.010")
            outcome = await leaving

            assert outcome.status is OutcomeStatus.CLOSED, outcome.reason
            assert not pair_of(desk, first).is_open
            assert not pair_of(desk, second).is_open
            assert bench.coin() == 0 == bench.position()
            assert_cash_is_conserved(bench, desk)
            assert (await desk.parts.operations.reconcile())["agreed"]

    run(tmp_path, scenario)
