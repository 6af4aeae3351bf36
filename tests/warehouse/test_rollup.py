"""Korean days of profit and loss."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.warehouse.books import contents
from tests.warehouse.examples import START, Entry, ended_pair, pair_event, snapshot
from tests.warehouse.mishaps import reopened_pair
from tests.warehouse.writing import ManualClock, write_all
from warehouse import Warehouse
from warehouse.kst import kst_day

WEDNESDAY = date(2026, 3, 4)
PARTS = ("premium_krw", "fx_krw", "funding_krw", "fees_krw", "slippage_krw")


def daily(books: Warehouse) -> dict[date, Mapping[str, Any]]:
    answer = books.sql("SELECT * FROM pnl_daily ORDER BY day")
    return {row[0]: dict(zip(answer.columns, row, strict=True)) for row in answer.rows}


def test_a_day_sums_its_pairs_and_the_days_add_up(tmp_path: Path) -> None:
    clock = ManualClock(START)
    last_second = datetime(2026, 3, 4, 14, 59, 59, tzinfo=UTC)
    entries = [
        ended_pair("p1", START),
        ended_pair("p2", last_second, net_krw="-1500", premium_krw="500"),
        ended_pair("p3", last_second + timedelta(seconds=1), state="unwound", net_krw="-10"),
    ]
    write_all(tmp_path / "journal", entries, clock)
    books = Warehouse(tmp_path / "w.duckdb", tmp_path / "journal", clock_now=clock.now)
    books.ingest()

    assert books.rollup() == 2

    days = daily(books)
    assert list(days) == [WEDNESDAY, WEDNESDAY + timedelta(days=1)]
    first, second = days.values()
    assert (first["pairs_closed"], first["pairs_unwound"]) == (2, 0)
    assert (first["wins"], first["losses"]) == (1, 1)
    assert (first["net_krw"], first["premium_krw"]) == (6500, 10500)
    assert (first["funding_krw"], first["funding_missing"]) == (600, 0)
    assert (second["pairs_closed"], second["pairs_unwound"]) == (0, 1)
    assert (second["net_krw"], second["cumulative_krw"]) == (-10, 6490)


def test_missing_funding_is_counted_and_never_zero(tmp_path: Path) -> None:
    next_day = START + timedelta(days=1)
    entries = [
        ended_pair("p1", START, funding_krw=None, net_krw="7700"),
        ended_pair("p2", next_day, funding_krw=None, net_krw="7700"),
        ended_pair("p3", next_day),
    ]
    write_all(tmp_path / "journal", entries)
    books = Warehouse(tmp_path / "w.duckdb", tmp_path / "journal")
    books.ingest()
    books.rollup()

    first, second = daily(books).values()
    assert (first["funding_krw"], first["funding_missing"]) == (None, 1)
    assert (second["funding_krw"], second["funding_missing"]) == (300, 1)


@pytest.mark.parametrize(("minute", "closed"), [(4, False), (5, True)])
def test_a_day_closes_five_minutes_after_midnight_in_korea(
    tmp_path: Path, minute: int, closed: bool
) -> None:
    clock = ManualClock(START)
    write_all(tmp_path / "journal", [ended_pair("p1", START)], clock)
    clock.time = datetime(2026, 3, 4, 15, minute, tzinfo=UTC)
    books = Warehouse(tmp_path / "w.duckdb", tmp_path / "journal", clock_now=clock.now)
    books.ingest()
    books.rollup()

    day = daily(books)[WEDNESDAY]
    assert day["closed"] is closed
    assert day["closed_at"] == (datetime(2026, 3, 4, 15, 5, tzinfo=UTC) if closed else None)
    assert day["net_krw_at_close"] == (8000 if closed else None)


def test_a_closed_day_changes_only_by_a_correction_that_shows(tmp_path: Path) -> None:
    clock = ManualClock(START)
    journal = tmp_path / "journal"
    books = Warehouse(tmp_path / "w.duckdb", journal, clock_now=clock.now)
    missing: dict[str, Any] = {"funding_krw": None, "net_krw": "7700"}
    write_all(journal, [ended_pair("p1", START, **missing), ended_pair("p2", START)], clock)
    clock.move(days=2)
    books.ingest()
    books.rollup()
    closed = daily(books)[WEDNESDAY]

    write_all(journal, [ended_pair("p1", START)], clock)
    books.ingest()
    unrolled = daily(books)[WEDNESDAY]
    books.rollup(WEDNESDAY)
    corrected = daily(books)[WEDNESDAY]

    assert (closed["net_krw"], closed["corrections"], closed["correction_krw"]) == (15700, 0, 0)
    assert unrolled == closed
    assert (corrected["net_krw"], corrected["net_krw_at_close"]) == (16000, 15700)
    assert (corrected["corrections"], corrected["correction_krw"]) == (1, 300)
    assert corrected["closed"] is True


def test_rolling_up_again_or_after_a_rebuild_changes_nothing(tmp_path: Path) -> None:
    clock = ManualClock(START)
    entries = [ended_pair(f"p{place}", START + timedelta(hours=9 * place)) for place in range(9)]
    write_all(tmp_path / "journal", entries, clock)
    clock.move(days=2)
    books = Warehouse(tmp_path / "w.duckdb", tmp_path / "journal", clock_now=clock.now)
    books.ingest()
    books.rollup()
    before = contents(books.file)

    books.rollup()
    books.rollup(WEDNESDAY + timedelta(days=1))
    again = contents(books.file)
    books.rebuild()

    assert again == before
    assert contents(books.file) == before


def test_a_pair_that_was_open_again_has_one_result_and_counts_once(tmp_path: Path) -> None:
    clock = ManualClock(START)
    entries = [ended_pair("p1", START), *reopened_pair("p2", START)]
    write_all(tmp_path / "journal", entries, clock)
    books = Warehouse(tmp_path / "w.duckdb", tmp_path / "journal", clock_now=clock.now)
    books.ingest()
    books.rollup()

    assert books.sql("SELECT pair_id, net_krw, revision FROM pnl_pairs ORDER BY ALL").rows == (
        ("p1", Decimal(8000), 1),
        ("p2", Decimal(6000), 2),
    )
    [day] = daily(books).values()
    assert (day["pairs_closed"], day["net_krw"], day["slippage_krw"]) == (2, 14000, -2800)
    [shown] = [pair for pair in books.report().ended_pairs if pair.pair_id == "p2"]
    assert shown.result is not None
    assert (shown.result.net_krw, shown.result.revision) == (Decimal(6000), 2)


@pytest.mark.parametrize("together", [True, False])
def test_a_pair_that_is_open_again_has_no_result_until_it_ends(
    tmp_path: Path, together: bool
) -> None:
    entries = reopened_pair("p1", START)
    books = Warehouse(tmp_path / "w.duckdb", tmp_path / "journal")
    for part in [entries[:3]] if together else [[entry] for entry in entries[:3]]:
        write_all(tmp_path / "journal", part)
        books.ingest()
        books.rollup()

    report = books.report()

    assert [(pair.state, pair.result) for pair in report.open_pairs] == [("recovering", None)]
    assert report.ended_pairs == ()
    assert (report.total.net_krw, report.total.pairs_closed) == (Decimal(0), 0)
    assert daily(books) == {}


def test_a_closed_day_gives_a_result_back_as_a_correction_and_the_next_day_has_it(
    tmp_path: Path,
) -> None:
    clock = ManualClock(START)
    journal = tmp_path / "journal"
    books = Warehouse(tmp_path / "w.duckdb", journal, clock_now=clock.now)
    write_all(journal, [ended_pair("p1", START), ended_pair("p2", START)], clock)
    clock.move(days=1)
    books.ingest()
    books.rollup()

    late = pair_event("late_fill", "closed", snapshot("p1", state="recovering"))
    write_all(journal, [late, ended_pair("p1", clock.now(), net_krw="6000")], clock)
    books.ingest()
    written = books.rollup(kst_day(clock.now()))

    assert written == 2
    first, second = daily(books).values()
    assert (first["pairs_closed"], first["net_krw"], first["net_krw_at_close"]) == (1, 8000, 16000)
    assert (first["corrections"], first["correction_krw"]) == (1, -8000)
    assert (second["pairs_closed"], second["net_krw"], second["cumulative_krw"]) == (1, 6000, 14000)
    rolled_up_bit_by_bit = contents(books.file)
    books.rebuild()
    assert contents(books.file) == rolled_up_bit_by_bit


def test_a_closed_day_that_lost_its_only_result_still_says_what_it_closed_with(
    tmp_path: Path,
) -> None:
    clock = ManualClock(START)
    journal = tmp_path / "journal"
    books = Warehouse(tmp_path / "w.duckdb", journal, clock_now=clock.now)
    write_all(journal, [ended_pair("p1", START)], clock)
    clock.move(days=1)
    late = pair_event("late_fill", "closed", snapshot("p1", state="recovering"))
    write_all(journal, [late], clock)
    books.ingest()
    books.rollup()

    [day] = daily(books).values()
    assert (day["pairs_closed"], day["net_krw"], day["funding_krw"]) == (0, 0, 0)
    assert (day["net_krw_at_close"], day["corrections"], day["correction_krw"]) == (8000, 1, -8000)


AMOUNT = st.decimals("-1e12", "1e12", places=10)


@st.composite
def results(draw: st.DrawFn) -> list[Entry]:
    entries = []
    for place in range(draw(st.integers(1, 8))):
        parts = {part: draw(AMOUNT) for part in PARTS}
        if draw(st.booleans()):
            del parts["funding_krw"]
        fields = {part: str(amount) for part, amount in parts.items()}
        net = sum(parts.values(), Decimal(0))
        closed_at = START + timedelta(minutes=draw(st.integers(0, 4000)))
        fields |= {"net_krw": str(net)}
        entries.append(
            ended_pair(
                f"p{place}", closed_at, **{"funding_krw": None, **fields}, entry_premium_pct=None
            )
        )
    return entries


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(results())
def test_parts_add_up_to_net_and_days_to_pairs(entries: list[Entry]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_all(Path(folder, "journal"), entries)
        books = Warehouse(Path(folder, "w.duckdb"), Path(folder, "journal"))
        books.ingest()
        books.rollup()
        days = daily(books)
        report = books.report(max(days), pairs=100)

    by_day: dict[date, Decimal] = {}
    for pair in report.ended_pairs:
        assert pair.result is not None
        assert pair.closed_at is not None
        known = (getattr(pair.result, part) or 0 for part in PARTS)
        assert sum(known, Decimal(0)) == pair.result.net_krw
        day = kst_day(pair.closed_at)
        by_day[day] = by_day.get(day, Decimal(0)) + pair.result.net_krw
    assert {day: row["net_krw"] for day, row in days.items()} == by_day
    for row in days.values():
        assert sum((row[part] or 0 for part in PARTS), Decimal(0)) == row["net_krw"]
    assert report.total.net_krw == sum(by_day.values()) == days[max(days)]["cumulative_krw"]
