"""Short sessions with the DuckDB file, one process at a time.

DuckDB lets one process write a file, or several read it. Desk processes take
turns through a lock file of their own: a writer alone, readers together, and
whoever has to wait backs off and gives up after a bound. A foreign program
that has the file open shows up as DuckDB's own lock and is waited for alike.
"""

from __future__ import annotations

import fcntl
import os
import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb

from warehouse.errors import BooksError, WarehouseBusy
from warehouse.migration import applied_version, migrate, migrations

_FIRST_PAUSE_S: Final = 0.005
_LONGEST_PAUSE_S: Final = 0.2
_FOREIGN_LOCK: Final = "Could not set lock on file"


class Duck:
    """The way to one warehouse file. Holds nothing open between sessions."""

    def __init__(self, file: Path, wait_s: float) -> None:
        self.file = file
        self._wait_s = wait_s

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A session that may write, on a file that is there and of this version.

        Raises WarehouseBusy, BooksOutOfStep.
        """
        with self.alone() as deadline, self._connected(read_only=False, deadline=deadline) as open_:
            migrate(open_)
            yield open_

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A session that cannot write. Makes the file first if need be.

        Raises WarehouseBusy, BooksOutOfStep.
        """
        if not self._is_current():
            with self.writing():
                pass
        with (
            self._locked(fcntl.LOCK_SH) as deadline,
            self._connected(read_only=True, deadline=deadline) as open_,
        ):
            yield open_

    @contextmanager
    def alone(self) -> Iterator[float]:
        """No other desk process has a session meanwhile. Gives the time to stop waiting at."""
        with self._locked(fcntl.LOCK_EX) as deadline:
            yield deadline

    def _is_current(self) -> bool:
        if not self.file.exists():
            return False
        with (
            self._locked(fcntl.LOCK_SH) as deadline,
            self._connected(read_only=True, deadline=deadline) as open_,
        ):
            return applied_version(open_) == len(migrations())

    @contextmanager
    def _locked(self, kind: int) -> Iterator[float]:
        deadline = time.monotonic() + self._wait_s
        self.file.parent.mkdir(parents=True, exist_ok=True)
        lock_fd = os.open(
            self.file.with_name(self.file.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600
        )
        try:
            for pause in _pauses():
                try:
                    fcntl.flock(lock_fd, kind | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= deadline:
                        raise self._busy("another process of the desk") from None
                    time.sleep(pause)
            yield deadline
        finally:
            os.close(lock_fd)

    @contextmanager
    def _connected(
        self, *, read_only: bool, deadline: float
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        connection = self._connect(read_only, deadline)
        try:
            connection.execute("SET TimeZone = 'UTC'")
            yield connection
        finally:
            connection.close()

    def _connect(self, read_only: bool, deadline: float) -> duckdb.DuckDBPyConnection:
        for pause in _pauses():
            try:
                return duckdb.connect(str(self.file), read_only=read_only)
            except duckdb.IOException as error:
                if _FOREIGN_LOCK not in str(error):
                    raise self._unreadable(error) from error
                if time.monotonic() >= deadline:
                    holder = re.search(r"\(PID (\d+)\)", str(error))
                    raise self._busy(
                        f"process {holder[1]}" if holder else "another process"
                    ) from error
                time.sleep(pause)
            except duckdb.Error as error:
                raise self._unreadable(error) from error
        raise AssertionError("pauses never end")

    def _busy(self, holder: str) -> WarehouseBusy:
        return WarehouseBusy(
            f"The warehouse {self.file} is in use by {holder} for longer than {self._wait_s:g} s: "
            "close what has it open, then run this again."
        )

    def _unreadable(self, error: duckdb.Error) -> BooksError:
        return BooksError(
            f"The warehouse {self.file} cannot be opened ({str(error).splitlines()[0]}): "
            "rebuild it from the journal with `kimp warehouse rebuild`."
        )


def _pauses() -> Iterator[float]:
    """Doubling, bounded, and spread so that waiters do not meet again."""
    pause = _FIRST_PAUSE_S
    while True:
        yield pause * random.uniform(0.5, 1.0)
        pause = min(pause * 2, _LONGEST_PAUSE_S)
