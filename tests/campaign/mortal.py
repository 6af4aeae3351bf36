"""A desk's process that can die between any two of its effects, as by SIGKILL.

What the world can see of a process is what it writes to its journal and what it sends to the
venues. So a death is placed by counting those effects: before one (it is not done) or after it (it
is done, and nothing of what follows, the reply included). From then on nothing of that process
writes or sends; what the venue is working on goes on there.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Generator, Mapping
from contextvars import Context, ContextVar, copy_context
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from exchanges.transport import Request, Response, Transport
from exchanges.web_socket import NO_HEADERS, Connection, Connector, NotConnected
from warehouse import Journal
from warehouse.records import RecordType
from warehouse.segment import segment_file

T = TypeVar("T")
Written = Callable[[RecordType, Mapping[str, Any]], None]
"""Hears of each record that is in a journal now."""

NOISE = frozenset({RecordType.PREMIUM, RecordType.FX_RATE, RecordType.BALANCE, RecordType.HEALTH})
"""Records that permit nothing: to die beside one of them is like dying beside the next."""

_OWNER: ContextVar[Process | None] = ContextVar("owner", default=None)


class Died(BaseException):
    """The process is gone: no handler of the desk sees this."""


class Process:
    """Everything that one life of a desk runs, writes and sends."""

    def __init__(self) -> None:
        self.is_dead = False
        self.effects = 0
        self._left: int | None = None
        self._torn: int | None = None
        self._tasks: list[asyncio.Task[Any]] = []
        self._outside = copy_context()
        self._inside = copy_context()
        self._inside.run(_OWNER.set, self)
        self._outside.run(_OWNER.set, None)

    def doom(self, effects: int, torn: int | None = None) -> None:
        """Die at the ``effects``-th effect from now; if that writes a record, leave only so many
        of its last bytes out (``torn``), as when the process dies in the middle of writing."""
        self._left, self._torn = effects, torn

    def spare(self) -> None:
        """Live on after all."""
        self._left = None

    @property
    def is_doomed(self) -> bool:
        return self._left is not None and not self.is_dead

    def kill(self) -> None:
        """Die now."""
        self.is_dead = True
        asyncio.get_running_loop().call_soon(self._end_all)

    def effect(self) -> None:
        """Something that can be seen from outside is about to be done, or has been. Raises Died."""
        if self.is_dead:
            raise Died
        self.effects += 1
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                self.kill()
                raise Died

    @property
    def torn(self) -> int | None:
        return self._torn

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run ``work`` as a part of this process."""
        return asyncio.get_running_loop().create_task(work, context=self._inside.copy())

    def outside(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run ``work`` where no death of this process reaches it."""
        task = asyncio.get_running_loop().create_task(work, context=self._outside.copy())
        task.add_done_callback(_seen)
        return task

    async def gone(self) -> None:
        """Return when nothing of it runs any more."""
        while running := [task for task in self._tasks if not task.done()]:
            await asyncio.wait(running)

    def own(self, task: asyncio.Task[Any]) -> None:
        self._tasks.append(task)

    def _end_all(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()


def owned_task(
    loop: asyncio.AbstractEventLoop,
    coroutine: Generator[Any, None, T] | Coroutine[Any, Any, T],
    *,
    context: Context | None = None,
) -> asyncio.Task[T]:
    """The loop's task factory: each task belongs to the process in which it was made."""
    task = asyncio.Task(coroutine, loop=loop, context=context)
    owner = _OWNER.get() if context is None else context.get(_OWNER)
    if owner is not None:
        owner.own(task)
    return task


class MortalJournal(Journal):
    """The journal of a process that may die before, in or after each record."""

    process: Process
    written: Written

    def write(self, record_type: RecordType, body: Mapping[str, Any]) -> int:
        if record_type in NOISE:
            if self.process.is_dead:
                raise Died
            return super().write(record_type, body)
        self.process.effect()
        start = self.position
        seq = super().write(record_type, body)
        self.written(record_type, body)
        try:
            self.process.effect()
        except Died:
            self._tear(start.offset)
            raise
        return seq

    def close(self) -> None:
        """A dead process's files are closed by the system: nothing more is put on the disk."""
        if not self.process.is_dead:
            super().close()
            return
        os.close(self._fd)
        self._lease.release()

    def _tear(self, start: int) -> None:
        end = self.position
        if self.process.torn is not None and end.offset > start:
            kept = max(start + 1, end.offset - self.process.torn)
            os.truncate(segment_file(self.folder, end.segment), kept)


def mortal_journal(
    process: Process, written: Written
) -> Callable[[Path, Callable[[], datetime]], Journal]:
    """How ``process`` opens its journal."""

    def opened(folder: Path, now: Callable[[], datetime]) -> Journal:
        MortalJournal.process = Process()  # whoever opens it lives until it is open
        MortalJournal.written = staticmethod(written)
        journal = MortalJournal.open(folder, now)
        assert isinstance(journal, MortalJournal)
        journal.process = process
        return journal

    return opened


class MortalTransport:
    """Requests of a process that may die before one leaves, or before its answer is read."""

    def __init__(
        self, wire: Transport, process: Process, places: Callable[[Request], bool]
    ) -> None:
        """``places``: is the request one that changes something at the venue?"""
        self._wire = wire
        self._process = process
        self._places = places

    async def send(self, request: Request, *, timeout_s: float) -> Response:
        if self._process.is_dead:
            raise Died
        counts = self._places(request)
        if counts:
            self._process.effect()
        sending = self._process.outside(self._wire.send(request, timeout_s=timeout_s))
        response = await asyncio.shield(sending)
        if counts:
            self._process.effect()
        return response

    async def aclose(self) -> None:
        """What the venue is still working on holds up no dead process."""
        closing = self._process.outside(self._wire.aclose())
        if not self._process.is_dead:
            await closing


class MortalConnector:
    """WebSockets of a process; they break when it dies."""

    def __init__(self, wire: Connector, process: Process, is_served: Callable[[str], bool]) -> None:
        """``is_served``: does the venue take a WebSocket to this address at all?"""
        self._wire = wire
        self._process = process
        self._is_served = is_served

    async def connect(
        self, url: str, *, headers: Mapping[str, str] = NO_HEADERS, timeout_s: float
    ) -> Connection:
        if self._process.is_dead:
            raise Died
        if not self._is_served(url):
            raise NotConnected("nobody listens")
        return await self._wire.connect(url, headers=headers, timeout_s=timeout_s)

    async def aclose(self) -> None:
        await self._wire.aclose()


def _seen(task: asyncio.Task[Any]) -> None:
    """A failure that nobody waits for any more is nobody's to handle."""
    if not task.cancelled():
        task.exception()
