"""Every stretch of unequal legs is measured once, whatever happens to the desk meanwhile."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchanges.instrument import Venue
from tasks.exposure import Exposure
from tasks.exposure_meter import ExposureMeter
from tasks.pair_transitions import PairState
from tests.exchanges.manual_clock import ManualClock
from tests.tasks.desks import Bench, entered, pair_of, run
from tests.warehouse.examples import Entry, fill, intended, pair_event, snapshot, utc
from warehouse import JournalFull, Position, Record
from warehouse.records import RecordType

BTC_KRW = 60_001_000
"""Best ask of the bench's market: what a pair is decided on."""


def exposures(bench: Bench) -> list[Mapping[str, Any]]:
    return [record.body for record in bench.records(RecordType.EXPOSURE)]


def test_an_entry_and_an_exit_that_go_well_are_a_stretch_each(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            pair = pair_of(desk, await entered(desk))
            bench.spot_at(63_000_000)
            await asyncio.sleep(2)
            await desk.parts.feeds.read_all()
            await desk.submit(action="EXIT", pair_id=pair.pair_id)

        way_in, way_out = exposures(bench)
        assert (way_in["began_with"], way_in["state"]) == ("opened", "hedged")
        assert (way_out["began_with"], way_out["state"]) == ("exit_started", "closed")
        assert way_in["exposure_id"] == f"{pair.pair_id}-1"
        for stretch in (way_in, way_out):
            assert stretch["detected_at"] is stretch["recovery_s"] is None
            assert stretch["attempts"] == 0
            assert stretch["unhedged_krw_s"] == "0.000"

    run(tmp_path, scenario)


def test_a_missing_leg_counts_until_its_retry_fills(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(Venue.BINANCE, "reject")
            await entered(desk)

            assert desk.parts.exposures.open_krw_s() == 0
        [stretch] = exposures(bench)
        # The retry comes after one second: 0.010 coin for one second.
        assert float(stretch["unhedged_krw_s"]) == pytest.approx(BTC_KRW * 0.010, rel=1e-4)
        assert float(stretch["recovery_s"]) == pytest.approx(1, rel=1e-4)
        assert stretch["attempts"] == 1
        assert stretch["krw_per_coin"] == str(BTC_KRW)

    run(tmp_path, scenario)


def test_a_pair_left_naked_goes_on_counting_in_the_next_run_of_the_desk(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(Venue.BINANCE, "reject", times=100)
            entering = asyncio.create_task(entered(desk))
            await asyncio.sleep(0.5)
            bench.fault(Venue.UPBIT, "reject", times=100)
            assert pair_of(desk, await entering).state is PairState.NAKED
            assert desk.parts.view.gauges()["open_exposure_krw_seconds"] > 0
        bench.simulation.faults.clear()
        await asyncio.sleep(3600)
        async with bench.still_desk() as desk:
            assert desk.parts.view.gauges()["open_exposure_krw_seconds"] == 0

        [naked, repaired] = exposures(bench)
        assert (naked["state"], naked["recovery_s"]) == ("naked", None)
        assert repaired["exposure_id"] == naked["exposure_id"]
        assert float(repaired["recovery_s"]) > 3600
        assert float(repaired["unhedged_krw_s"]) == pytest.approx(
            BTC_KRW * 0.010 * float(repaired["recovery_s"]), rel=0.01
        )

    run(tmp_path, scenario)


# ---- record by record


@dataclass
class Diary:
    """A journal in memory with a meter that hears it."""

    clock: ManualClock = field(default_factory=ManualClock)
    records: list[Record] = field(default_factory=list)
    over: list[Exposure] = field(default_factory=list)
    full: bool = False

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.meter = ExposureMeter(self.write, self.clock, self.over.append)
        for _ in self.meter.restoring(list(self.records)):
            pass

    def write(self, record_type: RecordType, body: Mapping[str, Any]) -> int:
        if self.full and record_type is RecordType.EXPOSURE:
            raise JournalFull("no room")
        seq = len(self.records) + 1
        time = utc(self.clock.now())
        self.records.append(Record(seq, time, 1, record_type, dict(body), Position(1, 0, seq)))
        self.meter.written(record_type, body)
        return seq

    def note(self, entry: Entry, after_s: float = 0) -> None:
        self.clock.advance(after_s)
        self.write(*entry)

    def exposures(self) -> list[Mapping[str, Any]]:
        return [item.body for item in self.records if item.type == RecordType.EXPOSURE]

    # 1,000,000 won for 0.010 coin: the examples' pair.

    def opened(self) -> None:
        self.note(pair_event("opened", None, snapshot("p1")))
        self.note(intended("c1", "p1"))
        self.note(intended("c2", "p1", leg="perpetual", side="sell"))

    def moved(self, event: str, to_state: str, after_s: float = 0) -> None:
        self.note(pair_event(event, "?", snapshot("p1", state=to_state)), after_s)

    def filled(self, trade: str, order: str, side: str, ago_s: float = 0, **more: Any) -> None:
        at = utc(self.clock.now() - timedelta(seconds=ago_s))
        self.note(fill(trade, order, "p1", side=side, time=at, **more))


def test_a_naked_pair_is_told_at_once_and_again_when_it_is_repaired() -> None:
    diary = Diary()
    diary.opened()
    diary.filled("t1", "c1", "buy")
    diary.moved("leg_missing", "recovering", after_s=1)
    diary.note(intended("c3", "p1", purpose="hedge"))
    diary.moved("gave_up", "naked", after_s=7)
    [naked] = diary.exposures()

    diary.restart()
    assert diary.meter.open_krw_s() == 8_000_000
    diary.moved("recovery_started", "recovering", after_s=100)
    diary.note(intended("c4", "p1", purpose="hedge"))
    diary.filled("t2", "c4", "sell", leg="perpetual")
    diary.moved("legs_matched", "hedged", after_s=2)

    assert (naked["state"], naked["unhedged_krw_s"]) == ("naked", "8000000.000")
    assert naked["recovery_s"] is None
    [_, repaired] = diary.exposures()
    assert repaired["exposure_id"] == naked["exposure_id"] == "p1-1"
    assert (repaired["state"], repaired["unhedged_krw_s"]) == ("hedged", "108000000.000")
    assert (repaired["recovery_s"], repaired["attempts"]) == ("109.000000", 2)
    assert diary.meter.open_krw_s() == 0
    [over] = diary.over
    assert over.snapshot() == repaired


def test_a_forced_close_counts_from_the_venues_time_and_not_from_its_detection() -> None:
    diary = Diary()
    diary.opened()
    diary.filled("t1", "c1", "buy")
    diary.filled("t2", "c2", "sell", leg="perpetual")
    diary.moved("legs_matched", "hedged")
    diary.clock.advance(3600)
    adopted = {
        "adoption_id": "x1",
        "pair_id": "p1",
        "side": "buy",
        "quantity": "0.010",
        "time": utc(diary.clock.now() - timedelta(seconds=4)),
    }
    diary.note((RecordType.ADOPTION, adopted))
    diary.note((RecordType.ADOPTION, {**adopted, "adoption_id": "x2", "pair_id": None}))
    diary.moved("forced_close", "recovering")
    diary.filled("t3", "c3", "sell")
    diary.moved("flat", "closed", after_s=1)

    [_, stretch] = diary.exposures()
    assert stretch["began_with"] == "forced_close"
    assert stretch["unhedged_krw_s"] == "4000000.000"
    assert stretch["recovery_s"] == "1.000000"


def test_a_late_fill_of_an_ended_pair_is_a_stretch_of_its_own() -> None:
    diary = Diary()
    diary.opened()
    diary.moved("nothing_filled", "failed", after_s=1)
    diary.clock.advance(60)
    diary.filled("t1", "c1", "buy", ago_s=50)
    diary.filled("t1", "c1", "buy", ago_s=50)
    diary.moved("late_fill", "recovering")
    diary.filled("t2", "c3", "sell")
    diary.moved("unwound", "unwound")

    [stretch] = diary.exposures()
    assert (stretch["exposure_id"], stretch["began_with"]) == ("p1-2", "late_fill")
    assert stretch["unhedged_krw_s"] == "50000000.000"


def test_a_time_of_the_venues_is_held_between_order_and_news_of_it() -> None:
    """The spot trade is dated to the second, before its order; the other ahead of our clock."""
    diary = Diary()
    diary.clock.advance(0.9)
    diary.opened()
    diary.clock.advance(0.05)
    diary.filled("t1", "c1", "buy", ago_s=0.95)
    diary.filled("t2", "c2", "sell", ago_s=-30, leg="perpetual")
    diary.moved("legs_matched", "hedged", after_s=60)

    [stretch] = diary.exposures()
    assert stretch["unhedged_krw_s"] == "50000.000"


def test_a_stretch_in_which_nothing_was_traded_or_doubted_is_no_exposure() -> None:
    diary = Diary()
    diary.opened()
    diary.moved("nothing_filled", "failed", after_s=1)

    assert diary.exposures() == []


def test_doubt_is_measured_even_when_nothing_was_traded() -> None:
    diary = Diary()
    diary.opened()
    diary.moved("outcome_unknown", "unknown", after_s=1)
    diary.moved("nothing_filled", "failed", after_s=30)

    [stretch] = diary.exposures()
    assert (stretch["unhedged_krw_s"], stretch["recovery_s"]) == ("0.000", "30.000000")


def test_what_a_crash_or_a_full_disk_kept_from_the_journal_is_written_later() -> None:
    diary = Diary(full=True)
    diary.opened()
    diary.filled("t1", "c1", "buy")
    diary.moved("leg_missing", "recovering")
    diary.filled("t2", "c2", "sell", leg="perpetual")
    diary.moved("legs_matched", "hedged", after_s=1)
    assert diary.exposures() == []

    crashed = Diary(records=list(diary.records))
    diary.full = False
    diary.moved("exit_started", "closing")

    assert [item["exposure_id"] for item in diary.exposures()] == ["p1-1"]
    assert crashed.exposures() == diary.exposures()
    crashed.restart()
    assert len(crashed.exposures()) == 1


def test_a_record_that_cannot_be_read_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    diary = Diary()
    diary.opened()

    diary.note((RecordType.FILL, {"pair_id": "p1"}))

    assert "the exposure of p1 is not measured" in caplog.text


@pytest.mark.parametrize("direction", ["buy", "sell"])
def test_either_leg_alone_counts(direction: str) -> None:
    diary = Diary()
    diary.opened()
    diary.filled("t1", "c1", direction)
    diary.clock.advance(2)

    assert diary.meter.open_krw_s() == Decimal(2_000_000)


def test_a_late_trade_of_a_pair_that_ended_days_ago_gets_a_number_of_its_own() -> None:
    diary = Diary()
    diary.opened()
    diary.filled("t1", "c1", "buy")
    diary.filled("t2", "c2", "sell", leg="perpetual")
    diary.moved("legs_matched", "hedged", after_s=1)
    diary.moved("flat", "closed", after_s=1)
    for place in range(3):
        ended = snapshot(f"other-{place}", state="closed")
        diary.note(pair_event("flat", "?", ended), after_s=200_000)

    diary.filled("t3", "c1", "buy")
    diary.moved("late_fill", "recovering")
    diary.filled("t4", "c9", "sell")
    diary.moved("unwound", "unwound", after_s=1)

    first, *_, last = diary.exposures()
    assert (first["exposure_id"], last["exposure_id"]) == ("p1-1", "p1-2")
    assert last["began_with"] == "late_fill"


def test_memory_of_ended_pairs_is_that_of_two_days() -> None:
    clock = ManualClock()
    meter = ExposureMeter(lambda _, __: 1, clock, lambda _: None)

    def pass_by(number: int) -> None:
        pair_id = f"p{number}"
        for record_type, body in (
            pair_event("opened", None, snapshot(pair_id)),
            intended(f"{pair_id}-s1", pair_id),
            fill(f"{pair_id}-t1", f"{pair_id}-s1", pair_id, time=utc(clock.now())),
            pair_event("unwound", "?", snapshot(pair_id, state="unwound")),
        ):
            meter.written(record_type, body)
        clock.advance(600)

    tracemalloc.start()
    try:
        for number in range(500):
            pass_by(number)
        before, _ = tracemalloc.get_traced_memory()
        for number in range(500, 2_500):
            pass_by(number)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (after - before) / 2_000 < 250  # bytes: an id and a number
