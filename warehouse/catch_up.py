"""Books of an older version, brought up to date: record types that it passed over are read now.

A migration that adds tables for new record types says how far the books had come without them.
The next ingest reads the journal up to there once more, for these types only, so that upgraded
books hold what a rebuild would give.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb

from warehouse.projection import project
from warehouse.reader import read
from warehouse.stream import Staging

_PASSED_OVER: Final = "SELECT type, until_seq FROM passed_over"


def stage_passed_over(
    connection: duckdb.DuckDBPyConnection, journal_dir: Path, staging: Staging
) -> bool:
    """Stage the records of types that were passed over; False when there are no such types.

    In one go: it happens once an upgrade, and such records are rare. Raises BadRecord,
    JournalCorrupt.
    """
    until = dict(connection.execute(_PASSED_OVER).fetchall())
    if not until:
        return False
    last = max(until.values())
    for record in read(journal_dir):
        if record.seq > last:
            break
        if record.seq <= until.get(record.type, 0):
            project(record, staging)
    return True


def end_catching_up(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Inside the caller's transaction, with the staged rows: there is nothing passed over any
    more. Gives the pairs whose results the older version may have taken to hold."""
    connection.execute("DELETE FROM passed_over")
    rows = connection.execute("SELECT DISTINCT pair_id FROM pnl_reopenings").fetchall()
    return [pair_id for (pair_id,) in rows]
