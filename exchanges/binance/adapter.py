"""Binance's USDⓈ-margined perpetuals behind the Exchange protocol."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

from exchanges.account import Balance, Position
from exchanges.binance import limits, order_request, outcomes, parsing
from exchanges.binance.book_stream import SILENCE_S, BookStream
from exchanges.binance.book_sync import SNAPSHOT_LEVELS
from exchanges.binance.client import BinanceClient
from exchanges.binance.depth import DepthSnapshot, parse_snapshot
from exchanges.binance.history import History
from exchanges.binance.market_state import CANDLES, INTERVAL, parse_state
from exchanges.binance.markets import perpetual
from exchanges.binance.order_entry import RestEntry, WebSocketEntry
from exchanges.binance.order_stream import OrderStream
from exchanges.binance.ws_api import PATH
from exchanges.book import Book
from exchanges.clock import Clock
from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.errors import (
    AuthenticationFailed,
    BadReply,
    OrderDenied,
    OrderRejected,
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
from exchanges.reply import document
from exchanges.rules import Rules
from exchanges.streaming import StreamClosed, keep_streaming
from exchanges.transfer import Transfer
from exchanges.transport import Transport
from exchanges.web_socket import Connection, Connector

_DEPTH = 50
"""Levels a side: the deepest book that still weighs 2."""
_OUR_ID = "origClientOrderId"


class BinancePerpetual:
    """One Binance account. See :class:`exchanges.exchange.Exchange` for every method's contract."""

    def __init__(
        self,
        transport: Transport,
        connector: Connector,
        credentials: Credentials | None,
        endpoints: Endpoints,
        clock: Clock,
        *,
        timeout_s: float,
        order_entry: Literal["rest", "websocket"] = "rest",
        limits_file: Path | None = None,
    ) -> None:
        """``order_entry``: what orders are sent over; ``websocket`` falls back to REST while it is
        not connected. ``limits_file``: where the use of the rate limits is counted together with
        other processes; None: in this one alone.

        Raises:
            ValueError: the secret cannot be signed with.
            AuthenticationFailed: ``websocket`` without a key.
            OSError: ``limits_file`` cannot be used.
        """
        self._client = BinanceClient(transport, credentials, clock, timeout_s, limits_file)
        self._connector = connector
        self._endpoints = endpoints
        self._clock = clock
        self._timeout_s = timeout_s
        self._history = History(self._client, clock)
        self._tracker = OrderTracker(clock)
        """Of the orders' stream alone: what a caller is told by the way, such as an order's end in
        the reply to it, is told on the stream all the same."""
        self._rules: dict[str, Rules] = {}
        self._is_closed = False
        self._entry: RestEntry | WebSocketEntry = RestEntry(self._client)
        if order_entry == "websocket":
            self._entry = WebSocketEntry(
                self._client,
                lambda: self._dial(endpoints.order_entry_base + PATH),
                clock,
                timeout_s=timeout_s,
            )

    @property
    def venue(self) -> Venue:
        return Venue.BINANCE

    @property
    def kind(self) -> InstrumentKind:
        return InstrumentKind.PERPETUAL

    def instrument(self, symbol: str) -> Instrument:
        return perpetual(symbol)

    @property
    def order_entry_ready(self) -> bool:
        """The next order goes the way that was chosen; False: over REST instead."""
        return self._entry.is_ready

    @property
    def clock_in_doubt(self) -> bool:
        return self._client.clock_in_doubt

    def order_room(self) -> int:
        return self._client.order_room()

    def book_order(self, *, urgent: bool = False) -> Booking:
        return self._client.book_order(urgent=urgent)

    async def submit(self, order: Order, booking: Booking | None = None) -> OrderReport:
        """Place an order. The report of a market or IOC order is final, but its trades come with
        :meth:`order` or the stream: since mid-2026 the reply has no price."""
        try:
            breach = first_breach(
                order, self._rules.get(order.symbol), id_pattern=order_request.CLIENT_ORDER_ID
            )
            if breach is not None:
                raise OrderDenied(Venue.BINANCE, breach)
            if booking is None:
                booking = self.book_order(urgent=True)
            return await self._place(order, booking)
        finally:
            if booking is not None:
                booking.release()  # changes nothing when the order was sent

    async def _place(self, order: Order, booking: Booking) -> OrderReport:
        native = perpetual(order.symbol).native
        self._tracker.sent(order)
        try:
            response = await self._entry.place(order_request.parameters(order, native), booking)
        except (OrderRejected, AuthenticationFailed, VenueUnavailable):
            self._tracker.not_placed(order.client_order_id)
            raise
        try:
            report = parsing.parse_order(response.body, order.symbol, native)
            return parsing.about(report, order)
        except BadReply as error:
            raise outcomes.unreadable_order(error) from None

    async def cancel(self, symbol: str, client_order_id: str) -> None:
        """Ask for a cancel. When the request breaks on the wire it is VenueUnavailable: asking
        twice does no harm."""
        await self._client.ask(
            "DELETE",
            "/fapi/v1/order",
            [("symbol", perpetual(symbol).native), (_OUR_ID, client_order_id)],
            limits.ONE,
            urgent=True,
        )

    async def order(
        self, symbol: str, client_order_id: str, *, urgent: bool = False
    ) -> OrderReport:
        """The order, and its trades from the trade list."""
        return await self._read(symbol, (_OUR_ID, client_order_id), urgent=urgent)

    async def open_orders(self, symbol: str, *, urgent: bool = False) -> Sequence[OrderReport]:
        native = perpetual(symbol).native
        response = await self._client.ask(
            "GET", "/fapi/v1/openOrders", [("symbol", native)], limits.ONE, urgent=urgent
        )
        return parsing.parse_orders(response.body, symbol, native)

    async def fills(
        self,
        symbol: str,
        since: datetime,
        *,
        known: KnownOrders = NONE_KNOWN,
        urgent: bool = False,
    ) -> Sequence[Fill]:
        """See :meth:`exchanges.binance.history.History.fills`."""
        return await self._history.fills(symbol, since, known, urgent=urgent)

    async def funding(self, symbol: str, since: datetime) -> Sequence[FundingPayment]:
        """See :meth:`exchanges.binance.history.History.funding`."""
        return await self._history.funding(symbol, since)

    async def transfers(self, since: datetime) -> Sequence[Transfer]:
        """See :meth:`exchanges.binance.history.History.transfers`."""
        return await self._history.transfers(since)

    async def balances(self) -> Sequence[Balance]:
        response = await self._client.ask("GET", "/fapi/v3/balance", (), limits.ACCOUNT)
        return parsing.parse_balances(response.body)

    async def position(self, symbol: str, *, urgent: bool = False) -> Position:
        native = perpetual(symbol).native
        response = await self._client.ask(
            "GET", "/fapi/v3/positionRisk", [("symbol", native)], limits.ACCOUNT, urgent=urgent
        )
        return parsing.parse_position(response.body, symbol, native)

    async def add_margin(self, symbol: str, amount: Decimal) -> None:
        check_margin_amount(Venue.BINANCE, amount)
        await self._client.move_margin(
            order_request.margin_parameters(perpetual(symbol).native, amount)
        )

    async def book(self, symbol: str, *, urgent: bool = False) -> Book:
        native = perpetual(symbol).native
        which = [("symbol", native), ("limit", str(_DEPTH))]
        response = await self._client.ask_public(
            "/fapi/v1/depth", which, limits.DEPTH_50, urgent=urgent
        )
        return parsing.parse_book(response.body, symbol, self._clock.monotonic())

    async def rules(self, symbol: str) -> Rules:
        """The market's filters and the account's fees. Also arms :meth:`submit` for ``symbol``.

        Raises BadReply too for an account that pays its fees in BNB: the books are in USDT.
        """
        native = perpetual(symbol).native
        info = await self._client.ask_public("/fapi/v1/exchangeInfo", (), limits.ONE)
        commission = await self._client.ask(
            "GET", "/fapi/v1/commissionRate", [("symbol", native)], limits.COMMISSION
        )
        burn = await self._client.ask("GET", "/fapi/v1/feeBurn", (), limits.FEE_BURN)
        if parsing.pays_in_bnb(burn.body):
            raise BadReply(Venue.BINANCE, outcomes.FEES_IN_BNB)
        rules = parsing.parse_rules(info.body, commission.body, symbol, native)
        self._rules[symbol] = rules
        self._entry.start()
        return rules

    async def market_state(self, symbol: str) -> MarketState:
        native = perpetual(symbol).native
        info = await self._client.ask_public("/fapi/v1/exchangeInfo", (), limits.ONE)
        which = [("symbol", native), ("interval", INTERVAL), ("limit", str(CANDLES))]
        klines = await self._client.ask_public("/fapi/v1/klines", which, limits.KLINES)
        return parse_state(
            symbol,
            native,
            parsing.read_object("exchangeInfo", info.body),
            document(Venue.BINANCE, "klines", klines.body),
            self._client.venue_time(),
        )

    async def server_time(self) -> datetime:
        """The venue's clock; each call also improves the time that requests are signed with."""
        return parsing.parse_time((await self._client.ask_time()).body)

    def stream_books(self, symbols: Sequence[str]) -> AsyncGenerator[Book, None]:
        """Best 20 levels a side: changes are 100 ms old at most, the touch comes at once."""
        books = BookStream([perpetual(symbol) for symbol in symbols], self._snapshot, self._clock)
        return keep_streaming(
            "binance books",
            lambda: self._dial_stream(books.path),
            books.serve,
            self._clock,
            silence_s=SILENCE_S,
        )

    def stream_orders(self) -> AsyncGenerator[OrderReport, None]:
        orders = OrderStream(
            self._client,
            self._tracker,
            self,
            lambda: tuple(self._rules),
            self._dial_stream,
            self._clock,
        )
        return keep_streaming(
            "binance orders", orders.connect, orders.serve, self._clock, silence_s=None
        )

    async def read_order(self, key: OrderKey) -> OrderReport:
        """An order by whichever of its ids is known. Raises as :meth:`order` does."""
        if key.client_order_id:
            return await self.order(key.symbol, key.client_order_id, urgent=True)
        return await self._read(key.symbol, ("orderId", key.venue_order_id), urgent=True)

    async def aclose(self) -> None:
        self._is_closed = True
        await self._entry.aclose()
        await self._connector.aclose()
        await self._client.aclose()

    async def _read(self, symbol: str, which: tuple[str, str], *, urgent: bool) -> OrderReport:
        native = perpetual(symbol).native
        response = await self._client.ask(
            "GET", "/fapi/v1/order", [("symbol", native), which], limits.ONE, urgent=urgent
        )
        report = parsing.parse_order(response.body, symbol, native)
        check = parsing.answering if which[0] == _OUR_ID else parsing.of_id
        report = check(report, which[1])
        if report.filled:
            made_at = parsing.parse_order_time(response.body)
            trades = await self._history.of_order(symbol, report, made_at, urgent=urgent)
            report = parsing.with_fills(report, trades)
        return report

    async def _snapshot(self, native: str) -> DepthSnapshot:
        which = [("symbol", native), ("limit", str(SNAPSHOT_LEVELS))]
        response = await self._client.ask_public("/fapi/v1/depth", which, limits.DEPTH_1000)
        return parse_snapshot(response.body)

    async def _dial(self, address: str) -> Connection:
        if self._is_closed:
            raise StreamClosed
        return await self._connector.connect(address, timeout_s=self._timeout_s)

    async def _dial_stream(self, path: str) -> Connection:
        return await self._dial(self._endpoints.stream_base + path)
