"""A simulated venue's front that counts what comes and what it is told."""

from __future__ import annotations

from collections.abc import Collection

from exchanges.simulator.front import Channel, Conversation, Front, HandshakeRefused
from exchanges.transport import Request, Response
from exchanges.web_socket import Frame

_TOO_MANY = (418, 429)


class CountedFront:
    """Stands before ``inner``."""

    def __init__(self, inner: Front, hidden_headers: Collection[str] = ()) -> None:
        """``hidden_headers``: names, lower case, that no answer carries."""
        self._inner = inner
        self._hidden = frozenset(hidden_headers)
        self.requests = 0
        self.limited = 0
        """Requests and handshakes that were too many."""
        self.connections = 0
        self.frames = 0

    async def handle(self, request: Request) -> Response:
        self.requests += 1
        response = await self._inner.handle(request)
        self.limited += response.status in _TOO_MANY
        headers = response.headers
        shown = {name: headers[name] for name in headers if name.lower() not in self._hidden}
        return Response(response.status, shown, response.body)

    async def accept(self, handshake: Request) -> Conversation:
        try:
            conversation = await self._inner.accept(handshake)
        except HandshakeRefused as refused:
            self.limited += refused.response.status in _TOO_MANY
            raise
        self.connections += 1

        async def counted(channel: Channel) -> None:
            await conversation(_CountedChannel(channel, self))

        return counted


class _CountedChannel:
    def __init__(self, inner: Channel, front: CountedFront) -> None:
        self._inner = inner
        self._front = front

    @property
    def heard_at(self) -> float:
        return self._inner.heard_at

    async def send(self, frame: Frame) -> None:
        self._front.frames += 1
        await self._inner.send(frame)

    async def receive(self) -> Frame:
        return await self._inner.receive()

    async def ping(self) -> None:
        await self._inner.ping()

    async def close(self, code: int, reason: str = "") -> None:
        await self._inner.close(code, reason)

    def cut(self) -> None:
        self._inner.cut()
