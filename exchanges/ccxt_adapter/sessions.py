"""WebSockets through ccxt, one client each time: what a client of ccxt remembers (tokens, books,
failures) outlives its connection, so none is used for a second one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from exchanges.ccxt_adapter.requests import Requests
from exchanges.streaming import StreamClosed
from exchanges.tcp_connector import TcpConnector
from exchanges.venue_client import Costs

_LEAST_TIMEOUT_MS = 1_000
"""ccxt cuts a time-out to whole seconds."""


class Sessions:
    """The streams of one account."""

    def __init__(self, ask: Requests, connect_costs: Costs, *, timeout_s: float) -> None:
        self._ask = ask
        self._connect_costs = connect_costs
        self._timeout_ms = max(int(timeout_s * 1000), _LEAST_TIMEOUT_MS)
        self._clients: list[Any] = []
        self._http: aiohttp.ClientSession | None = None
        self._is_closed = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        """A new ccxt client with which to watch, closed afterwards. Raises StreamClosed, or
        RateLimited when too many were opened."""
        if self._is_closed:
            raise StreamClosed
        self._ask.rest.book(self._connect_costs, urgent=False).use()
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=TcpConnector(), cookie_jar=aiohttp.DummyCookieJar()
            )
        client = self._ask.new_client(
            session=self._http,
            ssl_context=False,  # of the session that ccxt would open
            streaming={"connectionTimeout": self._timeout_ms},
        )
        self._clients.append(client)
        try:
            yield client
        finally:
            self._clients.remove(client)
            await client.close()

    async def aclose(self) -> None:
        """End all streams; none comes back."""
        self._is_closed = True
        for client in tuple(self._clients):
            await client.close()
        if self._http is not None:
            await self._http.close()
