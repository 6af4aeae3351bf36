"""Move the books on along the journal, each record exactly once.

A batch's rows and the position after them are committed together. A process
that dies anywhere before the commit has booked nothing of the batch; the next
ingest starts from the same position.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import duckdb

from warehouse.catch_up import end_catching_up, stage_passed_over
from warehouse.duck import Duck
from warehouse.errors import BadRecord, BooksOutOfStep, WarehouseError
from warehouse.pnl_history import book_results
from warehouse.projection import project
from warehouse.reader import read
from warehouse.record_line import Position
from warehouse.segment import segment_file
from warehouse.stream import Staging
from warehouse.tables import PNL_REOPENINGS, PNL_RESULTS

BATCH: Final = 50_000
"""Records a session: about a second, so that others get their turn during a long ingest."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What one ingest did."""

    records: int
    seconds: float


def ingest(duck: Duck, journal_dir: Path) -> Ingested:
    """Book all records that are complete by now.

    Raises:
        WarehouseBusy: another process held the books for too long.
        BadRecord, JournalCorrupt: everything before the bad place is booked.
        BooksOutOfStep: the journal does not reach as far as the books do.
    """
    started = time.perf_counter()
    total = 0
    while True:
        with duck.writing() as connection, _no_garbage_collection():
            records = _ingest_batch(connection, journal_dir)
        total += records
        if records < BATCH:
            return Ingested(total, time.perf_counter() - started)


def position(connection: duckdb.DuckDBPyConnection) -> Position:
    """How far the books have come."""
    row = connection.execute('SELECT segment, "offset", seq FROM journal_position').fetchone()
    if row is None:
        raise BooksOutOfStep(
            "The warehouse does not know how far it has read the journal: rebuild it with "
            "`kimp warehouse rebuild`."
        )
    return Position(*row)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """A batch makes a million objects without a cycle among them; looking for one among them all
    the time costs a fifth of the ingest."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _ingest_batch(connection: duckdb.DuckDBPyConnection, journal_dir: Path) -> int:
    begin = position(connection)
    _check_reaches(journal_dir, begin)
    staging = Staging()
    catches_up = stage_passed_over(connection, journal_dir, staging)
    end, records = begin, 0
    trouble: WarehouseError | None = None
    try:
        for record in islice(read(journal_dir, begin if begin.seq else None), BATCH):
            project(record, staging)
            end = record.position
            records += 1
    except WarehouseError as error:
        trouble = error
    if records or catches_up:
        _commit(connection, staging, begin, end, catches_up)
    if trouble is not None:
        raise trouble
    return records


def _commit(
    connection: duckdb.DuckDBPyConnection,
    staging: Staging,
    begin: Position,
    end: Position,
    catches_up: bool,
) -> None:
    connection.execute("BEGIN")
    try:
        staging.store(connection)
        pairs = {*staging.keys_of(PNL_RESULTS, "pair_id")}
        pairs.update(staging.keys_of(PNL_REOPENINGS, "pair_id"))
        if catches_up:
            pairs.update(end_catching_up(connection))
        book_results(connection, pairs)
        connection.execute(
            'UPDATE journal_position SET segment = ?, "offset" = ?, seq = ?',
            [end.segment, end.offset, end.seq],
        )
        connection.execute("COMMIT")
    except duckdb.Error as error:
        connection.execute("ROLLBACK")
        raise BadRecord(
            f"One of the journal records {begin.seq + 1} to {end.seq} cannot be booked: "
            f"{str(error).splitlines()[0]}."
        ) from error


def _check_reaches(journal_dir: Path, begin: Position) -> None:
    if begin.seq == 0:
        return
    file = segment_file(journal_dir, begin.segment)
    if not file.exists() or file.stat().st_size < begin.offset:
        raise BooksOutOfStep(
            f"The warehouse has read {file} up to byte {begin.offset}, which is not there: this is "
            "another journal, or a power cut took its end. Run `kimp warehouse rebuild`."
        )
