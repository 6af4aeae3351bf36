"""HTTP/1.1 over warm connections, with failures split by what is known.

The split is the order rule of the desk: an order that was *not sent* may be
tried again with a new id; an order that was *interrupted* may be live. So
nothing here is ever sent twice, not even by the HTTP library.
"""

from __future__ import annotations

import aiohttp
from yarl import URL

from exchanges.endpoints import Endpoints
from exchanges.tcp_connector import TcpConnector
from exchanges.transport import Interrupted, NotSent, Request, Response, TransportError

_CONNECT_SHARE = 2 / 3
"""Of a request's time, what connecting may take. Less than all of it, so that a time-out of the
whole request can only fall after the connection stood, and a connect time-out is sure to be
NotSent."""

_IDLE_S = 30.0
"""A connection unused for longer is not trusted: venues and middleboxes drop idle ones, and a
request written to a dropped one is an unknown outcome."""


_LONGEST_BODY = 16 * 1024 * 1024
"""Bytes, unpacked. No venue sends a fifth of it; a longer one would fill the memory."""


async def _fail_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Turn connection failures into ours before the library sees them.

    aiohttp repeats GET and DELETE silently when a kept connection turns out to be dead. A
    repeated request carries the same nonce (Upbit refuses it) and hides what happened, so its
    cue to repeat is taken away here.
    """
    failure: TransportError
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        failure = NotSent(_name(error))
    except (aiohttp.ClientError, OSError) as error:
        failure = Interrupted(_name(error))
    raise failure


class HttpTransport:
    """A :class:`~exchanges.transport.Transport` to one venue. Connects on first use."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._base = endpoints.base
        self._session: aiohttp.ClientSession | None = None
        self._is_closed = False

    async def send(self, request: Request, *, timeout_s: float) -> Response:
        """Carry out ``request`` once, within ``timeout_s`` seconds; redirects are not followed.

        Raises:
            NotSent: no connection could be made.
            Interrupted: a connection stood, and no complete response came back over it.
        """
        if self._is_closed:
            raise NotSent("the transport is closed")
        if self._session is None:
            self._session = self._open()
        address = f"{self._base}{request.path}"
        if request.query:
            address = f"{address}?{request.query}"
        try:
            async with self._session.request(
                request.method,
                URL(address, encoded=True),
                headers=request.headers,
                data=request.body or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout_s, connect=timeout_s * _CONNECT_SHARE),
            ) as reply:
                body = await _whole_body(reply)
                headers = {name.lower(): value for name, value in reply.headers.items()}
                return Response(reply.status, headers, body)
        except (aiohttp.ClientError, OSError) as error:
            failure = Interrupted(_name(error))
        # Raised outside the handler: the library's exception holds the address with its
        # signature and must not hang on ours as a context.
        raise failure

    async def aclose(self) -> None:
        """Close all connections; a later send is NotSent."""
        self._is_closed = True
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=TcpConnector(keepalive_s=_IDLE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            # Upbit refuses a repeated Content-Type, so the one the adapter sets is the only one.
            skip_auto_headers=("Content-Type", "User-Agent"),
            middlewares=(_fail_once,),
        )


async def _whole_body(reply: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for part in reply.content.iter_any():
        body += part
        if len(body) > _LONGEST_BODY:
            raise aiohttp.ClientPayloadError
    return bytes(body)


def _name(error: BaseException) -> str:
    """What broke, without the library's text, which may quote the address."""
    return type(error).__name__
