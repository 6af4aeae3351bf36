"""The machine's clock jumps under a running desk: set by hand, by a time service, or after sleep.

Durations come from a clock that does not jump, so nothing ages or wakes at once; what is dated by
the wall clock (signals, signed requests) is refused or put right by the venue's clock.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from exchanges.clock import Clock
from tasks.outcome import OutcomeStatus
from tasks.pair_transitions import PairState
from tasks.paper_desk import paper_desk
from tests.tasks.desks import (
    Bench,
    assert_agreed,
    assert_cash_is_conserved,
    entered,
    pair_of,
    run,
)

JUMPS = [timedelta(hours=-9), timedelta(seconds=-90), timedelta(minutes=10), timedelta(hours=23)]


class JumpingClock:
    """The venues' clock with the machine's error on it."""

    def __init__(self, true: Clock) -> None:
        self._true = true
        self.error = timedelta(0)

    def now(self) -> datetime:
        return self._true.now() + self.error

    def monotonic(self) -> float:
        return self._true.monotonic()


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_a_jump_stops_entries_and_neither_loses_nor_strands_a_pair(
    tmp_path: Path, jump: timedelta
) -> None:
    async def scenario(bench: Bench) -> None:
        clock = JumpingClock(bench.clock)
        async with paper_desk(bench.simulation, bench.settings, clock) as desk:
            stop = asyncio.Event()
            running = asyncio.create_task(desk.parts.run(stop))
            await asyncio.sleep(2)
            opened = await entered(desk)
            assert opened.status is OutcomeStatus.HEDGED

            clock.error = jump
            await asyncio.sleep(35)  # the clocks are compared each half minute
            refused = await entered(desk)

            assert (refused.reason or "").startswith("clock_offset: ")
            assert pair_of(desk, opened).state is PairState.HEDGED

            bench.spot_at(61_000_000)
            await asyncio.sleep(2)
            closed = await desk.submit(action="EXIT", pair_id=opened.pair_id)
            assert closed.status is OutcomeStatus.CLOSED
            assert_cash_is_conserved(bench, desk)

            clock.error = timedelta(0)
            await asyncio.sleep(65)
            assert (await entered(desk)).status is OutcomeStatus.HEDGED
            await assert_agreed(desk)
            stop.set()
            await running

    run(tmp_path, scenario)


def test_a_signal_of_the_right_time_is_refused_by_a_desk_whose_clock_is_wrong(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        clock = JumpingClock(bench.clock)
        async with paper_desk(bench.simulation, bench.settings, clock) as desk:
            signal = desk.signal(action="ENTER", quantity="0.010")
            clock.error = timedelta(minutes=10)

            outcome = await desk.parts.desk.submit(signal, "fast")

            assert (outcome.reason or "").startswith("expired: ")
            assert bench.orders_placed() == []

    run(tmp_path, scenario)
