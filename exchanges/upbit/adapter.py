"""Upbit's KRW spot market behind the Exchange protocol."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from exchanges.account import Balance, Position
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
from exchanges.market_state import MarketState
from exchanges.order import Order, OrderReport
from exchanges.order_check import first_breach
from exchanges.order_tracking import OrderKey, OrderTracker
from exchanges.rate_budget import Booking
from exchanges.reply import Fields
from exchanges.rules import Rules
from exchanges.streaming import keep_streaming
from exchanges.transfer import Transfer
from exchanges.transport import Transport
from exchanges.upbit import limits, order_request, outcomes, parsing, streams
from exchanges.upbit.client import UpbitClient
from exchanges.upbit.market_state import CANDLE_MINUTES, CANDLES, parse_state
from exchanges.upbit.own_trades import OwnTrades
from exchanges.upbit.signing import Parameters
from exchanges.upbit.socket import SILENCE_S
from exchanges.upbit.transfers import transfers_since
from exchanges.web_socket import Connector

_OPEN_LIMIT = 100
"""Upbit docs, "List open orders": the longest page."""


class UpbitSpot:
    """One Upbit account. See :class:`exchanges.exchange.Exchange` for every method's contract."""

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
        processes; None: in this one alone. Raises OSError when it cannot be used."""
        self._client = UpbitClient(
            transport, connector, credentials, endpoints, clock, timeout_s, limits_file
        )
        self._clock = clock
        self._orders = OrderTracker(clock)
        self._own_trades = OwnTrades(self._client, clock)
        self._rules: dict[str, Rules] = {}

    @property
    def venue(self) -> Venue:
        return Venue.UPBIT

    @property
    def kind(self) -> InstrumentKind:
        return InstrumentKind.SPOT

    def instrument(self, symbol: str) -> Instrument:
        return Instrument(Venue.UPBIT, InstrumentKind.SPOT, symbol, "KRW", f"KRW-{symbol}")

    @property
    def clock_in_doubt(self) -> bool:
        return False  # a token has no time in it

    def order_room(self) -> int:
        return self._client.order_room()

    def book_order(self, *, urgent: bool = False) -> Booking:
        return self._client.book_order(urgent=urgent)

    async def submit(self, order: Order, booking: Booking | None = None) -> OrderReport:
        """Place a limit order, or sell at market. The reply is an acknowledgement: fills come
        with :meth:`order` and the stream."""
        breach = order_request.breach(order) or first_breach(
            order, self._rules.get(order.symbol), id_pattern=order_request.CLIENT_ORDER_ID
        )
        if breach is not None:
            if booking is not None:
                booking.release()
            raise OrderDenied(Venue.UPBIT, breach)
        native = self.instrument(order.symbol).native
        self._orders.sent(order)
        try:
            response = await self._client.place(order_request.parameters(order, native), booking)
        except (OrderRejected, AuthenticationFailed, VenueUnavailable):
            self._orders.not_placed(order.client_order_id)
            raise
        try:
            report = parsing.parse_order(response.body, order.symbol, native)
            report = parsing.acknowledging(report, order)
        except BadReply as error:
            raise outcomes.unreadable_order(error) from None
        return self._orders.take(report)

    async def cancel(self, symbol: str, client_order_id: str) -> None:
        """Ask for a cancel. When the request breaks on the wire it is VenueUnavailable: asking
        twice does no harm."""
        await self._client.ask(
            "DELETE", "/v1/order", [("identifier", client_order_id)], urgent=True
        )

    async def add_margin(self, symbol: str, amount: Decimal) -> None:
        raise OrderDenied(Venue.UPBIT, "a spot market has no margin")

    async def order(
        self, symbol: str, client_order_id: str, *, urgent: bool = False
    ) -> OrderReport:
        """The order with its fills, and what the stream has told of it."""
        report = await self._order_by_identifier(symbol, client_order_id, urgent=urgent)
        return self._orders.take(report)

    async def read_order(self, key: OrderKey) -> OrderReport:
        """An order of the stream, by whichever of its ids is known, at the pace of the rate
        limit. Raises as :meth:`order` does."""
        await self._client.room_to_ask()
        if key.venue_order_id:
            report = await self._order_by(key.symbol, ("uuid", key.venue_order_id))
            return parsing.of_uuid(report, key.venue_order_id)
        return await self._order_by_identifier(key.symbol, key.client_order_id)

    async def open_orders(self, symbol: str, *, urgent: bool = False) -> Sequence[OrderReport]:
        native = self.instrument(symbol).native
        reports: list[OrderReport] = []
        page = 0
        while len(reports) == page * _OPEN_LIMIT:
            page += 1
            response = await self._client.ask(
                "GET",
                "/v1/orders/open",
                [
                    ("market", native),
                    ("states[]", "wait"),
                    ("states[]", "watch"),
                    ("page", str(page)),
                    ("limit", str(_OPEN_LIMIT)),
                ],
                urgent=urgent,
            )
            reports.extend(parsing.parse_orders(response.body, symbol, native))
        self._own_trades.saw_open(reports)
        return reports

    async def fills(
        self,
        symbol: str,
        since: datetime,
        *,
        known: KnownOrders = NONE_KNOWN,
        urgent: bool = False,
    ) -> Sequence[Fill]:
        """Own trades at or after ``since``. Upbit lists trades per order only, so every order that
        may have traded, and not just what is ``known``, is asked for by its id, at the pace of the
        rate limit. A fill is missed only when its order rested for more than six days before
        ``since``, is closed by now, and was never seen open by this adapter."""
        native = self.instrument(symbol).native
        still_open = await self.open_orders(symbol, urgent=urgent)
        return await self._own_trades.since(symbol, native, since, still_open, known, urgent=urgent)

    async def funding(self, symbol: str, since: datetime) -> Sequence[FundingPayment]:
        """Nothing: holding coins costs and earns no funding."""
        return ()

    async def transfers(self, since: datetime) -> Sequence[Transfer]:
        """See :func:`exchanges.upbit.transfers.transfers_since`. The key needs the permissions to
        see deposits and withdrawals."""

        async def ask(name: str, which: Parameters) -> Sequence[Fields]:
            await self._client.room_to_ask()
            return parsing.rows(name, (await self._client.ask("GET", f"/v1/{name}", which)).body)

        return await transfers_since(ask, since)

    async def balances(self) -> Sequence[Balance]:
        return parsing.parse_balances((await self._client.ask("GET", "/v1/accounts")).body)

    async def position(self, symbol: str, *, urgent: bool = False) -> Position:
        response = await self._client.ask("GET", "/v1/accounts", urgent=urgent)
        return parsing.parse_position(response.body, symbol)

    async def book(self, symbol: str, *, urgent: bool = False) -> Book:
        native = self.instrument(symbol).native
        response = await self._client.ask_public(
            "/v1/orderbook", [("markets", native)], urgent=urgent
        )
        return parsing.parse_book(response.body, symbol, native, self._clock.monotonic())

    async def rules(self, symbol: str) -> Rules:
        """Fees and minimum of the account, the stated tick, and the book to see where it holds.
        Also arms :meth:`submit` for ``symbol``."""
        native = self.instrument(symbol).native
        chance = await self._client.ask("GET", "/v1/orders/chance", [("market", native)])
        # These share their limit with the books, which go first: they wait.
        await self._client.room_to_ask(limits.ORDERBOOK)
        stated = await self._client.ask_public("/v1/orderbook/instruments", [("markets", native)])
        tick = parsing.parse_tick(stated.body, native)
        await self._client.room_to_ask(limits.ORDERBOOK)
        rules = parsing.parse_rules(chance.body, tick, await self.book(symbol))
        self._rules[symbol] = rules
        return rules

    async def market_state(self, symbol: str) -> MarketState:
        native = self.instrument(symbol).native
        chance = await self._client.ask("GET", "/v1/orders/chance", [("market", native)])
        wallets = await self._client.ask("GET", "/v1/status/wallet")
        candles = await self._client.ask_public(
            f"/v1/candles/minutes/{CANDLE_MINUTES}",
            [("market", native), ("count", str(CANDLES))],
            limits.CANDLES,
        )
        return parse_state(
            symbol,
            native,
            parsing.read_object("chance", chance.body).child("market"),
            parsing.rows("wallets", wallets.body),
            parsing.rows("candles", candles.body),
            self._clock.now(),
        )

    async def server_time(self) -> datetime:
        """The Date header of a small reply, right to half a second; one that takes no place from
        the books."""
        await self._client.room_to_ask(limits.TICKER)
        return parsing.parse_date_header(
            await self._client.ask_public("/v1/ticker", [("markets", "KRW-BTC")], limits.TICKER)
        )

    def stream_books(self, symbols: Sequence[str]) -> AsyncGenerator[Book, None]:
        """Best 15 levels a side, whole each time, of all ``symbols`` over one connection."""
        return keep_streaming(
            "upbit books",
            self._client.connect_public,
            lambda connection: streams.books(connection, symbols, self._clock),
            self._clock,
            silence_s=SILENCE_S,
        )

    def stream_orders(self) -> AsyncGenerator[OrderReport, None]:
        """Of all markets in KRW, also of orders that were made elsewhere. One at a time: what
        one has told, another does not tell again."""
        return keep_streaming(
            "upbit orders",
            self._client.connect_private,
            lambda connection: streams.orders(
                connection, self._orders, self, lambda: tuple(self._rules), self._clock
            ),
            self._clock,
            silence_s=SILENCE_S,
        )

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _order_by_identifier(
        self, symbol: str, client_order_id: str, *, urgent: bool = False
    ) -> OrderReport:
        report = await self._order_by(symbol, ("identifier", client_order_id), urgent=urgent)
        return parsing.answering(report, client_order_id)

    async def _order_by(
        self, symbol: str, which: tuple[str, str], *, urgent: bool = False
    ) -> OrderReport:
        response = await self._client.ask("GET", "/v1/order", [which], urgent=urgent)
        return parsing.parse_order(response.body, symbol, self.instrument(symbol).native)
