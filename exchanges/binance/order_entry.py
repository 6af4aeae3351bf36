"""How an order gets to Binance: over REST, or over the WebSocket API while that is connected.

Which way is decided before anything is sent; after that there is no other way, since an order
that may have arrived is never sent again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

import orjson

from exchanges.binance import limits, outcomes
from exchanges.binance.client import BinanceClient
from exchanges.binance.signing import Parameters
from exchanges.binance.ws_api import PLACE, WsApi
from exchanges.clock import Clock
from exchanges.errors import AuthenticationFailed, ExchangeError
from exchanges.instrument import Venue
from exchanges.rate_budget import Booking
from exchanges.streaming import Connect, keep_streaming
from exchanges.transport import Request, Response
from exchanges.venue_client import VenueClient
from exchanges.web_socket import Connection

log = logging.getLogger(__name__)


class RestEntry:
    """Every order over REST."""

    def __init__(self, client: BinanceClient) -> None:
        self._client = client

    @property
    def is_ready(self) -> bool:
        return True

    def start(self) -> None:
        """Nothing to get ready."""

    async def place(self, parameters: Parameters, booking: Booking) -> Response:
        """The 2xx reply. Raises as ``Exchange.submit`` does."""
        return await self._client.place(parameters, booking)

    async def aclose(self) -> None:
        """Nothing to close."""


class WebSocketEntry:
    """Orders over the WebSocket API, with the same limits and the same table of outcomes."""

    def __init__(
        self, client: BinanceClient, connect: Connect, clock: Clock, *, timeout_s: float
    ) -> None:
        """Raises AuthenticationFailed when no key is set."""
        self._client = client
        self._connect = connect
        self._clock = clock
        self._api = WsApi(client.signer, client.venue_time, clock, timeout_s=timeout_s)
        self._socket = VenueClient(
            Venue.BINANCE, self._api, client.budget, outcomes.REPLIES, clock, timeout_s=timeout_s
        )
        self._keeping: asyncio.Task[None] | None = None

    @property
    def is_ready(self) -> bool:
        """The next order goes over the WebSocket."""
        return self._api.is_ready

    def start(self) -> None:
        """Connect in the background, and stay connected."""
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep())

    async def place(self, parameters: Parameters, booking: Booking) -> Response:
        """The 2xx reply. Raises as ``Exchange.submit`` does."""
        await self._client.settle_clock()
        if not self._api.is_ready:
            return await self._client.place(parameters, booking)
        request = Request("WS", PLACE, body=orjson.dumps(dict(parameters)))
        try:
            return await self._socket.place(request, limits.PLACE, booking)
        except ExchangeError as error:
            self._client.doubt_clock_after(error)
            raise

    async def aclose(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])

    async def _keep(self) -> None:
        kept = keep_streaming(
            "binance order entry", self._connect, self._serve, self._clock, silence_s=None
        )
        try:
            async with aclosing(kept) as frames:
                async for _ in frames:
                    pass
        except AuthenticationFailed as error:
            log.error("binance order entry: %s; orders go over REST", error)

    async def _serve(self, connection: Connection) -> AsyncGenerator[None, None]:
        await self._client.settle_clock()
        try:
            async with aclosing(self._api.serve(connection)) as frames:
                async for frame in frames:
                    yield frame
        except AuthenticationFailed as error:
            raise self._client.while_streaming(error) from None
