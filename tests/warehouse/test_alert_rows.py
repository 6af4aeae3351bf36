"""Alerts in the books: one row a trouble, who has seen it, where it was told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.warehouse.examples import START
from tests.warehouse.whole_journal import alerts_of_an_outage
from tests.warehouse.writing import ManualClock, write_all
from warehouse import Warehouse
from warehouse.records import RecordType


def books_of(folder: Path) -> Warehouse:
    clock = ManualClock(START + timedelta(days=1))
    return Warehouse(folder / "books.duckdb", folder / "journal", clock_now=clock.now)


def test_the_alerts_of_one_trouble_are_one_row_from_its_beginning_to_its_end(
    tmp_path: Path,
) -> None:
    write_all(tmp_path / "journal", alerts_of_an_outage())
    books = books_of(tmp_path)

    books.ingest()

    rows = books.sql(
        "SELECT row_id, level, message, alerts, opened_at < last_at, recovered_at = last_at, "
        "acknowledged_by FROM alert_rows"
    ).rows
    assert rows == (("a2", "critical", "number 4", 3, True, True, "Kim"),)
    assert books.sql("SELECT alert_id, row_id FROM alerts ORDER BY 1").rows == (
        ("a2", "a2"),
        ("a3", "a2"),
        ("a4", "a2"),
    )


def test_a_row_that_was_booked_before_is_moved_on(tmp_path: Path) -> None:
    *earlier, back, told = alerts_of_an_outage()
    write_all(tmp_path / "journal", earlier)
    books = books_of(tmp_path)
    books.ingest()
    assert books.sql("SELECT alerts, recovered_at FROM alert_rows").rows == ((2, None),)

    write_all(tmp_path / "journal", [back, told])
    books.ingest()

    assert books.sql(
        "SELECT alerts, acknowledged_by, recovered_at IS NULL FROM alert_rows"
    ).rows == ((3, "Kim", False),)
    delivered = "SELECT channel, how, alerts, attempts FROM alert_deliveries"
    assert books.sql(delivered).rows == (("slack", "sent", 3, 3),)


def test_an_alert_of_an_older_version_is_a_row_of_its_own(tmp_path: Path) -> None:
    old = {"alert_id": "0d1f", "type": "ONE_LEG", "level": "critical", "message": "m"}
    write_all(tmp_path / "journal", [(RecordType.ALERT, {**old, "pair_id": "p1"})])
    books = books_of(tmp_path)

    books.ingest()

    rows = books.sql("SELECT row_id, pair_id, alerts, recovered_at FROM alert_rows").rows
    assert rows == (("0d1f", "p1", 1, None),)
