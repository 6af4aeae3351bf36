"""Halts and the gaps after them are known to the desk that is started next."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchanges.instrument import Venue
from tasks.halt_memory import HaltMemory
from tasks.paper_desk import PaperDesk
from tests.exchanges.manual_clock import ManualClock
from tests.tasks.desks import Bench, run
from tests.tasks.test_market_watch import later, refusal
from warehouse import JournalFull
from warehouse.records import RecordType


class Written:
    """A journal of one record type, which can be full."""

    def __init__(self) -> None:
        self.bodies: list[Mapping[str, Any]] = []
        self.is_full = False

    def __call__(self, record_type: RecordType, body: Mapping[str, Any]) -> int:
        assert record_type is RecordType.HALT
        if self.is_full:
            raise JournalFull("no room")
        self.bodies.append(body)
        return len(self.bodies)


async def halted(bench: Bench, desk: PaperDesk) -> None:
    bench.fault(Venue.UPBIT, "halt_market")
    await later(desk, 1)
    await later(desk, 11)


async def came_back_elsewhere(bench: Bench, desk: PaperDesk) -> None:
    await halted(bench, desk)
    bench.spot_at(45_000_000)
    bench.simulation.faults.clear()
    await later(desk, 1)


def newest_segment(bench: Bench) -> Path:
    return max(bench.settings.journal_dir.glob("*.jsonl"))


def tear(bench: Bench) -> None:
    """Leave the beginning of a line at the end of the journal."""
    with newest_segment(bench).open("ab") as segment:
        segment.write(b'{"seq":99999,"time":"2026-')


def tear_at(bench: Bench, words: bytes) -> None:
    """Cut the journal off within the line that has ``words``."""
    segment = newest_segment(bench)
    lines = segment.read_bytes().splitlines(keepends=True)
    [torn] = [place for place, line in enumerate(lines) if words in line]
    segment.write_bytes(b"".join(lines[:torn]) + lines[torn][:-10])


def test_gap_keeps_entries_out_of_the_next_desk_until_a_person_has_seen_it(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await came_back_elsewhere(bench, desk)
        tear(bench)

        async with bench.still_desk() as desk:
            assert "the price came back -25.0 % away" in await refusal(desk)
            assert (await desk.parts.stopping.resuming.resume("seen"))["resumed"]

        async with bench.still_desk() as desk:
            assert await refusal(desk) == ""

    run(tmp_path, scenario)


def test_word_of_a_person_that_is_torn_off_the_journal_was_not_given(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await came_back_elsewhere(bench, desk)
            assert (await desk.parts.stopping.resuming.resume("seen"))["resumed"]
        tear_at(bench, b'"resume"')
        await asyncio.sleep(2)

        async with bench.still_desk() as desk:
            assert "the price came back -25.0 % away" in await refusal(desk)

    run(tmp_path, scenario)


def test_half_an_hour_goes_on_while_there_is_no_desk(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await came_back_elsewhere(bench, desk)
        await asyncio.sleep(1_700)

        async with bench.still_desk() as desk:
            assert "the price came back" in await refusal(desk)
            await later(desk, 100)
            assert await refusal(desk) == ""

        async with bench.still_desk() as desk:
            assert await refusal(desk) == ""

    run(tmp_path, scenario)


def test_price_is_compared_over_a_halt_that_a_restart_fell_into(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await halted(bench, desk)
        bench.spot_at(45_000_000)

        async with bench.still_desk() as desk:
            assert "does not trade" in await refusal(desk)
            bench.simulation.faults.clear()
            await asyncio.sleep(2)
            await desk.parts.recover()
            assert "the price came back -25.0 % away" in await refusal(desk)

    run(tmp_path, scenario)


def test_halt_that_ended_where_it_began_leaves_nothing_behind(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await halted(bench, desk)
            bench.simulation.faults.clear()
            await later(desk, 1)
        bench.spot_at(45_000_000)

        async with bench.still_desk() as desk:
            assert await refusal(desk) == ""
        assert [record.body["price"] for record in bench.records(RecordType.HALT)] == [
            "60000500",
            None,
        ]

    run(tmp_path, scenario)


def test_what_the_journal_does_not_take_is_written_when_it_does() -> None:
    written, clock = Written(), ManualClock()
    memory = HaltMemory(written, clock)
    gap = memory.gap(Venue.UPBIT, "BTC")
    gap.trades_at(Decimal(100))
    gap.stopped()
    clock.advance(10)
    written.is_full = True
    memory.keep()
    memory.keep()
    assert written.bodies == []

    written.is_full = False
    memory.keep()
    memory.keep()

    [body] = written.bodies
    assert (body["price"], body["gap_pct"]) == ("100", None)


@pytest.mark.parametrize("age_s", [60.0, -3_600.0])
def test_what_was_written_is_what_is_remembered(age_s: float) -> None:
    """Also by a machine whose clock was set back since: nothing is then in the future."""
    written, clock = Written(), ManualClock()
    memory = HaltMemory(written, clock)
    gap = memory.gap(Venue.UPBIT, "BTC")
    for price in (100, 50):
        gap.trades_at(Decimal(price))
        gap.stopped()
        clock.advance(15)
    memory.keep()
    again = ManualClock(clock.now())
    again.advance(age_s)

    next_memory = HaltMemory(written, again)
    next_gap = next_memory.gap(Venue.UPBIT, "BTC")
    next_memory.remember(written.bodies[-1])
    next_memory.keep()

    assert asdict(next_gap.halt) == asdict(gap.halt)
    assert next_gap.halt.stop is not None
    assert next_gap.halt.flag is not None
    assert len(written.bodies) == 1
    next_gap.trades_at(Decimal(80))
    assert "+60.0 %" in (next_gap.sentence() or "")


def test_market_that_is_traded_no_more_says_nothing() -> None:
    memory = HaltMemory(Written(), ManualClock())

    memory.remember(
        {
            "venue": "upbit",
            "symbol": "BTC",
            "stopped_at": "2026-01-31T09:30:00Z",
            "price": "100",
            "gap_pct": None,
            "flagged_at": None,
        }
    )

    memory.keep()
