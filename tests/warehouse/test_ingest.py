"""From the journal to the tables: each record once, whatever dies on the way."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.warehouse.books import TABLES, contents
from tests.warehouse.examples import (
    START,
    Entry,
    closed_pair,
    decided,
    ended_pair,
    fill,
    intended,
    order_outcome,
    premium,
    received,
    result,
)
from tests.warehouse.processes import start
from tests.warehouse.whole_journal import denials, everything, surroundings
from tests.warehouse.writing import ManualClock, write_all
from warehouse import (
    BadRecord,
    BooksError,
    BooksOutOfStep,
    JournalCorrupt,
    QueryFailed,
    RecordType,
    Warehouse,
    WarehouseBusy,
)
from warehouse.segment import segment_file


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def books_of(tmp_path: Path, name: str = "warehouse.duckdb", wait_s: float = 30) -> Warehouse:
    clock = ManualClock(START + timedelta(days=9))
    return Warehouse(tmp_path / name, tmp_path / "journal", clock_now=clock.now, wait_s=wait_s)


def test_every_table_has_rows_after_a_whole_journal(tmp_path: Path, journal: Path) -> None:
    written = write_all(journal, everything(2))
    books = books_of(tmp_path)

    ingested = books.ingest()
    books.rollup()

    assert ingested.records == written
    assert ingested.seconds > 0
    found = contents(books.file)
    assert [table for table in TABLES if not found[table]] == []
    shown = books.sql("SELECT table_name FROM information_schema.tables").rows
    assert {*TABLES, "schema_migrations", "passed_over"} == {name for (name,) in shown}


def test_ingesting_bit_by_bit_gives_what_ingesting_at_once_gives(
    tmp_path: Path, journal: Path
) -> None:
    bit_by_bit = books_of(tmp_path, "bits.duckdb")
    entries = [*everything(1), *closed_pair("p0"), *denials()]
    for first in range(0, len(entries), 5):
        written = write_all(journal, entries[first : first + 5])
        assert bit_by_bit.ingest().records == written
    assert bit_by_bit.ingest().records == 0

    at_once = books_of(tmp_path, "once.duckdb")
    at_once.ingest()

    assert contents(bit_by_bit.file) == contents(at_once.file)


def test_rebuilt_books_are_the_ingested_books(tmp_path: Path, journal: Path) -> None:
    write_all(journal, everything(3))
    books = books_of(tmp_path)
    books.ingest()
    write_all(journal, [*closed_pair("late", START + timedelta(days=2)), *surroundings()])
    books.ingest()
    books.rollup()
    before = contents(books.file)

    rebuilt = books.rebuild()

    assert contents(books.file) == before
    assert rebuilt.records == before["journal_position"][0][2]
    assert sorted(entry.name for entry in tmp_path.iterdir() if entry.is_file()) == [
        "warehouse.duckdb",
        "warehouse.duckdb.lock",
    ]


def test_books_that_cannot_be_read_name_the_way_out_and_it_works(
    tmp_path: Path, journal: Path
) -> None:
    write_all(journal, everything(1))
    books = books_of(tmp_path)
    books.file.write_bytes(b"no database" * 1000)

    with pytest.raises(BooksError, match="kimp warehouse rebuild"):
        books.ingest()
    books.rebuild()

    assert books.sql("SELECT count(*) FROM pairs").rows == ((2,),)


def test_a_failure_between_rows_and_commit_books_nothing(tmp_path: Path, journal: Path) -> None:
    write_all(journal, everything(1))
    books, reference = books_of(tmp_path), books_of(tmp_path, "reference.duckdb")
    books.ingest()
    before = contents(books.file)
    write_all(journal, everything(2))
    # The position is written after the rows; a view in its place can be read but not written.
    _execute(books.file, "ALTER TABLE journal_position RENAME TO hidden")
    _execute(books.file, "CREATE VIEW journal_position AS SELECT * FROM hidden")

    with pytest.raises(BadRecord, match="Can only update base table"):
        books.ingest()

    _execute(books.file, "DROP VIEW journal_position")
    _execute(books.file, "ALTER TABLE hidden RENAME TO journal_position")
    assert contents(books.file) == before
    books.ingest()
    reference.ingest()
    assert contents(books.file) == contents(reference.file)


def test_an_ingest_killed_at_any_time_is_made_good_by_the_next(
    tmp_path: Path, journal: Path
) -> None:
    write_all(journal, everything(60))
    killed, reference = books_of(tmp_path, "killed.duckdb"), books_of(tmp_path)
    for pause_ms in (0, 30, 90):
        ingester = start("tests.warehouse.ingester", killed.file, journal)
        assert ingester.stdout is not None
        ingester.stdout.readline()
        try:
            ingester.wait(pause_ms / 1000)
        except Exception:
            ingester.kill()
        ingester.communicate()

    killed.ingest()
    reference.ingest()

    assert contents(killed.file) == contents(reference.file)


def test_two_processes_ingest_at_once_and_each_record_is_booked_once(
    tmp_path: Path, journal: Path
) -> None:
    written = write_all(journal, everything(40))
    books = books_of(tmp_path)

    both = [start("tests.warehouse.ingester", books.file, journal) for _ in range(2)]
    reports = [books.report(), books.report()]
    counts = [int(process.communicate(timeout=60)[0].split()[1]) for process in both]

    assert sorted(counts) == [0, written]
    assert {report.records for report in reports} <= {0, written}
    assert books.sql("SELECT count(*) FROM premiums").rows == ((1,),)


def test_books_held_by_a_foreign_program_are_waited_for_and_then_named_busy(
    tmp_path: Path, journal: Path
) -> None:
    write_all(journal, everything(1))
    books = books_of(tmp_path, wait_s=0.1)
    books.ingest()
    holder = start("tests.warehouse.holder", books.file)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(WarehouseBusy, match=f"in use by process {holder.pid} .*run this again"):
            books.ingest()
    finally:
        holder.kill()
        holder.communicate()

    assert books.ingest().records == 0


def test_books_held_by_a_session_of_the_desk_are_busy(tmp_path: Path, journal: Path) -> None:
    books = books_of(tmp_path, wait_s=0.05)
    with books._duck.writing(), pytest.raises(WarehouseBusy, match="another process of the desk"):
        books.report()

    assert books.report().records == 0


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        (fill("t9", "c", "p", price="0.1234567890123456789"), "price has more than 18 decimals"),
        (fill("t9", "c", "p", fee="100000000000000000000"), "fee is too large"),
        (fill("t9", "c", "p", quantity="a lot"), "quantity is no decimal"),
        (ended_pair("p9", START, net_krw="NaN"), "net_krw is no decimal"),
        ((RecordType.FILL, {"venue": "upbit"}), "the field 'symbol' is missing"),
    ],
)
def test_a_value_that_does_not_fit_stops_the_books_before_it(
    tmp_path: Path, journal: Path, entry: Entry, field: str
) -> None:
    write_all(journal, [*everything(1), entry, premium()])
    books = books_of(tmp_path)
    bad = len(everything(1)) + 2

    for _ in range(2):
        with pytest.raises(BadRecord, match=f"record {bad} .*{field}"):
            books.ingest()

    assert books.sql("SELECT seq FROM journal_position").rows == ((bad - 1,),)
    found = contents(books.file)
    assert [row for row in found["fills"] if row[2] == "t9"] == []
    assert [row for row in found["pairs"] if row[0] == "p9"] == []


def test_damage_in_the_journal_stops_the_books_before_it(tmp_path: Path, journal: Path) -> None:
    write_all(journal, [premium() for _ in range(5)])
    file = segment_file(journal, 1)
    file.write_bytes(file.read_bytes().replace(b'"seq":4', b'"seq":5'))
    books = books_of(tmp_path)

    with pytest.raises(JournalCorrupt):
        books.ingest()

    assert books.sql("SELECT count(*) FROM premiums").rows == ((2,),)


def test_books_ahead_of_the_journal_ask_for_a_rebuild(tmp_path: Path, journal: Path) -> None:
    write_all(journal, everything(2))
    books = books_of(tmp_path)
    books.ingest()
    segment_file(journal, 1).unlink()
    (journal / "lease").unlink()
    write_all(journal, [premium()])

    with pytest.raises(BooksOutOfStep, match="rebuild"):
        books.ingest()
    books.rebuild()

    assert books.sql("SELECT count(*) FROM premiums").rows == ((1,),)


def test_books_of_a_newer_version_are_left_alone(tmp_path: Path, journal: Path) -> None:
    books = books_of(tmp_path)
    books.ingest()
    _execute(books.file, "INSERT INTO schema_migrations VALUES (99, 'later')")

    with pytest.raises(BooksOutOfStep, match="version 99"):
        books.ingest()


def test_a_second_record_of_a_fill_or_a_payment_changes_nothing(
    tmp_path: Path, journal: Path
) -> None:
    payment = surroundings()[3]
    other = (payment[0], {**payment[1], "amount": "9"})
    books = books_of(tmp_path)

    write_all(journal, [fill("t1", "c1", "p1"), payment, fill("t1", None, None, fee="7"), other])
    books.ingest()
    write_all(journal, [fill("t1", None, None, fee="8"), other])
    books.ingest()

    assert books.sql("SELECT client_order_id, fee FROM fills").rows == (("c1", Decimal(500)),)
    assert books.sql("SELECT amount FROM funding").rows == ((Decimal("-0.0712"),),)


@pytest.mark.parametrize("together", [True, False])
def test_the_last_word_on_an_order_holds(tmp_path: Path, journal: Path, together: bool) -> None:
    unknown: dict[str, Any] = {"outcome": "unknown", "final": False, "filled": None, "status": None}
    entries = [intended("c1", "p1"), order_outcome("c1", **unknown), order_outcome("c1")]
    books = books_of(tmp_path)

    for part in [entries] if together else [[entry] for entry in entries]:
        write_all(journal, part)
        books.ingest()

    rows = books.sql("SELECT side, quantity, outcome, final, filled FROM orders").rows
    assert rows == (("buy", Decimal("0.01"), "reported", True, Decimal("0.01")),)


@pytest.mark.parametrize("together", [True, False])
def test_a_denial_or_a_duplicate_never_covers_what_became_of_a_signal(
    tmp_path: Path, journal: Path, together: bool
) -> None:
    entries = [
        received("s1", quantity="1e400"),
        decided("s1", "denied", "bad_signature: the signature does not match"),
        received("s1"),
        decided("s1", "hedged", pair_id="p1"),
        decided("s1", "duplicate"),
        received("s1"),
        decided("s1", "denied", "bad_signature: the signature does not match"),
    ]
    books = books_of(tmp_path)

    for part in [entries] if together else [[entry] for entry in entries]:
        write_all(journal, part)
        books.ingest()

    rows = books.sql("SELECT status, pair_id, reason_code, quantity FROM signals").rows
    assert rows == (("hedged", "p1", None, "0.010"),)
    assert books.sql("SELECT code, count(*) FROM denials GROUP BY code").rows == (
        ("bad_signature", 2),
    )


@pytest.mark.parametrize("together", [True, False])
def test_a_corrected_result_replaces_the_first_and_says_so(
    tmp_path: Path, journal: Path, together: bool
) -> None:
    entries = [
        ended_pair("p1", START, funding_krw=None, net_krw="7700"),
        ended_pair("p2", START),
        ended_pair("p1", START),
    ]
    books = books_of(tmp_path)

    for part in [entries] if together else [[entry] for entry in entries]:
        write_all(journal, part)
        books.ingest()

    rows = books.sql("SELECT pair_id, net_krw, revision FROM pnl_pairs ORDER BY ALL").rows
    assert rows == (("p1", Decimal(8000), 2), ("p2", Decimal(8000), 1))
    assert result()["net_krw"] == "8000"


def test_a_record_type_of_a_later_version_is_passed_over(tmp_path: Path, journal: Path) -> None:
    write_all(journal, [("weather", {"rain": True}), premium()])  # type: ignore[list-item]
    books = books_of(tmp_path)

    assert books.ingest().records == 3
    assert books.sql("SELECT count(*) FROM premiums").rows == ((1,),)


def test_a_query_cannot_write_and_a_wrong_one_gets_one_sentence(tmp_path: Path) -> None:
    books = books_of(tmp_path)

    with pytest.raises(QueryFailed, match="read-only"):
        books.sql("DELETE FROM pairs")
    with pytest.raises(QueryFailed) as wrong:
        books.sql("SELECT nothing FROM nowhere")

    assert "nowhere" in str(wrong.value)
    assert "\n" not in str(wrong.value)


def test_a_query_gives_columns_and_rows(tmp_path: Path) -> None:
    answer = books_of(tmp_path).sql("SELECT 1 AS one, 'x' AS letter")

    assert (answer.columns, answer.rows) == (("one", "letter"), ((1, "x"),))


def test_old_rows_are_let_go_and_a_rebuild_brings_them_back(tmp_path: Path, journal: Path) -> None:
    clock = ManualClock()
    write_all(journal, surroundings(), clock)
    clock.move(days=8)
    write_all(journal, surroundings(), clock)
    books = books_of(tmp_path)
    books.ingest()
    balances = contents(books.file)["balances"]

    retained = books.retain(premium_days=7)

    assert (retained.premiums, retained.health) == (1, 0)
    found = contents(books.file)
    assert (len(found["premiums"]), len(found["health"])) == (1, 2)
    assert found["balances"] == balances
    assert books.retain(premium_days=7, health_days=7).health == 1
    books.rebuild()
    assert len(contents(books.file)["premiums"]) == 2


def _execute(file: Path, statement: str) -> None:
    with duckdb.connect(str(file)) as connection:
        connection.execute(statement)
