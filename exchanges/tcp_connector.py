"""TCP connections whose making is never broken off.

aiohttp makes the socket and hands it to the loop. When the request is cancelled between the two,
uvloop (0.22) closes the file descriptor and leaves the socket object open: it is closed a second
time whenever it is collected, under a number that may be a stranger's file by then. So connecting
goes on to its own end in the background, and what nobody waits for any more is closed.
"""

from __future__ import annotations

import asyncio

import aiohttp
from aiohttp.connector import Connection
from aiohttp.tracing import Trace


class TcpConnector(aiohttp.TCPConnector):
    """As aiohttp's, with any number of connections at once."""

    def __init__(self, *, keepalive_s: float = 15.0) -> None:
        """``keepalive_s``: how long a connection that is not in use is kept."""
        super().__init__(limit=0, ttl_dns_cache=300, keepalive_timeout=keepalive_s)
        self._connecting: set[asyncio.Task[Connection]] = set()

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        """See aiohttp. Cancelling it leaves the connection to be closed when it stands."""
        connecting = asyncio.ensure_future(super().connect(req, traces, timeout))
        self._connecting.add(connecting)
        connecting.add_done_callback(self._connecting.discard)
        try:
            return await asyncio.shield(connecting)
        except asyncio.CancelledError:
            connecting.add_done_callback(_close_unwanted)
            raise


def _close_unwanted(connecting: asyncio.Task[Connection]) -> None:
    if not connecting.cancelled() and connecting.exception() is None:
        connecting.result().close()
