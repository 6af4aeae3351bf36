"""The machine's clock jumps under a running desk: set by hand, by a time service, or after sleep.

Durations come from a clock that does not jump, so nothing ages or wakes at once, and the jump shows
against it: until the clocks have been compared again no pair is entered or left. What is dated by
the wall clock (signals, signed requests) is refused or put right by the venue's clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from exchanges.clock import Clock
from exchanges.instrument import Venue
from tasks.outcome import Outcome, OutcomeStatus
from tasks.pair import LegName
from tasks.pair_transitions import PairState
from tasks.paper_desk import PaperDesk, paper_desk
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


@asynccontextmanager
async def running(bench: Bench, clock: Clock) -> AsyncIterator[PaperDesk]:
    """A desk with all its loops, by ``clock``."""
    async with paper_desk(bench.simulation, bench.settings, clock) as desk:
        stop = asyncio.Event()
        task = asyncio.create_task(desk.parts.run(stop))
        await asyncio.sleep(2)
        yield desk
        stop.set()
        await task


async def hedged(desk: PaperDesk, bench: Bench) -> str:
    """A pair that may be closed at a profit; its id."""
    opened = await entered(desk)
    assert opened.status is OutcomeStatus.HEDGED
    bench.spot_at(61_000_000)
    await asyncio.sleep(2.5)  # between two looks at the clocks
    return opened.pair_id or ""


async def left(desk: PaperDesk, pair_id: str) -> Outcome:
    return await desk.submit(action="EXIT", pair_id=pair_id)


@pytest.mark.parametrize("perpetual", [Venue.BINANCE, Venue.HYPERLIQUID])
@pytest.mark.parametrize("jump", [*JUMPS, timedelta(days=40), timedelta(days=-40)], ids=str)
def test_nothing_is_sent_after_a_jump_until_the_clocks_have_been_compared(
    tmp_path: Path, jump: timedelta, perpetual: Venue
) -> None:
    async def scenario(bench: Bench) -> None:
        clock = JumpingClock(bench.clock)
        async with running(bench, clock) as desk:
            pair_id = await hedged(desk, bench)
            before = bench.orders_placed()

            clock.error = jump
            entry, exit_ = await entered(desk), await left(desk, pair_id)
            automatic = await desk.parts.desk.validate_exits()

            seconds = f"our clock was set by {jump.total_seconds():+,.1f} s since"
            for refused in (entry, exit_):
                assert (refused.reason or "").startswith(f"clock_changed: {seconds}")
            assert all(item["decision"] == "hold" for item in automatic)
            assert bench.orders_placed() == before

            await asyncio.sleep(2)
            outcome = await left(desk, pair_id)
            if abs(jump) < timedelta(days=1):
                assert outcome.status is OutcomeStatus.CLOSED
                assert len(bench.orders_placed()) == len(before) + 2
            else:
                word = f"clock_changed: {perpetual} does not take the time of our clock"
                assert (outcome.reason or "").startswith(word)
                await asyncio.sleep(10)
                [alarm] = [text for text in bench.alerts("critical") if "clock" in text]
                assert alarm.endswith("look at the machine's clock.")
                clock.error = timedelta(0)
                await asyncio.sleep(31)
                assert (await left(desk, pair_id)).status is OutcomeStatus.CLOSED
            assert bench.alerts("critical") == [] or abs(jump) > timedelta(days=1)
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario, perpetual_venue=perpetual)


def test_clock_that_is_set_a_little_keeps_nobody_waiting(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        clock = JumpingClock(bench.clock)
        async with running(bench, clock) as desk:
            pair_id = await hedged(desk, bench)

            clock.error = timedelta(milliseconds=900)

            assert (await left(desk, pair_id)).status is OutcomeStatus.CLOSED
            assert len(bench.orders_placed()) == 4

    run(tmp_path, scenario)


def test_venue_that_has_refused_our_time_gets_no_pair_until_it_was_asked_for_its_own(
    tmp_path: Path,
) -> None:
    """Its clock was set, not ours: nobody can know before the first refusal."""

    async def scenario(bench: Bench) -> None:
        async with running(bench, bench.clock) as desk:
            pair_id = await hedged(desk, bench)
            perpetual = desk.parts.trading.venues[LegName.PERPETUAL]
            bench.simulation.engines[Venue.BINANCE].set_clock_offset(20_000)
            bench.fault(Venue.BINANCE, "http_500", endpoint="GET /fapi/v1/time", times=3)
            for _ in range(100):
                if perpetual.exchange.clock_in_doubt:
                    break
                await asyncio.sleep(0.1)
            before = bench.orders_placed()

            refused = await left(desk, pair_id)

            assert (refused.reason or "").startswith("clock_changed: binance does not take")
            assert bench.orders_placed() == before
            await asyncio.sleep(10)
            assert (await left(desk, pair_id)).status is OutcomeStatus.CLOSED
            assert len(bench.orders_placed()) == len(before) + 2

    run(tmp_path, scenario)


def test_answer_during_which_the_clock_was_set_says_nothing(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        clock = JumpingClock(bench.clock)
        async with running(bench, clock) as desk:
            pair_id = await hedged(desk, bench)
            bench.fault(Venue.BINANCE, "delay", endpoint="GET /fapi/v1/time", ms=1_000)
            clock.error = timedelta(minutes=10)
            await asyncio.sleep(1.2)  # it is asked after half a second, for one
            clock.error = timedelta(minutes=20)
            await asyncio.sleep(0.5)

            assert "clock_changed: " in ((await left(desk, pair_id)).reason or "")
            await asyncio.sleep(6)

            assert (await left(desk, pair_id)).status is OutcomeStatus.CLOSED
            assert len(bench.orders_placed()) == 4

    run(tmp_path, scenario)


def test_naked_pair_is_repaired_while_the_clocks_are_being_compared(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        clock = JumpingClock(bench.clock)
        async with paper_desk(bench.simulation, bench.settings, clock) as desk:
            bench.fault(Venue.BINANCE, "reject", times=50)
            opening = asyncio.create_task(entered(desk))
            await asyncio.sleep(0.5)
            clock.error = timedelta(minutes=10)
            bench.simulation.faults.clear()

            outcome = await opening

            assert outcome.status is OutcomeStatus.HEDGED
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario)


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
