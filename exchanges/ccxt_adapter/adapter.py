"""A venue behind the Exchange protocol, spoken to by ccxt."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from exchanges.account import Balance, Position
from exchanges.book import Book
from exchanges.ccxt_adapter.book_stream import stream_books
from exchanges.ccxt_adapter.dialect import Dialect
from exchanges.ccxt_adapter.order_stream import OrderStream
from exchanges.ccxt_adapter.requests import Requests
from exchanges.ccxt_adapter.sessions import Sessions
from exchanges.ccxt_adapter.wire import Call, Wire
from exchanges.clock import Clock
from exchanges.credentials import Credentials
from exchanges.decimal_json import plain
from exchanges.endpoints import Endpoints
from exchanges.errors import (
    AuthenticationFailed,
    BadReply,
    OrderDenied,
    OrderRejected,
    OutcomeUnknown,
    VenueUnavailable,
)
from exchanges.fill import NONE_KNOWN, Fill, KnownOrders
from exchanges.funding import FundingPayment
from exchanges.instrument import Instrument, InstrumentKind, Venue
from exchanges.margin_amount import check_margin_amount
from exchanges.market_state import MarketState
from exchanges.order import Order, OrderReport
from exchanges.order_check import first_breach
from exchanges.order_tracking import OrderKey, OrderTracker
from exchanges.rate_budget import Booking
from exchanges.reply import fields
from exchanges.rules import Rules
from exchanges.streaming import keep_coming_back
from exchanges.transfer import Transfer


class CcxtExchange:
    """One account. See :class:`exchanges.exchange.Exchange` for every method's contract."""

    def __init__(
        self,
        dialect: Dialect,
        credentials: Credentials | None,
        endpoints: Endpoints,
        clock: Clock,
        *,
        timeout_s: float,
        limits_file: Path | None = None,
    ) -> None:
        """``limits_file``: see :class:`~exchanges.rate_budget.RateBudget`.

        Raises OSError, and ValueError for credentials that are none.
        """
        configuration = dialect.configuration(endpoints, credentials)

        def make_client(wire: Wire, **more: Any) -> Any:
            return dialect.client_class({**configuration, **more, "wire": wire})

        self._dialect = dialect
        self._ask = Requests(
            dialect,
            make_client,
            credentials,
            endpoints,
            clock,
            timeout_s=timeout_s,
            limits_file=limits_file,
        )
        dialect.begin(self._ask)
        self._sessions = Sessions(self._ask, dialect.connect_costs, timeout_s=timeout_s)
        self._clock = clock
        self._tracker = OrderTracker(clock)
        """Of the orders' stream alone."""
        self._rules: dict[str, Rules] = {}

    @property
    def venue(self) -> Venue:
        return self._dialect.venue

    @property
    def kind(self) -> InstrumentKind:
        return self._dialect.kind

    def instrument(self, symbol: str) -> Instrument:
        return self._dialect.instrument(symbol)

    @property
    def clock_in_doubt(self) -> bool:
        return self._ask.clock_in_doubt

    def order_room(self) -> int:
        room = min(self._ask.budget.room(pool) for pool in self._dialect.order_pools)
        more = self._dialect.order_room()
        return room if more is None else min(room, more)

    def book_order(self, *, urgent: bool = False) -> Booking:
        self._dialect.before_order(urgent=urgent)
        return self._ask.rest.book(self._dialect.place_costs, urgent=urgent)

    async def submit(self, order: Order, booking: Booking | None = None) -> OrderReport:
        """Place an order. Trades come with :meth:`order` or the stream, never with this report."""
        try:
            self._check(order)
            if booking is None:
                booking = self.book_order(urgent=True)
            await self._settle_market(order.symbol)  # first: price and precision are that market's
            price = await self._dialect.limit(order)
            self._check_precision(order, price)
            await self._settle_clock()
            self._ask.need_key()
            return await self._place(order, price, booking)
        finally:
            if booking is not None:
                booking.release()  # changes nothing when the order was sent

    async def cancel(self, symbol: str, client_order_id: str) -> None:
        """Ask for a cancel. When the request breaks on the wire it is VenueUnavailable: asking
        twice does no harm."""
        await self._dialect.cancel(await self._private(symbol), client_order_id)

    async def order(
        self, symbol: str, client_order_id: str, *, urgent: bool = False
    ) -> OrderReport:
        """The order, and its trades from the venue's list of trades."""
        return await self._order(OrderKey(symbol, client_order_id, ""), urgent=urgent)

    async def read_order(self, key: OrderKey) -> OrderReport:
        """An order by whichever of its ids is known, without touching the rate reserve. Raises as
        :meth:`order` does."""
        await self._dialect.room_to_read()
        return await self._order(key, urgent=False)

    async def open_orders(self, symbol: str, *, urgent: bool = False) -> Sequence[OrderReport]:
        market = await self._private(symbol)
        return await self._dialect.open_orders(market, symbol, urgent=urgent)

    async def fills(
        self,
        symbol: str,
        since: datetime,
        *,
        known: KnownOrders = NONE_KNOWN,
        urgent: bool = False,
    ) -> Sequence[Fill]:
        market = await self._private(symbol)
        return await self._dialect.fills(market, symbol, since, known, urgent=urgent)

    async def funding(self, symbol: str, since: datetime) -> Sequence[FundingPayment]:
        market = await self._private(symbol)
        return await self._dialect.funding(market, symbol, since)

    async def transfers(self, since: datetime) -> Sequence[Transfer]:
        await self._prepare()
        return await self._dialect.transfers(since)

    async def balances(self) -> Sequence[Balance]:
        await self._prepare()
        return await self._dialect.balances()

    async def position(self, symbol: str, *, urgent: bool = False) -> Position:
        market = await self._private(symbol)
        return await self._dialect.position(market, symbol, urgent=urgent)

    async def add_margin(self, symbol: str, amount: Decimal) -> None:
        check_margin_amount(self.venue, amount)
        market = await self._private(symbol)
        call = Call(
            urgent=True, booking=self._ask.rest.book(self._dialect.margin_costs, urgent=True)
        )
        assert call.booking is not None
        try:
            await self._ask.run(self._dialect.add_margin(market, symbol, amount), call)
        except BadReply as error:
            if not call.is_sent:
                raise
            raise OutcomeUnknown(
                self.venue, f"the margin's reply cannot be understood ({error.message})"
            ) from None
        finally:
            call.booking.release()  # changes nothing when it was sent

    async def book(self, symbol: str, *, urgent: bool = False) -> Book:
        return await self._dialect.book(await self._market(symbol), symbol, urgent=urgent)

    async def rules(self, symbol: str) -> Rules:
        """Also arms :meth:`submit` for ``symbol``."""
        rules = await self._dialect.rules(await self._private(symbol), symbol)
        self._rules[symbol] = rules
        return rules

    async def market_state(self, symbol: str) -> MarketState:
        return await self._dialect.market_state(await self._private(symbol), symbol)

    async def server_time(self) -> datetime:
        """Each call also improves the time that requests are signed with."""
        sent = self._clock.now()
        time = await self._dialect.time()
        self._ask.observe_time(sent, time)
        return time

    def stream_books(self, symbols: Sequence[str]) -> AsyncGenerator[Book, None]:
        async def once() -> AsyncGenerator[Book, None]:
            markets = {await self._market(symbol): symbol for symbol in symbols}
            stream = stream_books(self._sessions, self._dialect, markets, self._clock)
            async with aclosing(stream) as books:
                async for book in books:
                    yield self._dialect.seen(book)

        return keep_coming_back(f"{self.venue} books", once, self._clock)

    def stream_orders(self) -> AsyncGenerator[OrderReport, None]:
        """The stream says which orders have changed; each is then read over REST, whose numbers
        are complete."""

        orders = OrderStream(
            self._dialect, self._tracker, self, lambda: tuple(self._rules), self._clock
        )

        async def once() -> AsyncGenerator[OrderReport, None]:
            await self._prepare()
            async with aclosing(orders.serve(self._sessions)) as reports:
                async for report in reports:
                    yield report

        return keep_coming_back(f"{self.venue} orders", once, self._clock)

    async def aclose(self) -> None:
        await self._sessions.aclose()
        await self._ask.aclose()

    def _check(self, order: Order) -> None:
        """Raises OrderDenied."""
        breach = self._dialect.breach(order) or first_breach(
            order, self._rules.get(order.symbol), id_pattern=self._dialect.id_pattern
        )
        if breach is not None:
            raise OrderDenied(self.venue, breach)

    def _check_precision(self, order: Order, price: Decimal | None) -> None:
        """Raises OrderDenied when ccxt would round: it does by what it believes of a market."""
        client, market = self._ask.client, self._dialect.market_name(order.symbol)
        try:
            quantity = Decimal(client.amount_to_precision(market, plain(order.quantity)))
            sent = price and Decimal(client.price_to_precision(market, plain(price)))
        except Exception as error:
            breach = f"ccxt does not take the order ({type(error).__name__})"
        else:
            if (quantity, sent) == (order.quantity, price):
                return
            breach = f"ccxt would send {quantity} at {sent} for {order.quantity} at {price}"
        raise OrderDenied(self.venue, breach)

    async def _place(self, order: Order, price: Decimal | None, booking: Booking) -> OrderReport:
        call = Call(urgent=True, booking=booking)
        self._tracker.sent(order)
        try:
            reply = await self._ask.run(
                self._ask.client.create_order(
                    self._dialect.market_name(order.symbol),
                    "market" if price is None else "limit",
                    str(order.side),
                    plain(order.quantity),
                    None if price is None else plain(price),
                    dict(self._dialect.parameters(order)),
                ),
                call,
            )
            return self._dialect.placed(order, fields(self.venue, "order", reply))
        except (OrderRejected, AuthenticationFailed, VenueUnavailable):
            self._tracker.not_placed(order.client_order_id)
            raise
        except BadReply as error:
            if call.is_sent:
                failure: OutcomeUnknown | OrderDenied = OutcomeUnknown(
                    self.venue, f"the order's reply cannot be understood ({error.message})"
                )
            else:
                self._tracker.not_placed(order.client_order_id)
                failure = OrderDenied(self.venue, f"ccxt did not send the order ({error.message})")
        raise failure

    async def _order(self, key: OrderKey, *, urgent: bool) -> OrderReport:
        market = await self._private(key.symbol)
        return await self._dialect.order(market, key, urgent=urgent)

    async def _market(self, symbol: str) -> str:
        return await self._dialect.market(symbol)

    async def _private(self, symbol: str) -> str:
        """The market, for a question that needs a key and the time."""
        await self._prepare()
        return await self._market(symbol)

    async def _prepare(self) -> None:
        self._ask.need_key()
        await self._settle_clock()
        await self._ask.load_markets()

    async def _settle_market(self, symbol: str) -> None:
        """Read the markets again if what ccxt knows of this one is about another.

        Raises VenueUnavailable: what was to be sent is not.
        """
        try:
            await self._market(symbol)
        except BadReply as error:
            raise VenueUnavailable(
                self.venue, f"its markets cannot be read: {error.message}"
            ) from None

    async def _settle_clock(self) -> None:
        """Ask for the time again if the venue did not agree with what was signed.

        Raises VenueUnavailable: what was to be sent is not.
        """
        if not self._ask.doubts_clock:
            return
        try:
            await self.server_time()
        except BadReply as error:
            raise VenueUnavailable(
                self.venue, f"its clock cannot be read: {error.message}"
            ) from None
