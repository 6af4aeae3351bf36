"""Which decisions of the fast door Prefect has not been told of: the journal says, and a small file
says up to where that was done.

The file lies beside Prefect's own state and goes with it. Without one (a first start, a new
Prefect) only what was decided within the last day is told: nobody looks for older runs.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from exchanges.clock import Clock
from tasks.signal import Signal, parse_signal
from tasks.venue_keys.private_files import private_folder, replace_private
from warehouse import JournalCorrupt, Position, Record, RecordType, read

log = logging.getLogger(__name__)

FAST = "fast"
LONGEST_AGO = timedelta(days=1)
SLICE = 200
"""Records that are read in one go."""
SLICE_PAUSE_S = 0.02
"""The desk's loop shares the interpreter with whoever reads: between two slices it is free."""
SAVED_EVERY = 10_000
"""Records that a next start may have to read again although they hold nothing to tell."""


class UntoldDecisions:
    """Ask for :meth:`next`, tell it, say so with :meth:`told`; for ever, over restarts too."""

    def __init__(self, journal_dir: Path, file: Path, clock: Clock) -> None:
        self._journal_dir = journal_dir
        self._file = file
        self._since: datetime | None = None
        self._position: Position | None = None
        self._saved_seq = 0
        self._received: dict[str, dict[str, Any]] = {}
        """Signals of the fast door that are not decided, or decided and not told."""
        self._found: Record | None = None
        self._clock = clock
        self._restore()

    async def next(self) -> Signal | None:
        """The oldest decision that is not told; None: there is none by now.

        Raises:
            JournalCorrupt: the journal cannot be read.
        """
        if self._found is None:
            try:
                await self._find()
            except JournalCorrupt as error:
                if self._position is None:
                    raise
                log.error("the journal is not the one that was told of before: %s", error)
                self._forget()
                await self._find()
        return None if self._found is None else self._signal_of(self._found)

    def told(self) -> None:
        """What :meth:`next` gave has been told."""
        if self._found is None:
            raise RuntimeError("nothing was asked for")
        self._received.pop(_decided_id(self._found), None)
        self._position, self._found = self._found.position, None
        self._save()

    async def _find(self) -> None:
        for number, record in enumerate(read(self._journal_dir, self._position), start=1):
            if number % SLICE == 0:
                await asyncio.sleep(SLICE_PAUSE_S)
            if record.type == RecordType.SIGNAL_RECEIVED and record.body["door"] == FAST:
                self._received[record.body["signal"]["id"]] = record.body["signal"]
            elif record.type == RecordType.SIGNAL_DECIDED and record.body["binding"]:
                if self._is_to_be_told(record):
                    self._found = record
                    return
                self._received.pop(_decided_id(record), None)
            self._position = record.position
            if record.seq - self._saved_seq >= SAVED_EVERY:
                self._save()

    def _is_to_be_told(self, record: Record) -> bool:
        if _decided_id(record) not in self._received:
            return False  # of another door
        return self._since is None or record.at >= self._since

    def _signal_of(self, record: Record) -> Signal:
        return parse_signal(self._received[_decided_id(record)])

    def _forget(self) -> None:
        self._position, self._received = None, {}
        self._since = self._clock.now() - LONGEST_AGO

    def _restore(self) -> None:
        try:
            saved = orjson.loads(self._file.read_bytes())
            self._position = Position(*saved["position"])
            self._received = dict(saved["received"])
        except FileNotFoundError:
            self._forget()
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.error("%s cannot be read (%s); the last day is told again", self._file, error)
            self._forget()
        else:
            self._saved_seq = self._position.seq

    def _save(self) -> None:
        """What cannot be saved is told again after a restart, and Prefect knows it by its id."""
        assert self._position is not None  # there was a record
        self._saved_seq = self._position.seq
        body = {"position": list(self._position), "received": self._received}
        try:
            private_folder(self._file.parent)
            replace_private(self._file, orjson.dumps(body))
        except OSError as error:
            log.error("%s cannot be written: %s", self._file, error.strerror)


def _decided_id(record: Record) -> str:
    return str(record.body["outcome"]["signal_id"])
