"""WebSockets that are shaken: frames come late, connections break."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping

from exchanges.clock import Clock
from exchanges.web_socket import NO_HEADERS, Connection, Connector, Disconnected, Frame

LATE_SHARE = 0.05
LATEST_S = 0.4


class ShakenConnector:
    """A connector whose frames may come up to :data:`LATEST_S` late, in their order."""

    def __init__(self, inner: Connector, clock: Clock, chance: random.Random) -> None:
        self._inner = inner
        self._clock = clock
        self._chance = chance
        self._open: set[_ShakenConnection] = set()

    async def connect(
        self, url: str, *, headers: Mapping[str, str] = NO_HEADERS, timeout_s: float
    ) -> Connection:
        inner = await self._inner.connect(url, headers=headers, timeout_s=timeout_s)
        connection = _ShakenConnection(inner, self, self._clock)
        self._open.add(connection)
        return connection

    def cut(self) -> int:
        """Break every connection; how many there were."""
        for connection in self._open:
            connection.cut()
        return len(self._open)

    async def aclose(self) -> None:
        for connection in tuple(self._open):
            await connection.aclose()
        await self._inner.aclose()

    def lateness_s(self) -> float:
        if self._chance.random() >= LATE_SHARE:
            return 0
        return self._chance.uniform(0, LATEST_S)

    def forget(self, connection: _ShakenConnection) -> None:
        self._open.discard(connection)


class _ShakenConnection:
    def __init__(self, inner: Connection, connector: ShakenConnector, clock: Clock) -> None:
        self._inner = inner
        self._connector = connector
        self._clock = clock
        self._arrived: asyncio.Queue[tuple[float, Frame | Disconnected]] = asyncio.Queue()
        self._next: tuple[float, Frame | Disconnected] | None = None
        self._pump = asyncio.create_task(self._read())

    async def _read(self) -> None:
        due = 0.0
        while True:
            try:
                frame = await self._inner.receive()
            except Disconnected as end:
                self._arrived.put_nowait((due, end))
                return
            due = max(due, self._clock.monotonic() + self._connector.lateness_s())
            self._arrived.put_nowait((due, frame))

    async def send(self, frame: Frame) -> None:
        await self._inner.send(frame)

    async def receive(self) -> Frame:
        if self._next is None:
            self._next = await self._arrived.get()
        due, frame = self._next
        if (late_s := due - self._clock.monotonic()) > 0:
            await asyncio.sleep(late_s)
        if isinstance(frame, Disconnected):
            raise frame
        self._next = None
        return frame

    def cut(self) -> None:
        self._pump.cancel()
        self._arrived.put_nowait((0.0, Disconnected()))

    async def aclose(self) -> None:
        self._connector.forget(self)
        self._pump.cancel()
        await asyncio.wait([self._pump])
        await self._inner.aclose()
