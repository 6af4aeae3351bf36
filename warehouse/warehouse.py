"""The books: a DuckDB file made from the journal, and everything that is asked of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from warehouse.duck import Duck
from warehouse.ingest import Ingested, ingest
from warehouse.query import QueryResult, query
from warehouse.report import Report
from warehouse.report_query import make_report
from warehouse.retention import Retained, retain
from warehouse.rollup import rollup

DEFAULT_WAIT_S: Final = 30.0


def _system_now() -> datetime:
    return datetime.now(UTC)


class Warehouse:
    """One warehouse file over one journal. Every method is a session of its own and blocks; from
    a coroutine call it with ``asyncio.to_thread``.

    All raise WarehouseBusy when another process holds the file for longer than ``wait_s``.
    """

    def __init__(
        self,
        file: Path,
        journal_dir: Path,
        *,
        clock_now: Callable[[], datetime] = _system_now,
        wait_s: float = DEFAULT_WAIT_S,
    ) -> None:
        self.file = file
        self.journal_dir = journal_dir
        self._clock_now = clock_now
        self._wait_s = wait_s
        self._duck = Duck(file, wait_s)

    def ingest(self) -> Ingested:
        """Book what the journal has gained. See :func:`warehouse.ingest.ingest`."""
        return ingest(self._duck, self.journal_dir)

    def rebuild(self) -> Ingested:
        """Make the books anew from the whole journal and put them in place of the old ones, which
        need not even be readable. If it fails, the old ones stay."""
        fresh = self.file.with_name(self.file.name + ".rebuild")
        with self._duck.alone():
            _remove(fresh)
            try:
                books = Warehouse(
                    fresh, self.journal_dir, clock_now=self._clock_now, wait_s=self._wait_s
                )
                ingested = books.ingest()
                books.rollup()
                # DuckDB would replay the old file's write-ahead log into the new file.
                _wal(self.file).unlink(missing_ok=True)
                fresh.replace(self.file)
            finally:
                _remove(fresh)
        return ingested

    def copy_to(self, target: Path) -> list[Path]:
        """The file as it is between two sessions that write; which files that made: its
        write-ahead log is one too, where there is one. Raises OSError."""
        with self._duck.reading():
            copied = []
            for source, copy in ((self.file, target), (_wal(self.file), _wal(target))):
                if source.exists():
                    shutil.copyfile(source, copy)
                    copied.append(copy)
            return copied

    def replace_by(self, staged: Path | None, kept: Path) -> None:
        """Move the file into the folder ``kept`` and put ``staged`` (with its log) in its place;
        None: there is none to put there, and a rebuild must follow. Raises OSError."""
        with self._duck.alone():
            for old in (self.file, _wal(self.file)):
                if old.exists():
                    old.replace(kept / old.name)
            if staged is not None:
                # The log first: without its file it is ignored, and the file without it is old.
                for new, place in ((_wal(staged), _wal(self.file)), (staged, self.file)):
                    if new.exists():
                        new.replace(place)

    def rollup(self, day: date | None = None) -> int:
        """Daily profit and loss from ``day`` on (None: all days); how many days were written."""
        with self._duck.writing() as connection:
            return rollup(connection, day, self._clock_now())

    def report(self, day: date | None = None, *, pairs: int = 20) -> Report:
        """The report as of ``day`` (Korean; None: today) with its last ``pairs`` ended pairs."""
        with self._duck.reading() as connection:
            return make_report(connection, self._clock_now(), day, pairs)

    def sql(self, text: str) -> QueryResult:
        """The answer to an operator's query, in a session that cannot write. Raises QueryFailed."""
        with self._duck.reading() as connection:
            return query(connection, text)

    def retain(
        self, *, premium_days: int | None = None, health_days: int | None = None
    ) -> Retained:
        """Delete old rows; see :mod:`warehouse.retention`."""
        with self._duck.writing() as connection:
            return retain(
                connection, self._clock_now(), premium_days=premium_days, health_days=health_days
            )


def _wal(file: Path) -> Path:
    return file.with_name(file.name + ".wal")


def _remove(file: Path) -> None:
    for leftover in (file, _wal(file), file.with_name(file.name + ".lock")):
        leftover.unlink(missing_ok=True)
