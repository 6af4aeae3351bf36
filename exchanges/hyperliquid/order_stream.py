"""The account's orders over the streams, and over REST what those did not tell.

Hyperliquid docs, "WebSocket, subscriptions": ``orderUpdates`` tells of an order's status without
its trades, ``userFills`` of trades. The second begins with a snapshot of the latest ones.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from exchanges.clock import Clock
from exchanges.errors import BadReply, VenueUnavailable
from exchanges.hyperliquid.order_parsing import changed_order, fills_of
from exchanges.hyperliquid.stream_frames import ACKNOWLEDGED, message_of, pinging, subscribe
from exchanges.order import OrderReport
from exchanges.order_tracking import OrderKey, OrderReads, OrderTracker, catch_up, read_again
from exchanges.reply import Fields
from exchanges.web_socket import Connection

log = logging.getLogger(__name__)

QUIET_S = 5.0
"""An order that may be live and of which nothing was heard for so long is read over REST: the
stream is a hint, and an event can get lost while the connection stands."""
LATE_S = 1.0
"""An order whose trades do not add up is read so soon: they are told at the same time."""

_CHANNELS = frozenset(("orderUpdates", "userFills"))


class OrderStream:
    """One account's orders. ``symbols`` names the coins in use at the moment."""

    def __init__(
        self,
        account: str,
        tracker: OrderTracker,
        reads: OrderReads,
        symbols: Callable[[], Sequence[str]],
        clock: Clock,
    ) -> None:
        self._account = account
        self._tracker = tracker
        self._reads = reads
        self._symbols = symbols
        self._clock = clock

    async def serve(self, connection: Connection) -> AsyncGenerator[OrderReport, None]:
        """All that one connection brings, after what changed while there was none."""
        for channel in sorted(_CHANNELS):
            await subscribe(connection, {"type": channel, "user": self._account})
        async with pinging(connection):
            # What comes from now on is heard. The trades of the snapshot are taken in first: each
            # order that they complete is one that need not be read.
            async with aclosing(_first_messages(connection)) as messages:
                async for message in messages:
                    async with aclosing(self._news(message)) as reports:
                        async for report in reports:
                            yield report
            async with aclosing(catch_up(self._tracker, self._reads, self._symbols())) as missed:
                async for report in missed:
                    yield report
            while True:
                # A pong at least comes every second, so quiet orders get their turn.
                heard = message_of(await connection.receive())
                if heard is not None:
                    async with aclosing(self._news(heard)) as reports:
                        async for report in reports:
                            yield report
                async with aclosing(self._quiet_orders()) as reports:
                    async for report in reports:
                        yield report

    async def _news(self, message: Fields) -> AsyncGenerator[OrderReport, None]:
        """What is known now of the orders that ``message`` is about."""
        match message.text("channel"):
            case "orderUpdates":
                for row in message.children("data"):
                    coin = row.child("order").text("coin")
                    if _is_perpetual(coin):
                        yield self._tracker.take(changed_order(row, coin, coin))
            case "userFills":
                async with aclosing(self._traded(message.child("data"))) as reports:
                    async for report in reports:
                        yield report

    async def _traded(self, data: Fields) -> AsyncGenerator[OrderReport, None]:
        is_snapshot = data.values.get("isSnapshot") is True
        unknown: dict[OrderKey, None] = {}
        for row in data.children("fills"):
            coin = row.text("coin")
            if not _is_perpetual(coin):
                continue
            (fill,) = fills_of([row], coin, coin)
            key = OrderKey(coin, fill.client_order_id or "", fill.venue_order_id)
            report = self._tracker.take_fill(fill)
            if report is not None:
                yield report
            elif not is_snapshot:  # a snapshot begins with orders of long ago
                unknown[key] = None
        if unknown:
            async with aclosing(self._read(tuple(unknown))) as reports:
                async for report in reports:
                    yield report

    async def _quiet_orders(self) -> AsyncGenerator[OrderReport, None]:
        late = set(self._tracker.incomplete()).intersection(self._tracker.unsettled(quiet_s=LATE_S))
        quiet = tuple(late.union(self._tracker.unsettled(quiet_s=QUIET_S)))
        if quiet:
            async with aclosing(self._read(quiet)) as reports:
                async for report in reports:
                    yield report

    async def _read(self, keys: Sequence[OrderKey]) -> AsyncGenerator[OrderReport, None]:
        try:
            async with aclosing(read_again(self._tracker, self._reads, keys)) as reports:
                async for report in reports:
                    yield report
        except (VenueUnavailable, BadReply) as error:
            log.info("hyperliquid orders: some were not read (%s)", error)


async def _first_messages(connection: Connection) -> AsyncGenerator[Fields, None]:
    """What comes until both subscriptions stand and the snapshot is here, which is not waited for
    longer than for a pong."""
    wanted, has_snapshot, has_pong = set(_CHANNELS), False, False
    while wanted or not (has_snapshot or has_pong):
        message = message_of(await connection.receive())
        if message is None:
            continue
        channel = message.text("channel")
        if channel == ACKNOWLEDGED:
            wanted.discard(message.child("data").child("subscription").text("type"))
        elif channel in _CHANNELS:
            has_snapshot = has_snapshot or channel == "userFills"
            yield message
        elif not wanted:
            has_pong = True


def _is_perpetual(coin: str) -> bool:
    """Of the venue's own list; spot pairs have a ``@`` or ``/``, markets of others a ``:``."""
    return not set(coin) & set("@/:")
