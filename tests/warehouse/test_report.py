"""The report on figures that were computed by hand."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.warehouse.examples import (
    START,
    Entry,
    closed_pair,
    ended_pair,
    flow,
    leg,
    pair_event,
    snapshot,
    utc,
)
from tests.warehouse.mishaps import exposure
from tests.warehouse.whole_journal import denials
from tests.warehouse.writing import ManualClock, write_all
from warehouse import Report, Warehouse
from warehouse.report import LegLine, Period, ResultParts, Trade, Unhedged
from warehouse.report_text import krw, report_text

MONDAY_BEFORE = START - timedelta(days=2)
SUNDAY_BEFORE = START - timedelta(days=3)


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """Ended: one two weeks ago, one on Sunday, one on Monday, one today. Open: one. Denials."""
    held = snapshot(
        "open1",
        state="hedged",
        direction="short_premium",
        opened_at="2026-03-03T20:00:00.000000Z",
        spot=leg("upbit", flow("0.003", "300001", "150.0005")),
        perpetual=leg("binance", flow("0.003", "210", "0.105")),
    )
    failed = snapshot("failed1", state="failed", entry_reference=None)
    entries: list[Entry] = [
        ended_pair("old", START - timedelta(days=14), net_krw="-100", premium_krw="1900"),
        ended_pair("sun", SUNDAY_BEFORE, state="unwound", net_krw="-8", premium_krw="1992"),
        ended_pair("mon", MONDAY_BEFORE, funding_krw=None, net_krw="7700"),
        *closed_pair("p1"),
        pair_event("both_filled", "opening", held),
        pair_event("nothing_filled", "opening", failed),
        *denials(),
    ]
    clock = ManualClock()
    write_all(tmp_path / "journal", entries, clock)
    clock.move(hours=2)
    books = Warehouse(tmp_path / "w.duckdb", tmp_path / "journal", clock_now=clock.now)
    books.ingest()
    return books.report()


def test_a_closed_pair_shows_both_legs_and_its_result(report: Report) -> None:
    pair = next(pair for pair in report.ended_pairs if pair.pair_id == "p1")

    money = Decimal
    assert pair.spot == LegLine(
        "upbit",
        "KRW",
        entry=Trade("buy", money("0.01"), money(100_000_000), money(1_000_000), money(500)),
        exit=Trade("sell", money("0.01"), money(102_000_000), money(1_020_000), money(510)),
    )
    assert pair.perpetual == LegLine(
        "binance",
        "USDT",
        entry=Trade("sell", money("0.01"), money(70_000), money(700), money("0.35")),
        exit=Trade("buy", money("0.01"), money("70714.2"), money("707.142"), money("0.353571")),
    )
    assert pair.result == ResultParts(
        money(8000), money(10000), money(500), money(300), money(-2400), money(-400), 1
    )
    assert pair.entry_premium_pct == money("2.040816326530612244")
    assert (pair.signal_id, pair.state, pair.closed_at) == (
        "s-p1",
        "closed",
        START + timedelta(hours=1),
    )


def test_ended_pairs_come_newest_first_and_open_ones_apart(report: Report) -> None:
    assert [pair.pair_id for pair in report.ended_pairs if pair.state != "failed"] == [
        "p1",
        "mon",
        "sun",
        "old",
    ]
    (pair,) = report.open_pairs
    assert (pair.pair_id, pair.result, pair.closed_at) == ("open1", None, None)
    assert pair.spot.entry == Trade(
        "sell",
        Decimal("0.003"),
        Decimal("100000333.33333333"),
        Decimal(300_001),
        Decimal("150.0005"),
    )
    assert pair.perpetual.entry is not None
    assert pair.perpetual.entry.side == "buy"
    assert pair.perpetual.exit is None


def test_periods_sum_the_day_the_week_from_monday_and_everything(report: Report) -> None:
    def figures(period: Period) -> tuple[object, ...]:
        return (period.net_krw, period.pairs_closed, period.pairs_unwound, period.wins)

    assert figures(report.today) == (8000, 1, 0, 1)
    assert (report.week.first, report.week.last) == (date(2026, 3, 2), date(2026, 3, 4))
    assert figures(report.week) == (15700, 2, 0, 2)
    assert (report.week.funding_krw, report.week.funding_missing) == (Decimal(300), 1)
    assert figures(report.total) == (15592, 3, 1, 2)
    assert report.total.losses == 2


def test_denials_are_counted_by_reason_with_the_last_word(report: Report) -> None:
    shown = [(line.status, line.code, line.count, line.last_message) for line in report.denials]

    assert shown == [
        ("denied", "premium_too_high", 2, "3.3 % is above the limit of 3 %"),
        ("held", "not_in_profit", 1, "closing now would lose 1,200 KRW"),
    ]


def test_a_day_of_which_no_funding_is_known_says_missing(tmp_path: Path) -> None:
    clock = ManualClock()
    entry = ended_pair("p1", START, funding_krw=None, net_krw="7700", exit_premium_pct=None)
    write_all(tmp_path / "journal", [entry], clock)
    books = Warehouse(tmp_path / "w.duckdb", tmp_path / "journal", clock_now=clock.now)
    books.ingest()

    report = books.report()
    text = report_text(report)

    assert (report.today.funding_krw, report.today.funding_missing) == (None, 1)
    assert report.to_json()["today"]["funding_krw"] is None
    assert "funding missing" in text
    assert "at exit missing" in text


def test_the_unhedged_time_of_a_day_is_told_by_pair_and_by_repair(tmp_path: Path) -> None:
    clean = {"detected_at": None, "recovery_s": None, "attempts": 0}
    yesterday = {"ended_at": utc(START - timedelta(days=1))}
    naked = {"state": "naked", "recovery_s": None, "attempts": 7}
    entries = [
        exposure("p1-1", **clean, unhedged_krw_s="1000.000"),
        exposure("p1-2", **clean, unhedged_krw_s="2000.400"),
        exposure("p2-1", unhedged_krw_s="600000.000", recovery_s="1.000000", attempts=1),
        exposure("p3-1", unhedged_krw_s="4200000.000", recovery_s="7.500000", attempts=4),
        exposure("p4-1", **naked, unhedged_krw_s="9000000.000"),
        exposure("p5-1", unhedged_krw_s="77", **yesterday),
    ]
    books = Warehouse(tmp_path / "w.duckdb", tmp_path / "journal", clock_now=ManualClock().now)
    write_all(tmp_path / "journal", entries)
    books.ingest()

    report = books.report()

    money = Decimal
    assert report.unhedged == Unhedged(
        pairs=4,
        krw_s_p50=money(600_000),
        krw_s_p99=money(9_000_000),
        repaired=2,
        recovery_s_p50=money(1),
        recovery_s_p99=money("7.5"),
        attempts=12,
        naked=1,
    )
    assert report.to_json()["unhedged"]["krw_s_p50"] == "600000"
    lines = report_text(report).splitlines()
    assert [" ".join(line.split()) for line in lines if " × s" in line or "detection" in line] == [
        "KRW × s 600,000 9,000,000 4 pairs",
        "s from detection to hedged or flat 1.000 7.500 2 repaired, orders sent: 12, 1 naked",
    ]


def test_half_and_the_worst_hundredth_of_the_pairs_are_told(tmp_path: Path) -> None:
    entries = [
        exposure(f"p{number}-1", unhedged_krw_s=str(number), recovery_s=f"{number}.5")
        for number in range(1, 101)
    ]
    books = Warehouse(tmp_path / "w.duckdb", tmp_path / "journal", clock_now=ManualClock().now)
    write_all(tmp_path / "journal", entries)
    books.ingest()

    unhedged = books.report().unhedged

    assert (unhedged.krw_s_p50, unhedged.krw_s_p99) == (Decimal(50), Decimal(99))
    assert (unhedged.recovery_s_p50, unhedged.recovery_s_p99) == (Decimal("50.5"), Decimal("99.5"))


def test_a_naked_pair_that_is_repaired_is_told_as_repaired(tmp_path: Path) -> None:
    entries = [exposure("p1-1", state="naked", recovery_s=None), exposure("p1-1")]
    books = Warehouse(tmp_path / "w.duckdb", tmp_path / "journal", clock_now=ManualClock().now)
    write_all(tmp_path / "journal", entries)
    books.ingest()

    unhedged = books.report().unhedged

    assert (unhedged.pairs, unhedged.repaired, unhedged.naked) == (1, 1, 0)


def test_an_empty_book_reports_zeros_and_nothing_missing(tmp_path: Path) -> None:
    report = Warehouse(tmp_path / "w.duckdb", tmp_path / "journal").report()

    assert (report.total.net_krw, report.total.funding_krw, report.records) == (
        Decimal(0),
        Decimal(0),
        0,
    )
    assert (report.open_pairs, report.ended_pairs, report.denials) == ((), (), ())
    assert "missing" not in report_text(report)


def test_an_earlier_day_is_reported_as_of_that_day(tmp_path: Path) -> None:
    entries = [ended_pair("mon", MONDAY_BEFORE), ended_pair("wed", START)]
    write_all(tmp_path / "journal", entries)
    books = Warehouse(tmp_path / "w.duckdb", tmp_path / "journal")
    books.ingest()

    report = books.report(date(2026, 3, 2))

    assert [pair.pair_id for pair in report.ended_pairs] == ["mon"]
    sums = (report.today.net_krw, report.week.net_krw, report.total.net_krw)
    assert sums == (Decimal(8000),) * 3
    assert "2026-03-02" in report_text(report)
    assert "today" not in report_text(report)


def test_json_carries_decimals_as_plain_texts(report: Report) -> None:
    shown = json.loads(json.dumps(report.to_json()))

    pair = next(pair for pair in shown["ended_pairs"] if pair["pair_id"] == "p1")
    assert pair["perpetual"]["exit"]["fee"] == "0.353571"
    assert pair["closed_at"] == "2026-03-04T02:00:00Z"
    assert shown["day"] == "2026-03-04"
    assert shown["total"]["net_krw"] == "15592"
    assert shown["open_pairs"][0]["result"] is None


def test_the_text_fits_a_hundred_columns_and_lines_figures_up(report: Report) -> None:
    text = report_text(report)

    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert "  entry upbit    buy       0.01    100,000,000       500  KRW" in lines
    assert "  exit binance   buy       0.01       70,714.2  0.353571  USDT" in lines
    assert (
        "  result 8,000 KRW = premium 10,000, fx 500, funding 300, fees -2,400, slippage -400"
        in lines
    )
    starts = [line for line in lines if line.split(" ")[0] in ("today", "week", "total")]
    assert [line.split()[1] for line in starts] == ["8,000", "15,700", "15,592"]
    assert len({len(line) for line in starts}) == 1


def test_text_of_a_sender_is_shown_as_it_is_and_not_as_markup(tmp_path: Path) -> None:
    pair = snapshot("p1", state="hedged", strategy="[red]x[/nothing]", signal_id="[bold]")
    write_all(tmp_path / "journal", [pair_event("both_filled", "opening", pair)])
    books = Warehouse(tmp_path / "w.duckdb", tmp_path / "journal")
    books.ingest()

    assert "signal [bold], strategy [red]x[/nothing]" in report_text(books.report())


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("1234567.5", "1,234,568"), ("-0.4", "0"), ("-1234.6", "-1,235"), ("0", "0")],
)
def test_won_are_whole_with_thousands_separators(amount: str, shown: str) -> None:
    assert krw(Decimal(amount)) == shown
    assert krw(None) == "missing"
