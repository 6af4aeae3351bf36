"""Binance's USDⓈ-margined perpetuals behind the Exchange protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from exchanges.account import Balance, Position
from exchanges.binance import limits, order_request, outcomes, parsing
from exchanges.binance.client import BinanceClient
from exchanges.binance.signing import Parameters
from exchanges.book import Book
from exchanges.clock import Clock
from exchanges.credentials import Credentials
from exchanges.errors import BadReply, OrderDenied, OrderNotFound
from exchanges.fill import Fill
from exchanges.funding import FundingPayment
from exchanges.instrument import Instrument, InstrumentKind, Venue
from exchanges.order import Order, OrderReport
from exchanges.order_check import first_breach
from exchanges.rules import Rules
from exchanges.transport import Transport

_WINDOW = timedelta(days=7) - timedelta(seconds=1)
"""Binance docs, "Account trade list": no longer a span in one question."""
_PAGE = 1_000
_DEPTH = 50
"""Levels a side: the deepest book that still weighs 2."""
_REMEMBERED_IDS = 10_000
"""Of as many orders the client order id is kept, so that each is asked for once."""


class BinancePerpetual:
    """One Binance account. See :class:`exchanges.exchange.Exchange` for every method's contract."""

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials | None,
        clock: Clock,
        *,
        timeout_s: float,
    ) -> None:
        self._client = BinanceClient(transport, credentials, clock, timeout_s)
        self._clock = clock
        self._rules: dict[str, Rules] = {}
        self._client_order_ids: dict[tuple[str, str], str] = {}

    @property
    def venue(self) -> Venue:
        return Venue.BINANCE

    @property
    def kind(self) -> InstrumentKind:
        return InstrumentKind.PERPETUAL

    def instrument(self, symbol: str) -> Instrument:
        return Instrument(Venue.BINANCE, InstrumentKind.PERPETUAL, symbol, "USDT", f"{symbol}USDT")

    def order_room(self) -> int:
        return self._client.order_room()

    async def submit(self, order: Order) -> OrderReport:
        """Place an order. The report of a market or IOC order is final, but without fills: they
        come with :meth:`order`."""
        breach = first_breach(
            order, self._rules.get(order.symbol), id_pattern=order_request.CLIENT_ORDER_ID
        )
        if breach is not None:
            raise OrderDenied(Venue.BINANCE, breach)
        native = self.instrument(order.symbol).native
        response = await self._client.place(order_request.parameters(order, native))
        try:
            report = parsing.parse_order(response.body, order.symbol, native)
            return parsing.answering(report, order.client_order_id)
        except BadReply as error:
            raise outcomes.unreadable_order(error) from None

    async def cancel(self, symbol: str, client_order_id: str) -> None:
        """Ask for a cancel. When the request breaks on the wire it is VenueUnavailable: asking
        twice does no harm."""
        await self._client.ask(
            "DELETE",
            "/fapi/v1/order",
            self._by_id(symbol, client_order_id),
            limits.ONE,
            urgent=True,
        )

    async def order(self, symbol: str, client_order_id: str) -> OrderReport:
        """The order, and its trades from the trade list."""
        native = self.instrument(symbol).native
        response = await self._client.ask(
            "GET", "/fapi/v1/order", self._by_id(symbol, client_order_id), limits.ONE, urgent=True
        )
        report = parsing.parse_order(response.body, symbol, native)
        report = parsing.answering(report, client_order_id)
        if not report.filled:
            return report
        made_at = parsing.parse_order_time(response.body)
        own = [("orderId", report.venue_order_id), ("startTime", _milliseconds(made_at))]
        return parsing.with_fills(report, await self._trades(symbol, own, urgent=True))

    async def open_orders(self, symbol: str) -> Sequence[OrderReport]:
        native = self.instrument(symbol).native
        response = await self._client.ask(
            "GET", "/fapi/v1/openOrders", [("symbol", native)], limits.ONE
        )
        return parsing.parse_orders(response.body, symbol, native)

    async def fills(self, symbol: str, since: datetime) -> Sequence[Fill]:
        """Own trades at or after ``since``; the venue keeps three months of them. Its list names
        orders by the venue's id only, so the client order id of each is asked for (None: the
        venue has forgotten the order)."""
        found: dict[str, Fill] = {}
        start, now = since, self._clock.now()
        while start <= now:
            end = start + _WINDOW
            page = await self._trades(symbol, _span(start, end))
            while len(page) == _PAGE:
                found.update((fill.trade_id, fill) for fill in page)
                page = await self._trades(symbol, [("fromId", str(int(page[-1].trade_id) + 1))])
            found.update((fill.trade_id, fill) for fill in page)
            start = end
        fills = [
            replace(fill, client_order_id=await self._client_order_id(symbol, fill.venue_order_id))
            for fill in found.values()
            if fill.time >= since
        ]
        return sorted(fills, key=lambda fill: (fill.time, int(fill.trade_id)))

    async def funding(self, symbol: str, since: datetime) -> Sequence[FundingPayment]:
        """Settlements from the income feed; the venue keeps three months of them. A week holds
        at most 168 of a symbol, so one page per window is always enough."""
        native = self.instrument(symbol).native
        found: dict[str, FundingPayment] = {}
        start, now = since, self._clock.now()
        while start <= now:
            end = start + _WINDOW
            response = await self._client.ask(
                "GET",
                "/fapi/v1/income",
                [
                    ("symbol", native),
                    ("incomeType", "FUNDING_FEE"),
                    *_span(start, end),
                    ("limit", str(_PAGE)),
                ],
                limits.INCOME,
            )
            page = parsing.parse_funding(response.body, symbol, native)
            found.update((payment.transaction_id, payment) for payment in page)
            start = end
        return list(found.values())

    async def balances(self) -> Sequence[Balance]:
        response = await self._client.ask("GET", "/fapi/v3/balance", (), limits.ACCOUNT)
        return parsing.parse_balances(response.body)

    async def position(self, symbol: str) -> Position:
        native = self.instrument(symbol).native
        response = await self._client.ask(
            "GET", "/fapi/v3/positionRisk", [("symbol", native)], limits.ACCOUNT
        )
        return parsing.parse_position(response.body, symbol, native)

    async def book(self, symbol: str) -> Book:
        native = self.instrument(symbol).native
        response = await self._client.ask_public(
            "/fapi/v1/depth", [("symbol", native), ("limit", str(_DEPTH))], limits.DEPTH
        )
        return parsing.parse_book(response.body, symbol, self._clock.monotonic())

    async def rules(self, symbol: str) -> Rules:
        """The market's filters and the account's fees. Also arms :meth:`submit` for ``symbol``."""
        native = self.instrument(symbol).native
        info = await self._client.ask_public("/fapi/v1/exchangeInfo", (), limits.ONE)
        commission = await self._client.ask(
            "GET", "/fapi/v1/commissionRate", [("symbol", native)], limits.COMMISSION
        )
        rules = parsing.parse_rules(info.body, commission.body, symbol, native)
        self._rules[symbol] = rules
        return rules

    async def server_time(self) -> datetime:
        """The venue's clock; each call also improves the time that requests are signed with."""
        return parsing.parse_time((await self._client.ask_time()).body)

    async def aclose(self) -> None:
        await self._client.aclose()

    def _by_id(self, symbol: str, client_order_id: str) -> Parameters:
        return [
            ("symbol", self.instrument(symbol).native),
            ("origClientOrderId", client_order_id),
        ]

    async def _client_order_id(self, symbol: str, venue_order_id: str) -> str | None:
        known = self._client_order_ids.get((symbol, venue_order_id))
        if known is not None:
            return known
        native = self.instrument(symbol).native
        which = [("symbol", native), ("orderId", venue_order_id)]
        try:
            response = await self._client.ask("GET", "/fapi/v1/order", which, limits.ONE)
        except OrderNotFound:
            return None
        found = parsing.parse_order(response.body, symbol, native).client_order_id
        self._client_order_ids[symbol, venue_order_id] = found
        if len(self._client_order_ids) > _REMEMBERED_IDS:
            del self._client_order_ids[next(iter(self._client_order_ids))]
        return found

    async def _trades(
        self, symbol: str, which: Parameters, *, urgent: bool = False
    ) -> Sequence[Fill]:
        native = self.instrument(symbol).native
        response = await self._client.ask(
            "GET",
            "/fapi/v1/userTrades",
            [("symbol", native), *which, ("limit", str(_PAGE))],
            limits.ACCOUNT,
            urgent=urgent,
        )
        return parsing.parse_fills(response.body, symbol, native)


def _span(start: datetime, end: datetime) -> Parameters:
    return [("startTime", _milliseconds(start)), ("endTime", _milliseconds(end))]


def _milliseconds(time: datetime) -> str:
    return str(int(time.timestamp() * 1000))
