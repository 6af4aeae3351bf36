"""A Prefect server whose troubles can be switched on and off: slow, locked, full, gone.

For benchmarks: the troubles are real (the database's own lock, writes that the system refuses, an
answer that takes two seconds), and only who asks through :attr:`TroubledPrefect.url` has them.
"""

from __future__ import annotations

import asyncio
import resource
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from enum import StrEnum
from pathlib import Path

from deployments.ports import HOST

SLOW_S = 2.0
LOCK_WAIT_S = 10.0
"""The server writes often; its lock is taken between two of its transactions."""
_BLOCK = 1 << 16


class Trouble(StrEnum):
    NONE = "none"
    SLOW = "2 s a call"
    LOCKED = "database locked"
    FULL = "disk full"
    GONE = "gone"


class TroubledPrefect:
    """A proxy on a free port before the server at ``port``, whose process is ``pid`` and whose
    SQLite file is ``database``."""

    def __init__(self, port: int, pid: int, database: Path) -> None:
        self._port = port
        self._pid = pid
        self._database = database
        self._trouble = Trouble.NONE
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.url = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, HOST, 0)
        self.url = f"http://{HOST}:{server.sockets[0].getsockname()[1]}"
        try:
            yield
        finally:
            server.close()
            await self._cut()

    @asynccontextmanager
    async def having(self, trouble: Trouble) -> AsyncIterator[None]:
        """``trouble`` lasts as long as the block."""
        self._trouble = trouble
        try:
            if trouble is Trouble.GONE:
                await self._cut()
                yield
            elif trouble is Trouble.LOCKED:
                with self._locked():
                    yield
            elif trouble is Trouble.FULL:
                with self._full():
                    yield
            else:
                yield
        finally:
            self._trouble = Trouble.NONE

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the one write lock that SQLite has."""
        holder = sqlite3.connect(self._database, timeout=LOCK_WAIT_S, isolation_level=None)
        try:
            holder.execute("BEGIN IMMEDIATE")
            yield
            holder.execute("ROLLBACK")
        finally:
            holder.close()

    @contextmanager
    def _full(self) -> Iterator[None]:
        """Let the system refuse the server every byte that it writes to a file."""
        before = resource.prlimit(self._pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, (1, before[1]))
        try:
            yield
        finally:
            resource.prlimit(self._pid, resource.RLIMIT_FSIZE, before)

    async def _serve(self, caller: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None  # a server's callback is a task
        self._connections[connection] = answer
        try:
            if self._trouble is not Trouble.GONE:
                await self._connect(caller, answer)
        except* OSError:
            pass  # one side has gone
        finally:
            del self._connections[connection]
            answer.close()

    async def _connect(self, caller: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        server, ask = await asyncio.open_connection(HOST, self._port)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass_on(caller, ask))
                both.create_task(self._pass_on(server, answer))
        finally:
            ask.close()

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while block := await source.read(_BLOCK):
            if self._trouble is Trouble.SLOW:
                await asyncio.sleep(SLOW_S / 2)  # once on the way there, once on the way back
            target.write(block)
            await target.drain()
        target.close()

    async def _cut(self) -> None:
        connections = dict(self._connections)
        for answer in connections.values():
            answer.transport.abort()
        if connections:
            await asyncio.wait(connections)
