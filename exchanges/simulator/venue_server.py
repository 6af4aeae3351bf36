"""One simulated venue over aiohttp: requests, WebSockets, and a wire that can be refused or cut."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from exchanges.clock import Clock
from exchanges.instrument import Venue
from exchanges.simulator.faults import ConnectionRefused, Faults, Vanish
from exchanges.simulator.front import ChannelClosed, Conversation, Front, HandshakeRefused
from exchanges.transport import Request, Response
from exchanges.web_socket import Frame

log = logging.getLogger(__name__)

SHUTDOWN_S = 1.0


class VenueServer:
    """Serves ``front``; the caller binds :attr:`runner` to a port."""

    def __init__(self, venue: Venue, front: Front, faults: Faults, clock: Clock) -> None:
        self._venue = venue
        self._front = front
        self._faults = faults
        self._clock = clock
        self._server = web.Server(self._handle, access_log=None)
        self._conversations: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None] | None = None
        self._faults_changed = asyncio.Event()
        self.runner = web.ServerRunner(self._server, shutdown_timeout=SHUTDOWN_S)

    def close_conversations(self) -> None:
        """End every WebSocket, so that nothing is waited for at the end."""
        for task in self._conversations:
            task.cancel()

    # ---- requests

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Where no answer is to come, the connection drops."""
        path, _, query = request.raw_path.partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            if headers.get("upgrade", "").lower() == "websocket":
                return await self._upgrade(request, Request("GET", path, query, headers))
            body = await request.read()
            return _answer(
                await self._front.handle(Request(request.method, path, query, headers, body))
            )
        except (ConnectionRefused, Vanish):
            if request.transport is not None:
                request.transport.abort()
            return web.Response()  # goes nowhere

    async def _upgrade(self, request: web.BaseRequest, handshake: Request) -> web.StreamResponse:
        try:
            conversation = await self._front.accept(handshake)
        except HandshakeRefused as refused:
            return _answer(refused.response)
        socket = web.WebSocketResponse(autoping=False, compress=False)
        await socket.prepare(request)
        task = asyncio.create_task(
            self._converse(conversation, _SocketChannel(socket, request, self._clock))
        )
        self._conversations.add(task)
        try:
            await task
        finally:
            task.cancel()
            self._conversations.discard(task)
        return socket

    @staticmethod
    async def _converse(conversation: Conversation, channel: _SocketChannel) -> None:
        try:
            await conversation(channel)
        except ChannelClosed:
            pass
        except asyncio.CancelledError:
            channel.cut()
        else:
            await channel.close(WSCloseCode.OK)

    # ---- a port where nobody listens

    def watch_refusals(self, host: str, port: int) -> None:
        """Play ``refuse_connection`` on this port from now on."""
        self._faults.subscribe(self._faults_changed.set)
        self._watching = asyncio.create_task(self._watch_refusals(host, port))

    async def stop_watching(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])

    async def _watch_refusals(self, host: str, port: int) -> None:
        while True:
            fault = self._faults.take_refusal(self._venue)
            if fault is None:
                self._faults_changed.clear()
                await self._faults_changed.wait()
                continue
            clearings = self._faults.clearings
            for site in tuple(self.runner.sites):
                await site.stop()
            for connection in tuple(self._server.connections):
                if connection.transport is not None:
                    connection.transport.abort()
            with suppress(TimeoutError):
                async with asyncio.timeout(fault.delay_s):
                    await self._cleared_since(clearings)
            await web.TCPSite(self.runner, host, port).start()

    async def _cleared_since(self, clearings: int) -> None:
        while self._faults.clearings == clearings:
            self._faults_changed.clear()
            await self._faults_changed.wait()


class _SocketChannel:
    """The venue's end of one WebSocket."""

    def __init__(
        self, socket: web.WebSocketResponse, request: web.BaseRequest, clock: Clock
    ) -> None:
        self._socket = socket
        self._transport = request.transport
        self._clock = clock
        self._heard_at = clock.monotonic()

    @property
    def heard_at(self) -> float:
        return self._heard_at

    async def send(self, frame: Frame) -> None:
        try:
            if isinstance(frame, str):
                await self._socket.send_str(frame)
            else:
                await self._socket.send_bytes(frame)
        except OSError:
            raise ChannelClosed from None

    async def receive(self) -> Frame:
        while True:
            message = await self._socket.receive()
            self._heard_at = self._clock.monotonic()
            match message.type:
                case WSMsgType.TEXT | WSMsgType.BINARY:
                    frame: Frame = message.data
                    return frame
                case WSMsgType.PING:
                    await self._pong(message)
                case WSMsgType.PONG:
                    pass
                case _:
                    raise ChannelClosed

    async def ping(self) -> None:
        try:
            await self._socket.ping()
        except OSError:
            raise ChannelClosed from None

    async def close(self, code: int, reason: str = "") -> None:
        await self._socket.close(code=code, message=reason.encode())

    def cut(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def _pong(self, message: WSMessage) -> None:
        try:
            await self._socket.pong(message.data)
        except OSError:
            raise ChannelClosed from None


def _answer(response: Response) -> web.Response:
    return web.Response(status=response.status, headers=response.headers, body=response.body)
