"""WebSockets to a simulated venue in the same process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

from exchanges.clock import Clock
from exchanges.simulator.faults import ConnectionRefused, Vanish
from exchanges.simulator.front import ChannelClosed, Conversation, HandshakeRefused, SocketFront
from exchanges.transport import Request
from exchanges.web_socket import NO_HEADERS, Connection, Disconnected, Frame, NotConnected


class MemoryConnector:
    """A :class:`exchanges.web_socket.Connector` to ``front``; of an address only path and query
    count."""

    def __init__(self, front: SocketFront, clock: Clock) -> None:
        self._front = front
        self._clock = clock
        self._open: set[_MemoryConnection] = set()
        self._is_closed = False

    async def connect(
        self, url: str, *, headers: Mapping[str, str] = NO_HEADERS, timeout_s: float
    ) -> Connection:
        """Raises NotConnected."""
        if self._is_closed:
            raise NotConnected("the connector is closed")
        parts = urlsplit(url)
        lower = {name.lower(): value for name, value in headers.items()}
        handshake = Request("GET", parts.path, parts.query, lower)
        try:
            async with asyncio.timeout(timeout_s):
                conversation = await self._front.accept(handshake)
        except HandshakeRefused as refused:
            raise NotConnected(str(refused), status=refused.response.status) from None
        except (ConnectionRefused, Vanish, TimeoutError) as error:
            raise NotConnected(type(error).__name__) from None
        connection = _MemoryConnection(conversation, self._clock)
        self._open.add(connection)
        connection.served.add_done_callback(lambda _: self._open.discard(connection))
        return connection

    async def aclose(self) -> None:
        """Close every connection; a later connect is NotConnected."""
        self._is_closed = True
        for connection in tuple(self._open):
            await connection.aclose()


class _MemoryConnection:
    """The client's end, and the task that runs the venue's."""

    def __init__(self, conversation: Conversation, clock: Clock) -> None:
        self._inbox: asyncio.Queue[Frame | Disconnected] = asyncio.Queue()
        self._outbox: asyncio.Queue[Frame | None] = asyncio.Queue()
        self._end: Disconnected | None = None
        channel = _MemoryChannel(self._inbox, self._outbox, clock)
        self._channel = channel
        self.served = asyncio.create_task(self._serve(conversation, channel))

    async def _serve(self, conversation: Conversation, channel: _MemoryChannel) -> None:
        try:
            await conversation(channel)
        except ChannelClosed:
            pass
        finally:
            channel.end(Disconnected())

    async def send(self, frame: Frame) -> None:
        if self._channel.is_over:
            raise self._end or Disconnected()
        self._channel.hear()
        self._outbox.put_nowait(frame)

    async def receive(self) -> Frame:
        if self._end is not None:
            raise self._end
        frame = await self._inbox.get()
        if isinstance(frame, Disconnected):
            self._end = frame
            raise frame
        return frame

    async def aclose(self) -> None:
        if self._end is None:
            self._end = Disconnected(1000)
        self._channel.end(self._end)
        if self.served is not asyncio.current_task():
            self.served.cancel()
            await asyncio.wait([self.served])


class _MemoryChannel:
    """The venue's end."""

    def __init__(
        self,
        inbox: asyncio.Queue[Frame | Disconnected],
        outbox: asyncio.Queue[Frame | None],
        clock: Clock,
    ) -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._clock = clock
        self._heard_at = clock.monotonic()
        self.is_over = False

    @property
    def heard_at(self) -> float:
        return self._heard_at

    def hear(self) -> None:
        self._heard_at = self._clock.monotonic()

    async def send(self, frame: Frame) -> None:
        if self.is_over:
            raise ChannelClosed
        self._inbox.put_nowait(frame)

    async def receive(self) -> Frame:
        frame = None if self.is_over else await self._outbox.get()
        if frame is None:
            raise ChannelClosed
        return frame

    async def ping(self) -> None:
        if self.is_over:
            raise ChannelClosed
        self.hear()  # a client in the same process answers at once

    async def close(self, code: int, reason: str = "") -> None:
        self.end(Disconnected(code, reason))

    def cut(self) -> None:
        self.end(Disconnected())

    def end(self, how: Disconnected) -> None:
        """Nothing passes any more; the client hears ``how`` after what was sent before."""
        if not self.is_over:
            self.is_over = True
            self._inbox.put_nowait(how)
            self._outbox.put_nowait(None)
