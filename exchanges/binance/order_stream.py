"""The account's orders over the user data stream, and over REST what the stream did not tell.

Source: Binance docs, USDⓈ-M futures, "User data streams": a listen key lives 60 minutes from its
making or last renewal, and opens ``/private``. Making one while one lives returns the same key, so
it is never deleted here: another program of the account may be listening with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Protocol
from urllib.parse import quote

from exchanges.binance import limits
from exchanges.binance.client import BinanceClient
from exchanges.binance.markets import perpetual_named
from exchanges.binance.order_events import KEY_EXPIRED, ORDER_UPDATE, market_name, order_update
from exchanges.binance.stream_frames import LIFE_S, event_of
from exchanges.clock import Clock
from exchanges.errors import AuthenticationFailed, BadReply, VenueUnavailable
from exchanges.instrument import Venue
from exchanges.order import OrderReport
from exchanges.order_tracking import OrderReads, OrderTracker, catch_up
from exchanges.reply import Fields, document, fields
from exchanges.streaming import together
from exchanges.web_socket import Connection

log = logging.getLogger(__name__)

RENEW_S = 30 * 60.0
"""Half of a listen key's life."""
RENEW_AGAIN_S = 60.0
"""After a renewal that did not get through."""
LOOK_S = 1.0
"""How often orders are looked for that the stream is quiet about."""
QUIET_S = 3.0
"""When nothing was heard for so long of an order that may be live, REST is asked: the stream is a
hint, and an event can get lost while the connection stands."""

_LISTEN_KEY = "/fapi/v1/listenKey"
_VENUE = Venue.BINANCE


class Dial(Protocol):
    """Opens a WebSocket at a path of the venue's streams."""

    async def __call__(self, path: str) -> Connection:
        """Raises NotConnected."""
        ...


class OrderStream:
    """One account's orders. ``symbols`` names the coins in use at the moment."""

    def __init__(
        self,
        client: BinanceClient,
        tracker: OrderTracker,
        reads: OrderReads,
        symbols: Callable[[], Sequence[str]],
        dial: Dial,
        clock: Clock,
    ) -> None:
        self._client = client
        self._tracker = tracker
        self._reads = reads
        self._symbols = symbols
        self._dial = dial
        self._clock = clock

    async def connect(self) -> Connection:
        """With a key that is good for an hour from now on."""
        response = await self._client.ask_for_key("POST", _LISTEN_KEY, limits.ONE)
        body = document(_VENUE, "listenKey", response.body)
        key = fields(_VENUE, "listenKey", body).text("listenKey")
        return await self._dial(f"/private/ws?listenKey={quote(key, safe='')}")

    async def serve(self, connection: Connection) -> AsyncGenerator[OrderReport, None]:
        """All that one connection brings, after what changed while there was none. Events that
        come meanwhile wait in the connection."""
        try:
            async with aclosing(self._serve(connection)) as reports:
                async for report in reports:
                    yield report
        except AuthenticationFailed as error:
            raise self._client.while_streaming(error) from None

    async def _serve(self, connection: Connection) -> AsyncGenerator[OrderReport, None]:
        began = self._clock.monotonic()
        async with aclosing(catch_up(self._tracker, self._reads, self._symbols())) as missed:
            async for report in missed:
                yield report
        heard = together(self._listen(connection, began), self._look_after(began))
        async with aclosing(heard) as reports:
            async for report in reports:
                yield report

    async def _listen(
        self, connection: Connection, began: float
    ) -> AsyncGenerator[OrderReport, None]:
        while self._clock.monotonic() - began < LIFE_S:
            event = event_of(await connection.receive())
            if event.optional_text("e") == KEY_EXPIRED:
                log.info("binance orders: the listen key has expired")
                return
            if (news := self._news(event)) is not None:
                yield news

    async def _look_after(self, began: float) -> AsyncGenerator[OrderReport, None]:
        """Keep the listen key alive and ask for quiet orders, until the connection is too old or
        the key gone."""
        renewal = began + RENEW_S
        while (now := self._clock.monotonic()) - began < LIFE_S:
            if now >= renewal:
                try:
                    await self._client.ask_for_key("PUT", _LISTEN_KEY, limits.ONE)
                    renewal = now + RENEW_S
                except BadReply as error:  # -1125: there is no such key any more
                    log.info("binance orders: the listen key is gone (%s)", error)
                    return
                except VenueUnavailable as error:
                    log.info("binance orders: the listen key was not renewed (%s)", error)
                    renewal = now + RENEW_AGAIN_S
            async with aclosing(self._quiet_orders()) as reports:
                async for report in reports:
                    yield report
            await asyncio.sleep(LOOK_S)

    def _news(self, event: Fields) -> OrderReport | None:
        """All that is known of the order that ``event`` is about; None for another event."""
        if event.optional_text("e") != ORDER_UPDATE:
            return None
        instrument = perpetual_named(market_name(event))
        if instrument is None:
            return None
        news = order_update(event, instrument)
        if self._tracker.contradicts(news):
            raise event.bad("o", "the order as it was placed")
        return self._tracker.take(news)

    async def _quiet_orders(self) -> AsyncGenerator[OrderReport, None]:
        """One question for all orders that rest as they did, and one for each that does not."""
        if not self._tracker.unsettled(quiet_s=QUIET_S):
            return
        try:
            async with aclosing(catch_up(self._tracker, self._reads, ())) as reports:
                async for report in reports:
                    yield report
        except (VenueUnavailable, BadReply) as error:
            log.info("binance orders: quiet ones were not read (%s)", error)
