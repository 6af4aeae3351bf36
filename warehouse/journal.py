"""The writer of the journal: what the desk knows to have happened, one record a line.

``write()`` returns when the operating system has the bytes: they survive the
death of the process. A power cut may take the last few milliseconds (see
:mod:`warehouse.group_sync`); then the venues, which know our order ids, say
what happened.
"""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from warehouse.errors import (
    JournalCorrupt,
    JournalError,
    JournalFull,
    JournalUnwritable,
    LeaseLost,
)
from warehouse.lease import Lease, last_epoch
from warehouse.record_line import Position, Record, encode_line
from warehouse.records import RecordType
from warehouse.segment import Tail, read_segment, segment_file, segment_numbers, sync_folder

DEFAULT_SEGMENT_BYTES: Final = 64 << 20
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Journal:
    """The one writer. Opened with :meth:`open`; written to by one thread."""

    def __init__(
        self,
        folder: Path,
        clock_now: Callable[[], datetime],
        lease: Lease,
        end: Position,
        torn_tail: Tail | None,
        segment_bytes: int,
    ) -> None:
        self.folder = folder
        self.torn_tail = torn_tail
        """What was cut off the end at opening; None in the ordinary case."""
        self._clock_now = clock_now
        self._lease = lease
        self._segment_bytes = segment_bytes
        self._segment, self._offset, self._seq = end.segment, end.offset, end.seq
        self._failure: JournalError | None = None
        self._closed = False
        # Keeps the background's fdatasync and a change of segment apart.
        self._file_lock = threading.Lock()
        self._fd = self._open_segment(end.segment)

    @classmethod
    def open(
        cls,
        folder: Path,
        clock_now: Callable[[], datetime],
        *,
        after: Record | None = None,
        segment_bytes: int = DEFAULT_SEGMENT_BYTES,
    ) -> Journal:
        """Take the lease, cut a torn tail, write ``lease_taken``.

        The last segment is verified here; the ones before are verified by whoever reads them.

        Args:
            clock_now: the wall clock, aware UTC.
            after: the last record that was read and verified already; only what follows is then
                looked at.
            segment_bytes: a segment that has reached this size is followed by a new one.

        Raises:
            JournalLocked: another process writes this journal.
            JournalCorrupt: damage that is no torn tail.
            JournalUnwritable: not even the first record could be written.
        """
        if clock_now().utcoffset() != timedelta(0):
            raise ValueError("clock_now must give aware UTC times")
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock_fd = Lease.lock(folder)
        except OSError as error:
            raise _refusal(folder, error) from error
        try:
            end, epoch, torn_tail = _find_end(folder, after)
            if epoch == 0:
                _check_is_new(folder)
            if torn_tail is not None:
                os.truncate(torn_tail.file, torn_tail.offset)
            lease = Lease.take(folder, lock_fd, epoch)
            journal = cls(folder, clock_now, lease, end, torn_tail, segment_bytes)
            journal.write(RecordType.LEASE_TAKEN, {"pid": lease.pid, "host": lease.host})
        except OSError as error:
            os.close(lock_fd)
            raise _refusal(folder, error) from error
        except BaseException:
            os.close(lock_fd)
            raise
        return journal

    @property
    def epoch(self) -> int:
        return self._lease.epoch

    @property
    def position(self) -> Position:
        """Right after the last record written."""
        return Position(self._segment, self._offset, self._seq)

    def check_lease(self) -> None:
        """That nobody else has become the writer. Raises LeaseLost."""
        if self._closed:
            raise LeaseLost(f"The lease of epoch {self.epoch} was given back.")
        self._lease.check()

    def write(self, record_type: RecordType, body: Mapping[str, Any]) -> int:
        """Append one record; its sequence number. ``body`` as in :mod:`warehouse.records`.

        Raises:
            LeaseLost: another writer has taken over; nothing was written.
            JournalFull: no room; nothing was written, the next write may succeed.
            JournalUnwritable: the journal failed (now or in the background) and stays failed.
            TypeError: ``body`` is not JSON.
        """
        if self._failure is not None:
            raise self._failure
        self._lease.check()
        if self._offset >= self._segment_bytes:
            self._next_segment()
        seq = self._seq + 1
        line = encode_line(seq, self._clock_now(), self._lease.epoch, record_type, body)
        if os.lseek(self._fd, 0, os.SEEK_END) != self._offset:
            raise LeaseLost(
                f"{self._file} has changed under its writer: byte {self._offset} was its end."
            )
        try:
            written = os.write(self._fd, line)
            while written < len(line):  # A full disk takes what fits before it says no.
                written += os.write(self._fd, line[written:])
        except OSError as error:
            self._give_up(error)
        self._offset += len(line)
        self._seq = seq
        return seq

    async def sync(self) -> None:
        """Return when all records written so far are on the disk.

        Raises JournalUnwritable or LeaseLost when that cannot be said.
        """
        await asyncio.to_thread(self.sync_now)
        if self._failure is not None:
            raise self._failure

    def sync_now(self) -> None:
        """fdatasync, from any thread. A failure is kept and refuses every later write, because
        the system may then have dropped records that it had taken."""
        try:
            self._lease.check_file()
            with self._file_lock:
                os.fdatasync(self._fd)
        except OSError as error:
            self._failure = JournalUnwritable(
                f"{self._file} could not be synced to disk: {error.strerror}."
            )
        except LeaseLost as error:
            self._failure = error

    def close(self) -> None:
        """Sync, close and give the lease back; later writes are refused. May be called again."""
        if self._closed:
            return
        self._closed = True
        self.sync_now()
        self._failure = LeaseLost(f"The lease of epoch {self.epoch} was given back.")
        os.close(self._fd)
        self._lease.release()

    @property
    def _file(self) -> Path:
        return segment_file(self.folder, self._segment)

    def _open_segment(self, number: int) -> int:
        fd = os.open(segment_file(self.folder, number), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        sync_folder(self.folder)
        return fd

    def _next_segment(self) -> None:
        try:
            fd = self._open_segment(self._segment + 1)
        except OSError as error:
            raise _refusal(segment_file(self.folder, self._segment + 1), error) from error
        self.sync_now()
        with self._file_lock:
            os.close(self._fd)
            self._fd, self._segment, self._offset = fd, self._segment + 1, 0

    def _give_up(self, error: OSError) -> None:
        """Remove what was written of a line, so that the journal stays valid, and raise."""
        try:
            os.ftruncate(self._fd, self._offset)
        except OSError as second:
            self._failure = JournalUnwritable(
                f"{self._file} ends with half a record: {second.strerror}."
            )
        raise _refusal(self._file, error) from error


def _refusal(file: Path, error: OSError) -> JournalUnwritable:
    sentence = f"A record could not be written to {file}: {error.strerror}."
    if error.errno in _NO_ROOM:
        return JournalFull(f"{sentence} Make room there: nothing is sent until it can be written.")
    return JournalUnwritable(sentence)


def _check_is_new(folder: Path) -> None:
    """Of a journal without a record. A crash before the first one leaves epoch 1 behind; a higher
    one tells that there was a journal. Raises JournalCorrupt."""
    epoch = last_epoch(folder)
    if epoch > 1:
        problem = (
            f"there is no record, although the lease names epoch {epoch} (if no desk has ever "
            f"traded here, delete {folder / 'lease'})"
        )
        raise JournalCorrupt(segment_file(folder, 1), 0, problem)


def _find_end(folder: Path, after: Record | None) -> tuple[Position, int, Tail | None]:
    """Where the journal ends, the epoch of its last record (0: none), and a tail to be cut. Of the
    records up to ``after`` nothing is read."""
    numbers = segment_numbers(folder)
    last: Record | None = None
    tail: Tail | None = None
    # A crash right after a change of segment leaves an empty last one: then the end of the
    # journal's history is in the one before.
    for number in reversed(numbers):
        known = after if after is not None and after.position.segment == number else None
        last = known or last
        for item in read_segment(folder, number, known.position.offset if known else 0):
            if isinstance(item, Tail):
                if number != numbers[-1]:
                    raise JournalCorrupt(item.file, item.offset, item.problem)
                tail = item
                continue
            if last is not None and last.position.segment == number and item.seq != last.seq + 1:
                raise JournalCorrupt(
                    segment_file(folder, number),
                    last.position.offset,
                    f"record {item.seq} follows record {last.seq}",
                )
            last = item
        if last is not None:
            break
    if not numbers:
        return Position(1, 0), 0, None
    if last is None:
        return Position(numbers[-1], 0), 0, tail
    if last.position.segment == numbers[-1]:
        return last.position, last.epoch, tail
    return Position(numbers[-1], 0, last.seq), last.epoch, tail
