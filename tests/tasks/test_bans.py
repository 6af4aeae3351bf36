"""A venue that has had enough: what a 429 or a 418 does to a desk, and to its other processes.

freqtrade: several processes behind one address each take all of its limits, ask on while they are
refused, and are banned for longer (#12441).
"""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.clock import SystemClock
from exchanges.credentials import Credentials
from exchanges.errors import RateLimited
from exchanges.instrument import Venue
from exchanges.simulator.faults import Fault, FaultKind
from tasks.executor_client import ExecutorClient
from tasks.outcome import OutcomeStatus
from tasks.pair import LegName
from tasks.pair_transitions import PairState
from tasks.venue_connections import connect
from tests.tasks.desks import (
    Bench,
    assert_agreed,
    assert_cash_is_conserved,
    entered,
    pair_of,
    run,
)
from tests.tasks.executors import KEY, SECRET, executor_process, served_venues, until_accepting

BAN_S = 120
BOTH = (Venue.UPBIT, Venue.BINANCE)


def asked(bench: Bench, venue: Venue) -> int:
    """How often so far. The bank rate is another host's, which Upbit's simulator plays too."""
    seen = bench.simulation.requests.requests()
    return sum(one.venue is venue and one.path != "/v1/forex/recent" for one in seen)


async def wait_out(bench: Bench, venue: Venue) -> None:
    """Until the ban is nearly over: nobody asks the venue anything meanwhile."""
    before = asked(bench, venue)
    await asyncio.sleep(BAN_S - 30)
    assert asked(bench, venue) == before


@pytest.mark.parametrize("venue", BOTH)
@pytest.mark.parametrize("when", ["entering", "repairing"])
def test_a_ban_while_a_pair_is_opened_leaves_no_leg_and_is_waited_out(
    tmp_path: Path, venue: Venue, when: str
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            if when == "repairing":
                bench.fault(venue, "reject")
            bench.fault(venue, "banned", seconds=BAN_S)

            opened = await entered(desk)

            assert opened.status is OutcomeStatus.UNWOUND
            assert bench.coin() == bench.position() == 0
            await wait_out(bench, venue)
            assert (await entered(desk)).status is OutcomeStatus.DENIED

            await asyncio.sleep(60)
            assert (await entered(desk)).status is OutcomeStatus.HEDGED
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)


@pytest.mark.parametrize("venue", BOTH)
def test_a_ban_while_a_pair_is_closed_leaves_it_whole(tmp_path: Path, venue: Venue) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk)
            bench.spot_at(61_000_000)
            await asyncio.sleep(1)
            bench.fault(venue, "banned", seconds=BAN_S)

            await desk.submit(action="EXIT")

            assert pair_of(desk, opened).state is PairState.HEDGED
            assert bench.coin() == -bench.position() == Decimal("0.010")
            await wait_out(bench, venue)

            await asyncio.sleep(60)
            assert (await desk.submit(action="EXIT")).status is OutcomeStatus.CLOSED
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)


@pytest.mark.parametrize("venue", BOTH)
def test_a_refusal_for_haste_is_waited_out_and_the_leg_hedged(tmp_path: Path, venue: Venue) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(venue, "rate_limited", seconds=2)

            opened = await entered(desk)

            assert opened.status is OutcomeStatus.HEDGED
            assert bench.coin() == -bench.position() == Decimal("0.010")
            # Refused once: the next order came when it was welcome.
            assert len(bench.orders_placed()) == 3

    run(tmp_path, scenario)


async def test_a_ban_that_one_process_hears_of_silences_the_desk_as_well(tmp_path: Path) -> None:
    keys = {venue: Credentials(KEY, SECRET) for venue in BOTH}
    async with (
        served_venues(tmp_path) as served,
        executor_process(served),
        ExecutorClient(served.settings.socket_file) as client,
    ):
        await until_accepting(client)
        entering = served.signal(action="ENTER", quantity="0.010").model_dump(mode="json")
        assert (await client.submit(entering, door="fast")).status is OutcomeStatus.HEDGED
        # This process is another one of the same desk, as a flow or a command is.
        exchanges = connect(served.settings, keys, SystemClock())
        ban = Fault(Venue.BINANCE, "/fapi/v1/openOrders", FaultKind.BANNED, 1, {"seconds": 5})
        served.simulation.faults.add(ban)

        with pytest.raises(RateLimited):
            await exchanges[LegName.PERPETUAL].open_orders("BTC")
        banned_at = time.time_ns()
        await asyncio.sleep(4)

        meanwhile = [
            seen.path
            for seen in served.simulation.requests.requests()
            # What was under way when the ban came may arrive a moment later.
            if seen.venue is Venue.BINANCE and seen.arrival_ns > banned_at + 200_000_000
        ]
        assert meanwhile == []
        refused = await client.submit(
            served.signal(action="ENTER", quantity="0.010").model_dump(mode="json"), door="fast"
        )
        assert refused.status is OutcomeStatus.DENIED, refused.reason
        await until_accepting(client)
        assert (await client.reconcile())["differences"] == []
        assert served.coin() == -served.position() == Decimal("0.010")
        for exchange in exchanges.values():
            await exchange.aclose()
