"""Hyperliquid's perpetuals behind the Exchange protocol."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from exchanges.account import Balance, Position
from exchanges.book import Book
from exchanges.clock import Clock
from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.errors import (
    AuthenticationFailed,
    BadReply,
    OrderDenied,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    VenueUnavailable,
)
from exchanges.fill import NONE_KNOWN, Fill, KnownOrders
from exchanges.funding import FundingPayment
from exchanges.hyperliquid import limits, order_request, parsing
from exchanges.hyperliquid.book_stream import BookStream
from exchanges.hyperliquid.client import HyperliquidClient
from exchanges.hyperliquid.client_order_ids import CLIENT_ORDER_ID, cloid_of
from exchanges.hyperliquid.market_state import candles_question, parse_state
from exchanges.hyperliquid.numbers import market_bound
from exchanges.hyperliquid.order_stream import OrderStream
from exchanges.hyperliquid.outcomes import NothingMatched, Placed
from exchanges.hyperliquid.own_orders import OwnOrders
from exchanges.hyperliquid.stream_frames import PATH, SILENCE_S
from exchanges.instrument import Instrument, InstrumentKind, Venue
from exchanges.margin_amount import check_margin_amount
from exchanges.market_state import MarketState
from exchanges.order import Order, OrderReport, OrderStatus
from exchanges.order_check import first_breach
from exchanges.order_tracking import OrderTracker
from exchanges.rate_budget import Booking
from exchanges.rules import Rules
from exchanges.streaming import Serve, keep_streaming
from exchanges.transfer import Transfer
from exchanges.transport import Transport
from exchanges.web_socket import Connection, Connector

T = TypeVar("T")

_VENUE = Venue.HYPERLIQUID
_BOOK_AGE_S = 1.0
"""The bound of a market order is not taken from an older book."""


class HyperliquidPerpetual:
    """One Hyperliquid account. See :class:`exchanges.exchange.Exchange` for every method's
    contract, and :class:`~exchanges.hyperliquid.client.HyperliquidClient` for the credentials."""

    def __init__(
        self,
        transport: Transport,
        connector: Connector,
        credentials: Credentials | None,
        endpoints: Endpoints,
        clock: Clock,
        *,
        timeout_s: float,
        limits_file: Path | None = None,
    ) -> None:
        """``limits_file``: where the use of the rate limits is counted together with other
        processes; None: in this one alone.

        Raises ValueError for credentials that are no address and no private key, and OSError when
        ``limits_file`` cannot be used.
        """
        self._client = HyperliquidClient(
            transport, credentials, endpoints, clock, timeout_s, limits_file
        )
        self._orders = OwnOrders(self._client)
        self._connector = connector
        self._endpoints = endpoints
        self._clock = clock
        self._timeout_s = timeout_s
        self._tracker = OrderTracker(clock)
        """Of the orders' stream alone: what a caller is told by the way, such as an order's end in
        the reply to it, is told on the stream all the same."""
        self._rules: dict[str, Rules] = {}
        self._assets: dict[str, int] = {}
        self._books: dict[str, Book] = {}
        self._is_closed = False

    @property
    def venue(self) -> Venue:
        return _VENUE

    @property
    def kind(self) -> InstrumentKind:
        return InstrumentKind.PERPETUAL

    def instrument(self, symbol: str) -> Instrument:
        return Instrument(_VENUE, InstrumentKind.PERPETUAL, symbol, parsing.QUOTE, symbol)

    @property
    def clock_in_doubt(self) -> bool:
        return self._client.clock_in_doubt

    def order_room(self) -> int:
        return self._client.order_room()

    def book_order(self, *, urgent: bool = False) -> Booking:
        return self._client.book_order(urgent=urgent)

    async def submit(self, order: Order, booking: Booking | None = None) -> OrderReport:
        """Place an order. The report of a market or IOC order is final, but its trades come with
        :meth:`order` or the stream. A market order is an IOC order at most 5 % through the middle
        of the book, which is read first when the last one seen is older than a second."""
        try:
            self._check(order)
            if booking is None:
                booking = self.book_order(urgent=True)
            price = await self._bound(order) if order.price is None else order.price
            return await self._place(order, price, booking)
        finally:
            if booking is not None:
                booking.release()  # changes nothing when the order was sent

    async def cancel(self, symbol: str, client_order_id: str) -> None:
        """Ask for a cancel. When the request breaks on the wire it is VenueUnavailable: asking
        twice does no harm."""
        if not _is_id(client_order_id):
            raise _not_found(client_order_id)
        asset = await self._asset(symbol)
        await self._client.cancel(order_request.cancel_action(asset, client_order_id))

    async def order(
        self, symbol: str, client_order_id: str, *, urgent: bool = False
    ) -> OrderReport:
        """The order, and its trades from the account's. The reply to its status is of the last
        change of that status; what it has traded since is in the trades."""
        if not _is_id(client_order_id):
            raise _not_found(client_order_id)
        return await self._orders.by_client_id(
            self.instrument(symbol), client_order_id, urgent=urgent
        )

    async def open_orders(self, symbol: str, *, urgent: bool = False) -> Sequence[OrderReport]:
        """Orders that other programs placed have their cloid as client order id, ``0x…``, or none
        when they have none."""
        return await self._orders.resting(self.instrument(symbol), urgent=urgent)

    async def fills(
        self,
        symbol: str,
        since: datetime,
        *,
        known: KnownOrders = NONE_KNOWN,
        urgent: bool = False,
    ) -> Sequence[Fill]:
        """Own trades at or after ``since``; the venue keeps the latest 10,000 of the account."""
        return await self._orders.trades(self.instrument(symbol), since, urgent=urgent)

    async def funding(self, symbol: str, since: datetime) -> Sequence[FundingPayment]:
        """Hourly settlements."""
        return await self._orders.funding(self.instrument(symbol), since)

    async def transfers(self, since: datetime) -> Sequence[Transfer]:
        """From the ledger of the address; see :mod:`exchanges.hyperliquid.transfers`."""
        return await self._orders.transfers(since)

    async def balances(self) -> Sequence[Balance]:
        """USDC alone; see :func:`exchanges.hyperliquid.parsing.parse_balances`."""
        return parsing.parse_balances(await self._state(self._client.account))

    async def position(self, symbol: str, *, urgent: bool = False) -> Position:
        state = await self._state(self._client.account, urgent=urgent)
        return parsing.parse_position(state, symbol, self.instrument(symbol).native)

    async def add_margin(self, symbol: str, amount: Decimal) -> None:
        check_margin_amount(_VENUE, amount)
        action = order_request.margin_action(await self._asset(symbol), amount)
        await self._client.move_margin(action)

    async def book(self, symbol: str, *, urgent: bool = False) -> Book:
        return await self._read_book(symbol, urgent=urgent)

    async def rules(self, symbol: str) -> Rules:
        """The market's precision and the account's fees. Also arms :meth:`submit` for ``symbol``,
        and learns how many actions the account may still send."""
        user = self._client.account
        meta = await self._client.info({"type": "meta"}, limits.QUESTION)
        market = parsing.parse_market(meta, self.instrument(symbol).native)
        fees = await self._client.info({"type": "userFees", "user": user}, limits.QUESTION)
        rules = parsing.parse_rules(market, fees, symbol)
        use = await self._client.info({"type": "userRateLimit", "user": user}, limits.QUESTION)
        self._client.address_budget.observe(*parsing.parse_address_use(use))
        self._assets[symbol] = market.asset
        self._rules[symbol] = rules
        return rules

    async def market_state(self, symbol: str) -> MarketState:
        native, now = self.instrument(symbol).native, self._client.venue_time()
        meta = await self._client.info({"type": "meta"}, limits.QUESTION)
        candles = await self._client.info(candles_question(native, now), limits.CANDLES)
        is_trading = parsing.parse_market(meta, native).is_trading
        rows = parsing.rows("candleSnapshot", candles)
        return parse_state(symbol, native, is_trading, rows, now)

    async def server_time(self) -> datetime:
        """The venue's clock; each call also improves the time that orders are signed with."""
        return await self._client.ask_time()

    def stream_books(self, symbols: Sequence[str]) -> AsyncGenerator[Book, None]:
        """Up to 20 levels a side, at each block or every half second, whichever is slower."""
        books = BookStream([self.instrument(symbol) for symbol in symbols], self._clock)
        return self._remembered(self._stream("hyperliquid books", books.serve))

    async def stream_orders(self) -> AsyncGenerator[OrderReport, None]:
        orders = OrderStream(
            self._client.account, self._tracker, self._orders, lambda: tuple(self._rules)
        )
        async with aclosing(self._stream("hyperliquid orders", orders.serve)) as reports:
            async for report in reports:
                yield report

    async def aclose(self) -> None:
        self._is_closed = True
        await self._connector.aclose()
        await self._client.aclose()

    def _check(self, order: Order) -> None:
        """Raises OrderDenied."""
        rules = self._rules.get(order.symbol)
        breach = order_request.breach(order) or first_breach(
            order, rules, id_pattern=CLIENT_ORDER_ID
        )
        if breach is not None:
            raise OrderDenied(_VENUE, breach)

    async def _place(self, order: Order, price: Decimal, booking: Booking) -> OrderReport:
        action = order_request.order_action(order, self._assets[order.symbol], price)
        self._tracker.sent(order)
        try:
            return self._report(order, await self._client.place(action, booking))
        except NothingMatched:
            return replace(self._report(order, Placed("", None)), status=OrderStatus.EXPIRED)
        except (OrderRejected, AuthenticationFailed, VenueUnavailable):
            self._tracker.not_placed(order.client_order_id)
            raise

    def _report(self, order: Order, placed: Placed) -> OrderReport:
        if placed.cloid not in (None, cloid_of(order.client_order_id)):
            raise OutcomeUnknown(_VENUE, "the order's reply is about another order")
        filled = placed.filled or Decimal(0)
        if filled > order.quantity:
            raise OutcomeUnknown(_VENUE, "the order's reply tells of more than was ordered")
        if filled == order.quantity:
            status = OrderStatus.FILLED
        elif filled and order_request.ends_at_once(order):
            status = OrderStatus.EXPIRED
        else:
            # An IOC order that rests is no IOC order: it is told as what it is, and is cancelled.
            status = OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.NEW
        return OrderReport(
            client_order_id=order.client_order_id,
            venue_order_id=placed.venue_order_id,
            symbol=order.symbol,
            side=order.side,
            status=status,
            quantity=order.quantity,
            filled=filled,
            updated_at=self._client.venue_time(),
        )

    async def _bound(self, order: Order) -> Decimal:
        """Raises VenueUnavailable: the order is not sent without a book."""
        seen = self._books.get(order.symbol)
        try:
            if seen is None or self._clock.monotonic() - seen.received > _BOOK_AGE_S:
                seen = await self._read_book(order.symbol, urgent=True)
        except BadReply as error:
            raise VenueUnavailable(_VENUE, f"not sent without a book: {error.message}") from None
        if seen.best_bid is None or seen.best_ask is None or seen.is_crossed:
            raise VenueUnavailable(_VENUE, "not sent: the book has no middle")
        middle = (seen.best_bid.price + seen.best_ask.price) / 2
        return market_bound(self._rules[order.symbol], order.side, middle)

    async def _read_book(self, symbol: str, *, urgent: bool) -> Book:
        native = self.instrument(symbol).native
        question = {"type": "l2Book", "coin": native}
        body = await self._client.info(question, limits.LIGHT, urgent=urgent)
        return self._seen(parsing.parse_book(body, symbol, native, self._clock.monotonic()))

    async def _asset(self, symbol: str) -> int:
        """A market keeps its place in the universe, so it is asked for once."""
        if symbol not in self._assets:
            meta = await self._client.info({"type": "meta"}, limits.QUESTION, urgent=True)
            native = self.instrument(symbol).native
            self._assets[symbol] = parsing.parse_market(meta, native).asset
        return self._assets[symbol]

    async def _state(self, user: str, *, urgent: bool = False) -> bytes:
        question = {"type": "clearinghouseState", "user": user}
        return await self._client.info(question, limits.LIGHT, urgent=urgent)

    def _seen(self, book: Book) -> Book:
        self._books[book.symbol] = book
        return book

    async def _remembered(self, books: AsyncGenerator[Book, None]) -> AsyncGenerator[Book, None]:
        async with aclosing(books) as changes:
            async for book in changes:
                yield self._seen(book)

    async def _stream(self, name: str, serve: Serve[T]) -> AsyncGenerator[T, None]:
        """Until the adapter is closed."""
        kept = keep_streaming(name, self._dial, serve, self._clock, silence_s=SILENCE_S)
        try:
            async with aclosing(kept) as items:
                async for item in items:
                    yield item
        except _Closed:
            return

    async def _dial(self) -> Connection:
        if self._is_closed:
            raise _Closed
        address = self._endpoints.stream_base + PATH
        return await self._connector.connect(address, timeout_s=self._timeout_s)


class _Closed(Exception):
    """The adapter was closed: no stream comes back."""


def _is_id(client_order_id: str) -> bool:
    try:
        cloid_of(client_order_id)
    except ValueError:
        return False
    return True


def _not_found(client_order_id: str) -> OrderNotFound:
    return OrderNotFound(_VENUE, f"no order can have the id {client_order_id!r}")
