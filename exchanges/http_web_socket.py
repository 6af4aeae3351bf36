"""WebSockets to real servers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import aiohttp
from yarl import URL

from exchanges.tcp_connector import TcpConnector
from exchanges.web_socket import NO_HEADERS, Connection, Disconnected, Frame, NotConnected

PING_S = 15.0
"""After this long without a frame a ping is sent, and half as long is waited for the pong. Keeps
idle connections open at every venue (Upbit closes after 120 s without traffic), and finds one
whose other end is gone."""

_LARGEST_FRAME = 16 * 2**20
_GOODBYE_S = 1.0
"""How long a polite close may take before the connection is dropped."""


class HttpConnector:
    """A :class:`~exchanges.web_socket.Connector` over TCP and TLS."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._open: set[_HttpConnection] = set()
        self._is_closed = False

    async def connect(
        self, url: str, *, headers: Mapping[str, str] = NO_HEADERS, timeout_s: float
    ) -> Connection:
        """Open ``url``; no Origin header is sent, which venues punish. Raises NotConnected."""
        if self._is_closed:
            raise NotConnected("the connector is closed")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=TcpConnector(),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent",),
            )
        try:
            async with asyncio.timeout(timeout_s):
                socket = await self._session.ws_connect(
                    URL(url, encoded=True),
                    headers=headers,
                    heartbeat=PING_S,
                    max_msg_size=_LARGEST_FRAME,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_GOODBYE_S),
                )
        except aiohttp.WSServerHandshakeError as error:
            failure = NotConnected(f"refused with HTTP {error.status}", status=error.status)
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            failure = NotConnected(type(error).__name__)
        else:
            connection = _HttpConnection(socket, self._open.discard)
            self._open.add(connection)
            return connection
        # Raised outside the handler: the library's exception holds the address, which may hold a
        # listen key, and must not hang on ours as a context.
        raise failure

    async def aclose(self) -> None:
        """Close every connection; a later connect is NotConnected."""
        self._is_closed = True
        await asyncio.gather(*(connection.aclose() for connection in tuple(self._open)))
        if self._session is not None:
            await self._session.close()


class _HttpConnection:
    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        on_close: Callable[[_HttpConnection], None],
    ) -> None:
        self._socket = socket
        self._on_close = on_close

    async def send(self, frame: Frame) -> None:
        try:
            if isinstance(frame, str):
                await self._socket.send_str(frame)
            else:
                await self._socket.send_bytes(frame)
        except (aiohttp.ClientError, OSError):
            failure = Disconnected()
        else:
            return
        raise failure

    async def receive(self) -> Frame:
        message = await self._socket.receive()
        match message.type:
            case aiohttp.WSMsgType.TEXT | aiohttp.WSMsgType.BINARY:
                frame: Frame = message.data
                return frame
            case aiohttp.WSMsgType.CLOSE:
                raise Disconnected(int(message.data), str(message.extra or ""))
            case _:  # closing, closed, or a broken frame or wire
                raise Disconnected(self._socket.close_code or 1006)

    async def aclose(self) -> None:
        self._on_close(self)
        await self._socket.close()
