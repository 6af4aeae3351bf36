"""The account's orders over the streams, and over REST what those did not tell.

Hyperliquid docs, "WebSocket, subscriptions": ``orderUpdates`` tells of an order's status without
its trades, ``userFills`` of trades. The second begins with a snapshot of the latest ones.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from exchanges.errors import BadReply, RateLimited, VenueUnavailable
from exchanges.fill import Fill
from exchanges.hyperliquid.gap_reads import GapReads, Questions
from exchanges.hyperliquid.order_parsing import changed_order, fills_of
from exchanges.hyperliquid.stream_frames import ACKNOWLEDGED, message_of, pinging, subscribe
from exchanges.order import OrderReport
from exchanges.order_tracking import OrderKey, OrderTracker, catch_up, read_again
from exchanges.reply import Fields
from exchanges.streaming import together
from exchanges.web_socket import Connection, Disconnected

log = logging.getLogger(__name__)

QUIET_S = 10.0
"""When nothing was heard for so long of an order that may be live, the open orders are read over
REST: the stream is a hint, and an event can get lost while the connection stands."""
LOOK_S = 1.0
"""How often orders are looked for that the stream is quiet about."""
LATE_S = 1.0
"""An order whose trades do not add up is read so soon: they are told at the same time."""

_CHANNELS = frozenset(("orderUpdates", "userFills"))


class OrderStream:
    """One account's orders. ``symbols`` names the coins in use at the moment."""

    def __init__(
        self,
        account: str,
        tracker: OrderTracker,
        questions: Questions,
        symbols: Callable[[], Sequence[str]],
    ) -> None:
        self._account = account
        self._tracker = tracker
        self._questions = questions
        self._symbols = symbols
        self._heard: dict[str, dict[str, Fill]] = {}
        """Trades of orders that nothing else is known of, by venue order id and trade id: those of
        long ago that a connection begins with, and those whose order was not told or read yet."""
        self._unknown: dict[str, OrderKey] = {}
        """Which of these orders are to be read."""
        self._asked: dict[OrderKey, int] = {}
        """How often it was asked for the trades of an order that do not add up."""

    async def serve(self, connection: Connection) -> AsyncGenerator[OrderReport, None]:
        """All that one connection brings, after what changed while there was none."""
        self._heard = {name: self._heard[name] for name in self._unknown}
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
            heard = together(self._listen(connection), self._look_after())
            async with aclosing(heard) as reports:
                async for report in reports:
                    yield report

    async def _listen(self, connection: Connection) -> AsyncGenerator[OrderReport, None]:
        while True:
            message = message_of(await connection.receive())
            if message is not None:
                async with aclosing(self._news(message)) as reports:
                    async for report in reports:
                        yield report

    async def _look_after(self) -> AsyncGenerator[OrderReport, None]:
        """Close the gap, then ask for quiet orders."""
        is_closed = False
        while not is_closed:
            try:
                async with aclosing(self._caught_up(self._symbols())) as reports:
                    async for report in reports:
                        yield report
                is_closed = True
            except RateLimited as error:
                # What the connection tells is free; to give it up would open a new gap.
                log.info("hyperliquid orders: the gap is closed later (%s)", error)
                await asyncio.sleep(error.retry_after_s)
        while True:
            await asyncio.sleep(LOOK_S)
            async with aclosing(self._quiet_orders()) as reports:
                async for report in reports:
                    yield report

    async def _news(self, message: Fields) -> AsyncGenerator[OrderReport, None]:
        """What is known now of the orders that ``message`` is about. Of an order made by hand it
        may tell in a way that we do not know; then the others are told all the same."""
        match message.text("channel"):
            case "orderUpdates":
                for row in message.children("data"):
                    try:
                        coin = row.child("order").text("coin")
                        if _is_perpetual(coin):
                            news = changed_order(row, coin, coin)
                            if self._tracker.contradicts(news):
                                raise row.bad("order", "the order as it was placed")
                            yield self._with_heard(self._tracker.take(news))
                    except BadReply as error:
                        log.warning("hyperliquid orders: passed over (%s)", error)
            case "userFills":
                async with aclosing(self._traded(message.child("data"))) as reports:
                    async for report in reports:
                        yield report

    async def _traded(self, data: Fields) -> AsyncGenerator[OrderReport, None]:
        is_snapshot = data.values.get("isSnapshot") is True
        for row in data.children("fills"):
            try:
                coin = row.text("coin")
                fills = fills_of([row], coin, coin) if _is_perpetual(coin) else ()
            except BadReply as error:
                log.warning("hyperliquid trades: passed over (%s)", error)
                continue
            for fill in fills:
                key = OrderKey(coin, fill.client_order_id or "", fill.venue_order_id)
                before, report = self._tracker.known(key), self._tracker.take_fill(fill)
                if report is None:
                    self._heard.setdefault(fill.venue_order_id, {})[fill.trade_id] = fill
                    if not is_snapshot:  # which begins with trades of long ago
                        self._unknown[fill.venue_order_id] = key
                elif not (is_snapshot and report == before):
                    yield report
        if self._unknown:
            async with aclosing(_as_far_as_read(self._again(()))) as reports:
                async for told in reports:
                    yield told

    async def _quiet_orders(self) -> AsyncGenerator[OrderReport, None]:
        async with aclosing(_as_far_as_read(self._again(self._late()))) as reports:
            async for report in reports:
                yield report
        if self._tracker.unsettled(quiet_s=QUIET_S):
            async with aclosing(_as_far_as_read(self._caught_up(()))) as reports:
                async for report in reports:
                    yield report

    def _late(self) -> list[OrderKey]:
        """Orders whose trades do not add up. Each is asked about less and less often, until it is
        one of the quiet ones."""
        lacking = self._tracker.incomplete()
        self._asked = {key: self._asked.get(key, 0) for key in lacking}
        quiet = {
            times: set(self._tracker.unsettled(quiet_s=LATE_S * 2**times))
            for times in set(self._asked.values())
        }
        return [key for key, times in self._asked.items() if key in quiet[times]]

    async def _caught_up(self, symbols: Sequence[str]) -> AsyncGenerator[OrderReport, None]:
        """One question for all that rest; what is not among them, or differs, is read."""
        reads = GapReads(self._questions, self._tracker)
        for missed in (catch_up(self._tracker, reads, symbols), reads.complete()):
            async with aclosing(missed) as reports:
                async for report in reports:
                    yield self._with_heard(report)

    async def _again(self, keys: Sequence[OrderKey]) -> AsyncGenerator[OrderReport, None]:
        """``keys`` and the orders that nothing is known of but trades, read."""
        reads = GapReads(self._questions, self._tracker)
        unknown = tuple(self._unknown.values())
        for missed in (read_again(self._tracker, reads, (*keys, *unknown)), reads.complete()):
            async with aclosing(missed) as reports:
                async for report in reports:
                    yield self._with_heard(report)
        for key in unknown:
            self._unknown.pop(key.venue_order_id, None)
        for key in keys:
            self._asked[key] = self._asked.get(key, 0) + 1

    def _with_heard(self, report: OrderReport) -> OrderReport:
        """What is known of an order with its trades that were heard before anything else was."""
        self._unknown.pop(report.venue_order_id, None)
        for fill in self._heard.pop(report.venue_order_id, {}).values():
            report = self._tracker.take_fill(fill) or report
        return report


async def _as_far_as_read(
    reports: AsyncGenerator[OrderReport, None],
) -> AsyncGenerator[OrderReport, None]:
    """``reports`` until one cannot be read: it is tried again later."""
    try:
        async with aclosing(reports) as read:
            async for report in read:
                yield report
    except (VenueUnavailable, BadReply) as error:
        log.info("hyperliquid orders: some were not read (%s)", error)


_PONGS = 3
"""So many pings are answered before the venue's word on a subscription counts as lost."""


async def _first_messages(connection: Connection) -> AsyncGenerator[Fields, None]:
    """What comes until both subscriptions stand and the snapshot is here, which is not waited for
    longer than for a pong."""
    wanted, has_snapshot, has_pong, pongs = set(_CHANNELS), False, False, 0
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
        else:
            has_pong, pongs = not wanted, pongs + 1
            if wanted and pongs >= _PONGS:
                raise Disconnected(reason="a subscription was not confirmed")


def _is_perpetual(coin: str) -> bool:
    """Of the venue's own list; spot pairs have a ``@`` or ``/``, markets of others a ``:``."""
    return not set(coin) & set("@/:")
