"""The journal (truth) and the books made from it (a projection in DuckDB)."""

from warehouse.errors import (
    BadRecord,
    BooksError,
    BooksOutOfStep,
    JournalCorrupt,
    JournalError,
    JournalFull,
    JournalLocked,
    JournalUnwritable,
    LeaseLost,
    QueryFailed,
    WarehouseBusy,
    WarehouseError,
)
from warehouse.group_sync import GroupSync
from warehouse.ingest import Ingested
from warehouse.journal import Journal
from warehouse.query import QueryResult
from warehouse.reader import last, read
from warehouse.record_line import Position, Record
from warehouse.records import RecordType
from warehouse.report import Report
from warehouse.report_text import render_report
from warehouse.retention import Retained
from warehouse.warehouse import Warehouse

__all__ = [
    "BadRecord",
    "BooksError",
    "BooksOutOfStep",
    "GroupSync",
    "Ingested",
    "Journal",
    "JournalCorrupt",
    "JournalError",
    "JournalFull",
    "JournalLocked",
    "JournalUnwritable",
    "LeaseLost",
    "Position",
    "QueryFailed",
    "QueryResult",
    "Record",
    "RecordType",
    "Report",
    "Retained",
    "Warehouse",
    "WarehouseBusy",
    "WarehouseError",
    "last",
    "read",
    "render_report",
]
