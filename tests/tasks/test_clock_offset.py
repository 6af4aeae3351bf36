"""A venue's clock that is not ours: no new pairs, and everything else is signed with its time."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from tasks.feeds import CLOCK_POLL_S
from tasks.outcome import OutcomeStatus
from tasks.pair_transitions import PairState
from tests.tasks.desks import (
    Bench,
    assert_agreed,
    assert_cash_is_conserved,
    assert_legs_match,
    entered,
    pair_of,
    run,
)

SHIFTS = [
    pytest.param(Venue.BINANCE, Venue.BINANCE, 30_000, id="binance-ahead"),
    pytest.param(Venue.BINANCE, Venue.BINANCE, -30_000, id="binance-behind"),
    pytest.param(Venue.HYPERLIQUID, Venue.HYPERLIQUID, 30_000, id="hyperliquid-ahead"),
    pytest.param(Venue.HYPERLIQUID, Venue.HYPERLIQUID, -30_000, id="hyperliquid-behind"),
    pytest.param(Venue.BINANCE, Venue.UPBIT, 30_000, id="upbit-ahead"),
    pytest.param(Venue.BINANCE, Venue.UPBIT, -30_000, id="upbit-behind"),
]


@pytest.mark.parametrize(("perpetual", "shifted", "offset_ms"), SHIFTS)
def test_shifted_clock_is_shown_and_refuses_entries_while_pairs_are_closed(
    tmp_path: Path, perpetual: Venue, shifted: Venue, offset_ms: int
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk, "0.010")
            await asyncio.sleep(CLOCK_POLL_S)  # away from the full hour, when funding is paid
            bench.simulation.engines[shifted].set_clock_offset(offset_ms)
            await asyncio.sleep(CLOCK_POLL_S + 5)

            refused = await entered(desk, "0.010")
            bench.spot_at(61_000_000)
            await asyncio.sleep(1)
            closed = await desk.submit(action="EXIT", pair_id=opened.pair_id)

            shown = desk.parts.view.state()["venues"][shifted]["clock_offset_ms"]
            assert abs(shown - offset_ms) <= 1_000
            assert refused.status is OutcomeStatus.DENIED
            assert refused.reason is not None
            assert refused.reason.startswith("clock_offset: ")
            assert closed.status is OutcomeStatus.CLOSED, closed.reason
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario, perpetual_venue=perpetual)


@pytest.mark.parametrize(("perpetual", "shifted", "offset_ms"), SHIFTS)
def test_leg_that_failed_is_repaired_across_a_clock_that_jumps(
    tmp_path: Path, perpetual: Venue, shifted: Venue, offset_ms: int
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(shifted, "reject")
            entering = asyncio.create_task(entered(desk, "0.010"))
            await asyncio.sleep(0.5)
            bench.simulation.engines[shifted].set_clock_offset(offset_ms)

            opened = await entering

            assert opened.status is OutcomeStatus.HEDGED, opened.reason
            assert_legs_match(desk)
            assert bench.position() == Decimal("-0.010")
            await assert_agreed(desk)

    run(tmp_path, scenario, perpetual_venue=perpetual)


@pytest.mark.parametrize(("perpetual", "shifted", "offset_ms"), SHIFTS)
def test_exit_right_after_the_jump_ends_with_both_legs_closed(
    tmp_path: Path, perpetual: Venue, shifted: Venue, offset_ms: int
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk, "0.010")
            bench.spot_at(61_000_000)
            await asyncio.sleep(1)
            bench.simulation.engines[shifted].set_clock_offset(offset_ms)

            await desk.submit(action="EXIT", pair_id=opened.pair_id)
            await asyncio.sleep(30)

            assert pair_of(desk, opened).state is PairState.CLOSED
            assert bench.position() == 0
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario, perpetual_venue=perpetual)
