"""What is kept of an executor that is missing: a file of KIMP_HOME, between two who look.

Its rows belong into the executor's stored list, and only an executor writes that: what happened
without one waits here until one lives.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ValidationError

log = logging.getLogger(__name__)


class Death(BaseModel, frozen=True):
    """One that people were told of and whose row is not written to its end."""

    since: AwareDatetime
    message: str
    over: AwareDatetime
    seen_by: str | None = None
    has_row: bool = False
    """Its row is begun; what is left to be written is its end."""


class Absence(BaseModel, frozen=True):
    """What the file holds."""

    since: AwareDatetime
    message: str | None = None
    """What people are told; None: nothing, it has ended in order."""
    told: tuple[str, ...] = ()
    """Channels that are to hear of its end."""
    over: AwareDatetime | None = None
    """When an executor was found to live again."""
    seen_by: str | None = None
    """Who has acknowledged it while there was no executor to ask."""
    seen_at: AwareDatetime | None = None
    is_stored: bool = False
    """Its death has its row, or waits for it among the earlier ones."""
    earlier: tuple[Death, ...] = ()
    """Deaths that no executor has lived long enough to store, oldest first."""

    def unstored(self) -> tuple[Death, ...]:
        """All that is over and has no whole row."""
        if self.message is None or self.over is None or self.is_stored:
            return self.earlier
        mine = Death(since=self.since, message=self.message, over=self.over, seen_by=self.seen_by)
        return (*self.earlier, mine)

    def storing(self, left: tuple[Death, ...]) -> Absence:
        """The same with ``left`` of what was :meth:`unstored`."""
        return self.model_copy(update={"is_stored": True, "earlier": left})


class AbsenceFile:
    """Of one KIMP_HOME."""

    def __init__(self, home: Path) -> None:
        self._file = home / "run" / "executor-absence.json"

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """False: another program is at it just now."""
        file = self._file.with_suffix(".lock")
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            is_mine = True
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                is_mine = False
            yield is_mine
        finally:
            os.close(lock)

    def now(self, at: datetime) -> Absence:
        """The absence that lasts, or one that begins."""
        known = self.read()
        if known is None:
            return Absence(since=at)
        if known.over is not None:
            return Absence(since=at, earlier=known.unstored())
        return known

    def read(self) -> Absence | None:
        try:
            return Absence.model_validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            log.error("%s cannot be read: %s", self._file, error)
            return None

    def keep(self, absence: Absence) -> None:
        """What cannot be kept is told once more at the next look."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = self._file.with_suffix(".new")
            fresh.write_text(absence.model_dump_json(), "utf-8")
            fresh.replace(self._file)
        except OSError as error:
            log.error("%s cannot be written: %s", self._file, error.strerror)

    def remove(self) -> None:
        self._file.unlink(missing_ok=True)
