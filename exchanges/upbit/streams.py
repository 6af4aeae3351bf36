"""What one connection to Upbit yields: books, or news of own orders.

Upbit's books are whole each time, so no gap needs closing there. News of orders
come without a number in sequence: what was missed is not seen, so REST is asked
after each connect, and again about orders that stay quiet.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from exchanges.book import Book
from exchanges.clock import Clock
from exchanges.errors import VenueUnavailable
from exchanges.order import OrderReport
from exchanges.order_tracking import OrderKey, OrderReads, OrderTracker, catch_up, read_again
from exchanges.reply import Fields
from exchanges.streaming import together
from exchanges.upbit.socket import UpbitSocket
from exchanges.upbit.stream_parsing import (
    has_fixed_size,
    parse_book,
    parse_my_order,
    symbol_of,
    type_of,
)
from exchanges.web_socket import Connection, Disconnected

log = logging.getLogger(__name__)

DEPTH = 15
"""Levels a side; Upbit offers 1, 5, 15 and 30."""
REFRESH_S = 5.0
"""A book that has not come for so long is asked for again: a subscription begins with a snapshot,
which says that a quiet market still stands where it stood."""
MUTE_S = 20.0
"""… and when even that brings no book, the connection is dead."""
CONFIRM_S = 2.0
"""How long a list of subscriptions is waited for. Events between the first question over REST and
the venue's taking in the subscription would go unseen."""
SWEEP_S = 1.0
QUIET_S = 3.0
"""When nothing was heard for so long of an order that may be live, REST is asked: an event can get
lost while the connection stands. All that rest as they did cost one question a market, at most each
:data:`SWEEP_S`, of the 20 a second that the limit leaves to ordinary questions."""


async def books(
    connection: Connection, symbols: Sequence[str], clock: Clock
) -> AsyncGenerator[Book, None]:
    """The books of ``symbols`` as they change, all over one connection."""
    socket = UpbitSocket(connection, clock)
    wanted = {"type": "orderbook", "codes": [f"KRW-{symbol}.{DEPTH}" for symbol in symbols]}
    await socket.subscribe(wanted)
    asked_at = clock.monotonic()
    heard_at = dict.fromkeys(symbols, asked_at)
    async with aclosing(socket.messages()) as messages:
        async for message in messages:
            now = clock.monotonic()
            if message is not None and type_of(message) == "orderbook":
                symbol = symbol_of(message)
                if symbol in heard_at:
                    heard_at[symbol] = now
                    yield parse_book(message, symbol, now)
            quiet_since = min(heard_at.values(), default=now)
            if now - quiet_since >= MUTE_S:
                raise Disconnected(reason=f"a book is mute for {MUTE_S:g} s")
            if now - max(quiet_since, asked_at) >= REFRESH_S:
                asked_at = now
                await socket.subscribe(wanted)


async def orders(
    connection: Connection,
    tracker: OrderTracker,
    reads: OrderReads,
    symbols: Callable[[], Sequence[str]],
    clock: Clock,
) -> AsyncGenerator[OrderReport, None]:
    """What becomes of the account's orders: first what may have happened without this
    connection, then what the venue tells. ``symbols`` are those whose open orders matter."""
    socket = UpbitSocket(connection, clock)
    async with aclosing(socket.messages()) as messages:
        await socket.subscribe({"type": "myOrder"})
        early = await _until_subscribed(socket, messages, clock)
        async for report in catch_up(tracker, reads, symbols()):
            yield report
        for message in early:
            async for report in _told(message, tracker, reads):
                yield report
        news = _news(messages, tracker, reads)
        async with aclosing(together(news, _quiet_orders(tracker, reads))) as reports:
            async for report in reports:
                yield report


async def _news(
    messages: AsyncGenerator[Fields | None, None], tracker: OrderTracker, reads: OrderReads
) -> AsyncGenerator[OrderReport, None]:
    async for message in messages:
        if message is not None:
            async for report in _told(message, tracker, reads):
                yield report


async def _until_subscribed(
    socket: UpbitSocket, messages: AsyncGenerator[Fields | None, None], clock: Clock
) -> Sequence[Fields]:
    """Wait until the venue shows the subscription; what it says before that is kept.

    A venue that leaves the question open is not waited for long: what is missed is found when
    quiet orders are read.
    """
    await socket.ask_subscriptions()
    asked_at = clock.monotonic()
    early: list[Fields] = []
    async for message in messages:
        if message is not None and message.has("method"):
            break
        if message is not None:
            early.append(message)
        if clock.monotonic() - asked_at >= CONFIRM_S:
            break
    return early


async def _told(
    message: Fields, tracker: OrderTracker, reads: OrderReads
) -> AsyncGenerator[OrderReport, None]:
    """The order that ``message`` is about. When it has ended and a trade is missing, an event was
    lost, and REST is asked."""
    symbol = symbol_of(message) if type_of(message) == "myOrder" else None
    if symbol is None:
        return
    told = parse_my_order(message, symbol)
    if has_fixed_size(message) and tracker.contradicts(told):
        raise message.bad("volume", "the order as it was placed")
    report = tracker.take(told)
    if report.is_terminal and not report.fills_complete:
        key = OrderKey(symbol, report.client_order_id, report.venue_order_id)
        async for _ in _as_far_as_read(read_again(tracker, reads, [key])):
            pass
        # Others may have told of newer news while REST was asked.
        report = tracker.known(key) or report
    yield report


async def _quiet_orders(
    tracker: OrderTracker, reads: OrderReads
) -> AsyncGenerator[OrderReport, None]:
    """Now and then: orders of which a trade is missing, and those that the stream has been quiet
    about."""
    while True:
        await asyncio.sleep(SWEEP_S)
        if tracker.unsettled(quiet_s=QUIET_S):
            missed = catch_up(tracker, reads, ())
        else:
            missed = read_again(tracker, reads, tracker.incomplete())
        async with aclosing(_as_far_as_read(missed)) as reports:
            async for report in reports:
                yield report


async def _as_far_as_read(
    reports: AsyncGenerator[OrderReport, None],
) -> AsyncGenerator[OrderReport, None]:
    """While REST is down the stream goes on; the orders stay due."""
    try:
        async with aclosing(reports) as read:
            async for report in read:
                yield report
    except VenueUnavailable as error:
        log.info("orders that may have changed cannot be read: %s", error)
