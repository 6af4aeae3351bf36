"""Books of the version before, brought up to date in place."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.books import contents
from tests.warehouse.examples import START, ended_pair, premium
from tests.warehouse.mishaps import adoption, exposure, margin, reopened_pair
from tests.warehouse.whole_journal import everything
from tests.warehouse.writing import ManualClock, write_all
from warehouse import BadRecord, Warehouse
from warehouse.migration import applied_version, migrations

NEW = (
    *("exposures", "adoptions", "circuits", "margins", "pnl_reopenings"),
    *("alert_rows", "alert_deliveries"),
)


def books_of(folder: Path, name: str) -> Warehouse:
    clock = ManualClock(START + timedelta(days=9))
    return Warehouse(folder / name, folder / "journal", clock_now=clock.now)


def first_version_of(books: Warehouse) -> None:
    """Put in their place what version 1 made of the same journal: no table of later record types,
    and a reopened pair's first result, which it took to hold."""
    old = books.file.with_name("old.duckdb")
    with duckdb.connect(str(old)) as connection:
        connection.execute(migrations()[0].sql)
        connection.execute("CREATE TABLE schema_migrations (version INTEGER, name VARCHAR)")
        connection.execute("INSERT INTO schema_migrations VALUES (1, '0001_books.sql')")
        connection.execute("DELETE FROM journal_position")
        connection.execute(f"ATTACH '{books.file}' AS new (READ_ONLY)")
        own = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'old'"
        for (table,) in connection.execute(own).fetchall():
            if table != "schema_migrations":
                columns = "column_name FROM duckdb_columns() WHERE database_name = 'old'"
                known = connection.execute(f"SELECT {columns} AND table_name = '{table}'")
                names = ", ".join(f'"{name}"' for (name,) in known.fetchall())
                connection.execute(f"INSERT INTO {table} SELECT {names} FROM new.{table}")
        connection.execute("DELETE FROM pnl_pairs WHERE pair_id = 'reopened'")
        connection.execute(
            "INSERT INTO pnl_pairs BY NAME SELECT * EXCLUDE (seq, recorded_at), "
            "DATE '2026-03-04' AS day, 1 AS revision FROM pnl_results "
            "WHERE pair_id = 'reopened' ORDER BY seq LIMIT 1"
        )
    old.replace(books.file)


@pytest.fixture
def old(tmp_path: Path) -> Warehouse:
    """Books of version 1 over a journal that holds all record types of today."""
    write_all(tmp_path / "journal", everything(2))
    books = books_of(tmp_path, "old-books.duckdb")
    books.ingest()
    books.rollup()
    first_version_of(books)
    return books


def rebuilt(folder: Path) -> Warehouse:
    books = books_of(folder, "rebuilt.duckdb")
    books.rebuild()
    return books


def test_upgraded_books_are_the_rebuilt_books(tmp_path: Path, old: Warehouse) -> None:
    again = [exposure("p0-1", attempts=5), adoption("x1", detail="again"), margin(status="added")]
    write_all(tmp_path / "journal", [*again, adoption("x2"), ended_pair("p9", START), premium()])

    booked = old.ingest()
    old.rollup()

    found = contents(old.file)
    assert booked.records == 7  # with the lease
    assert [table for table in NEW if not found[table]] == []
    assert found == contents(rebuilt(tmp_path).file)
    assert old.sql("SELECT attempts FROM exposures WHERE exposure_id = 'p0-1'").rows == ((5,),)


def test_an_upgrade_without_news_from_the_journal_is_one_too(
    tmp_path: Path, old: Warehouse
) -> None:
    assert old.ingest().records == 0
    old.rollup()

    assert contents(old.file) == contents(rebuilt(tmp_path).file)
    assert old.sql("SELECT count(*) FROM passed_over").rows == ((0,),)


def test_a_reader_that_comes_first_upgrades_the_file(old: Warehouse) -> None:
    report = old.report()

    assert report.unhedged.pairs == 0
    with duckdb.connect(str(old.file), read_only=True) as connection:
        assert applied_version(connection) == len(migrations())


def test_what_was_passed_over_and_is_bad_stops_the_books_until_it_is_right(tmp_path: Path) -> None:
    write_all(tmp_path / "journal", [premium(), exposure("p1-1", unhedged_krw_s="a lot")])
    books = books_of(tmp_path, "books.duckdb")
    with pytest.raises(BadRecord):
        books.ingest()
    first_version_of(books)
    with duckdb.connect(str(books.file)) as connection:
        connection.execute("UPDATE journal_position SET seq = 3")

    with pytest.raises(BadRecord, match=r"record 3 .exposure. .*unhedged_krw_s is no decimal"):
        books.ingest()

    assert books.sql("SELECT count(*) FROM passed_over").rows == ((7,),)


def test_books_that_begin_with_this_version_have_passed_nothing_over(tmp_path: Path) -> None:
    write_all(tmp_path / "journal", reopened_pair("p1", START))
    books = books_of(tmp_path, "books.duckdb")
    books.report()

    assert books.sql("SELECT count(*) FROM passed_over").rows == ((0,),)
    books.ingest()
    assert len(contents(books.file)["exposures"]) == 1
