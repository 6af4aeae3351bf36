"""Upbit's KRW spot market behind the Exchange protocol."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from exchanges.account import Balance, Position
from exchanges.book import Book
from exchanges.clock import Clock
from exchanges.credentials import Credentials
from exchanges.errors import BadReply, OrderDenied
from exchanges.fill import Fill
from exchanges.funding import FundingPayment
from exchanges.instrument import Instrument, InstrumentKind, Venue
from exchanges.order import Order, OrderReport
from exchanges.order_check import first_breach
from exchanges.rules import Rules
from exchanges.transport import Response, Transport
from exchanges.upbit import limits, order_request, outcomes, parsing
from exchanges.upbit.client import UpbitClient

_CLOSED_WINDOW = timedelta(days=7)
"""Upbit docs, "List closed orders": no longer a span in one question."""
_CLOSED_LIMIT = 1_000
_OPEN_LIMIT = 100
_LONGEST_REST = timedelta(hours=1)
"""Closed orders are found by when they were *made*, so :meth:`UpbitSpot.fills` looks this much
further back. The desk's own orders end at once."""


class UpbitSpot:
    """One Upbit account. See :class:`exchanges.exchange.Exchange` for every method's contract."""

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials | None,
        clock: Clock,
        *,
        timeout_s: float,
    ) -> None:
        self._client = UpbitClient(transport, credentials, clock, timeout_s)
        self._clock = clock
        self._rules: dict[str, Rules] = {}

    @property
    def venue(self) -> Venue:
        return Venue.UPBIT

    @property
    def kind(self) -> InstrumentKind:
        return InstrumentKind.SPOT

    def instrument(self, symbol: str) -> Instrument:
        return Instrument(Venue.UPBIT, InstrumentKind.SPOT, symbol, "KRW", f"KRW-{symbol}")

    def order_room(self) -> int:
        return self._client.order_room()

    async def submit(self, order: Order) -> OrderReport:
        """Place a limit order, or sell at market. The reply is an acknowledgement: fills come
        with :meth:`order`."""
        breach = order_request.breach(order) or first_breach(
            order, self._rules.get(order.symbol), id_pattern=order_request.CLIENT_ORDER_ID
        )
        if breach is not None:
            raise OrderDenied(Venue.UPBIT, breach)
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
            "DELETE", "/v1/order", [("identifier", client_order_id)], urgent=True
        )

    async def order(self, symbol: str, client_order_id: str) -> OrderReport:
        response = await self._client.ask(
            "GET", "/v1/order", [("identifier", client_order_id)], urgent=True
        )
        report = parsing.parse_order(response.body, symbol, self.instrument(symbol).native)
        return parsing.answering(report, client_order_id)

    async def open_orders(self, symbol: str) -> Sequence[OrderReport]:
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
            )
            reports.extend(parsing.parse_orders(response.body, symbol, native))
        return reports

    async def fills(self, symbol: str, since: datetime) -> Sequence[Fill]:
        """Own trades at or after ``since``. Upbit lists trades per order only, so every order
        that traded is asked for by its id, at the pace of the rate limit. A fill is missed when
        its order was resting for more than an hour before ``since`` and is closed by now."""
        native = self.instrument(symbol).native
        reports = {report.venue_order_id: report for report in await self.open_orders(symbol)}
        for report in await self._closed_orders(symbol, native, since - _LONGEST_REST):
            reports[report.venue_order_id] = report
        fills: list[Fill] = []
        for report in reports.values():
            if report.filled:
                await self._client.room_to_ask()
                response = await self._client.ask(
                    "GET", "/v1/order", [("uuid", report.venue_order_id)]
                )
                full = parsing.parse_order(response.body, symbol, native)
                fills.extend(fill for fill in full.fills if fill.time >= since)
        return sorted(fills, key=lambda fill: (fill.time, fill.trade_id))

    async def funding(self, symbol: str, since: datetime) -> Sequence[FundingPayment]:
        """Nothing: holding coins costs and earns no funding."""
        return ()

    async def balances(self) -> Sequence[Balance]:
        return parsing.parse_balances((await self._client.ask("GET", "/v1/accounts")).body)

    async def position(self, symbol: str) -> Position:
        response = await self._client.ask("GET", "/v1/accounts")
        return parsing.parse_position(response.body, symbol)

    async def book(self, symbol: str) -> Book:
        native = self.instrument(symbol).native
        response = await self._client.ask_public("/v1/orderbook", [("markets", native)])
        return parsing.parse_book(response.body, symbol, native, self._clock.monotonic())

    async def rules(self, symbol: str) -> Rules:
        """Fees and minimum of the account, the stated tick, and the book to see where it holds.
        Also arms :meth:`submit` for ``symbol``."""
        native = self.instrument(symbol).native
        chance = await self._client.ask("GET", "/v1/orders/chance", [("market", native)])
        stated = await self._instruments(native)
        tick = parsing.parse_tick(stated.body, native)
        await self._client.room_to_ask(limits.ORDERBOOK)
        rules = parsing.parse_rules(chance.body, tick, await self.book(symbol))
        self._rules[symbol] = rules
        return rules

    async def server_time(self) -> datetime:
        """The Date header of a small reply, right to half a second."""
        return parsing.parse_date_header(await self._instruments("KRW-BTC"))

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _instruments(self, native: str) -> Response:
        """The tick of a market. Shares its limit with the books, which go first: it waits."""
        await self._client.room_to_ask(limits.ORDERBOOK)
        return await self._client.ask_public("/v1/orderbook/instruments", [("markets", native)])

    async def _closed_orders(
        self, symbol: str, native: str, since: datetime
    ) -> Sequence[OrderReport]:
        """Closed orders made at or after ``since``, window by window, oldest first."""
        found: dict[str, OrderReport] = {}
        start, until = since, self._clock.now() + timedelta(seconds=1)
        while start < until:
            end = min(start + _CLOSED_WINDOW, until)
            response = await self._client.ask(
                "GET",
                "/v1/orders/closed",
                [
                    ("market", native),
                    ("start_time", _milliseconds(start)),
                    ("end_time", _milliseconds(end)),
                    ("limit", str(_CLOSED_LIMIT)),
                    ("order_by", "asc"),
                ],
            )
            page = parsing.parse_orders(response.body, symbol, native)
            fresh = [report for report in page if report.venue_order_id not in found]
            found.update((report.venue_order_id, report) for report in page)
            if len(page) == _CLOSED_LIMIT and fresh:
                start = max(report.updated_at for report in page)  # lists carry no trades: made at
            elif len(page) == _CLOSED_LIMIT:
                raise BadReply(Venue.UPBIT, "orders: expected the list of closed orders to go on")
            else:
                start = end
        return list(found.values())


def _milliseconds(time: datetime) -> str:
    return str(int(time.timestamp() * 1000))
