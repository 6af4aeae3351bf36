"""The right to write a journal: one process at a time, each with a higher epoch.

Two things hold it. The operating system's exclusive lock on ``lock`` ends
with the process, however it ends. The text in ``lease`` names the epoch and
its holder, is overwritten in place by the next holder, and is compared
before every write, so a writer that was replaced in spite of the lock (the
lock file deleted, a file system that forgets locks) finds out and stops.
"""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path
from typing import Any, Final

import orjson

from warehouse.errors import JournalLocked, LeaseLost

_SIZE: Final = 256


class Lease:
    """A held lease. Taken with :meth:`take`, given back with :meth:`release`."""

    __slots__ = ("_file", "_lease_fd", "_lock_fd", "_text", "epoch", "host", "pid")

    def __init__(self, folder: Path, lock_fd: int, lease_fd: int, last_epoch: int) -> None:
        self.epoch = max(last_epoch, int(_read(lease_fd).get("epoch", 0))) + 1
        self.pid = os.getpid()
        self.host = socket.gethostname()[:100]
        self._file = folder / "lease"
        self._lock_fd = lock_fd
        self._lease_fd = lease_fd
        text = orjson.dumps({"epoch": self.epoch, "pid": self.pid, "host": self.host})
        # A fixed size overwrites the former text whole, in one write.
        self._text = text.ljust(_SIZE - 1) + b"\n"
        os.pwrite(lease_fd, self._text, 0)
        os.fsync(lease_fd)

    @classmethod
    def lock(cls, folder: Path) -> int:
        """Take the operating system's lock; its file descriptor. Raises JournalLocked."""
        lock_fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock_fd)
            raise JournalLocked(folder, holder(folder)) from None
        return lock_fd

    @classmethod
    def take(cls, folder: Path, lock_fd: int, last_epoch: int) -> Lease:
        """Become the holder under a lock that :meth:`lock` gave. ``last_epoch``: the highest one
        in the journal, so that a lost lease file does not make epochs fall."""
        lease_fd = os.open(folder / "lease", os.O_RDWR | os.O_CREAT, 0o600)
        return cls(folder, lock_fd, lease_fd, last_epoch)

    def check(self) -> None:
        """Half a microsecond, before every write. Raises LeaseLost."""
        if os.pread(self._lease_fd, _SIZE, 0) != self._text:
            raise LeaseLost(
                f"Epoch {self.epoch} of the journal has ended: its lease {self._file} now reads "
                f"{_read(self._lease_fd) or 'nothing'}."
            )

    def check_file(self) -> None:
        """That the lease file is still the one under its name. Raises LeaseLost.

        Dearer than :meth:`check` and therefore left to the background: it notices a journal
        folder that was deleted or replaced under a running desk.
        """
        try:
            found = os.stat(self._file)
        except OSError as error:
            raise LeaseLost(f"The lease {self._file} is gone: {error.strerror}.") from error
        if not os.path.samestat(found, os.fstat(self._lease_fd)):
            raise LeaseLost(f"The lease {self._file} was replaced by another file.")

    def release(self) -> None:
        os.close(self._lease_fd)
        os.close(self._lock_fd)


def holder(folder: Path) -> int | None:
    """The process id that the lease file names, or None."""
    return _number(folder, "pid")


def last_epoch(folder: Path) -> int:
    """The epoch that the lease file names; 0: none."""
    return _number(folder, "epoch") or 0


def _number(folder: Path, name: str) -> int | None:
    try:
        lease_fd = os.open(folder / "lease", os.O_RDONLY)
    except OSError:
        return None
    try:
        number = _read(lease_fd).get(name)
    finally:
        os.close(lease_fd)
    return number if isinstance(number, int) else None


def _read(lease_fd: int) -> dict[str, Any]:
    """The lease text; empty when there is none yet or it cannot be understood."""
    try:
        fields = orjson.loads(os.pread(lease_fd, _SIZE, 0))
    except orjson.JSONDecodeError:
        return {}
    return fields if isinstance(fields, dict) else {}
