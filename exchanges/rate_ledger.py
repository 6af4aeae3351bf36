"""Where the use of rate limits is written down: in this process, or in a file for all of them.

Venues count by account and by address, so every process of one desk draws on
the same limits. They share a small file of fixed size, mapped into memory and
locked for the microseconds of one booking. Its times are the machine's
monotonic clock, which all its processes read alike and which begins anew with
the machine: so does the file.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Protocol

from exchanges.rate_window import FINEST, RatePool, RateWindow

_HEAD = struct.Struct("<di")
"""``blocked_until``, number of uses."""
_USE = struct.Struct("<di")
"""Time, units."""
_ROOM = FINEST + 2
"""Uses per pool: a window touches one slot more than it has."""
_POOL_BYTES = _HEAD.size + _ROOM * _USE.size

_LONGEST_LOCK_S = 0.25
"""A process that was stopped while it held the lock must not keep orders waiting for ever: after
this, which is much longer than a busy machine keeps a process off its core, the ledger is used
without it, at the risk of miscounting by one request."""
_LOCK_PAUSE_S = 0.000_1


class RateLedger(Protocol):
    def open(self) -> AbstractContextManager[Mapping[str, RateWindow]]:
        """The windows by pool name, to be read and changed by nobody else meanwhile."""
        ...

    def close(self) -> None:
        """What is still on its way is counted no more. Harmless when done twice."""
        ...


class MemoryRateLedger:
    """For one process, on any clock."""

    def __init__(self, pools: Sequence[RatePool]) -> None:
        windows: Mapping[str, RateWindow] = {pool.name: RateWindow(pool) for pool in pools}
        self._opened = nullcontext(windows)

    def open(self) -> AbstractContextManager[Mapping[str, RateWindow]]:
        return self._opened

    def close(self) -> None:
        """Nothing to close."""


class FileRateLedger:
    """For every process of a desk, on the machine's clock."""

    def __init__(self, pools: Sequence[RatePool], file: Path) -> None:
        """``file`` is made when it is missing; limits that have changed start a new one beside it.

        Raises OSError.
        """
        self._pools = tuple(pools)
        table = ";".join(f"{p.name},{p.limit},{p.interval_s},{p.reserve}" for p in pools)
        mark = zlib.crc32(f"{_boot()};{table}".encode())
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        size = len(self._pools) * _POOL_BYTES
        self._fd = os.open(
            file.with_name(f"{file.name}-{mark:08x}"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            # Zeros: no uses, and blocked until the machine began. The room is taken now, because a
            # disk that is full when the map is written to would end the process.
            os.posix_fallocate(self._fd, 0, size)
            self._map = mmap.mmap(self._fd, size)
        except OSError:
            os.close(self._fd)
            raise
        self._is_closed = False

    @contextmanager
    def open(self) -> Iterator[Mapping[str, RateWindow]]:
        if self._is_closed:
            yield {pool.name: RateWindow(pool) for pool in self._pools}
            return
        locked = self._lock()
        try:
            windows = {pool.name: self._read(n, pool) for n, pool in enumerate(self._pools)}
            yield windows
            for number, pool in enumerate(self._pools):
                self._write(number, windows[pool.name])
        finally:
            if locked:
                fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._map.close()
            os.close(self._fd)

    def _lock(self) -> bool:
        give_up = time.monotonic() + _LONGEST_LOCK_S
        while True:
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > give_up:
                    return False
                time.sleep(_LOCK_PAUSE_S)  # lets the holder have the core
            else:
                return True

    def _read(self, number: int, pool: RatePool) -> RateWindow:
        start = number * _POOL_BYTES
        blocked_until, count = _HEAD.unpack_from(self._map, start)
        count = min(max(count, 0), _ROOM)
        first = start + _HEAD.size
        raw = self._map[first : first + count * _USE.size]
        return RateWindow(pool, blocked_until, list(_USE.iter_unpack(raw)))

    def _write(self, number: int, window: RateWindow) -> None:
        start = number * _POOL_BYTES
        uses = window.uses[-_ROOM:]
        first = start + _HEAD.size
        self._map[first : first + len(uses) * _USE.size] = b"".join(
            _USE.pack(at, units) for at, units in uses
        )
        _HEAD.pack_into(self._map, start, window.blocked_until, len(uses))


def _boot() -> str:
    """What tells one run of the machine from the next; empty where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""
