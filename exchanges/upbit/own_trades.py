"""Own trades, found through the orders that they belong to.

Upbit has no list of trades, only orders with theirs; and it lists closed orders
by when they were *made* (Upbit docs, "List closed orders"). So an order that
rested for long is found by looking further back than asked for, and by
remembering every order that was seen open.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from exchanges.clock import Clock
from exchanges.errors import BadReply, OrderNotFound
from exchanges.fill import Fill, KnownOrders
from exchanges.instrument import Venue
from exchanges.order import OrderReport
from exchanges.upbit import parsing
from exchanges.upbit.client import UpbitClient
from exchanges.upbit.parsing import ListedOrder

_T = TypeVar("_T")

_WINDOW = timedelta(days=7)
"""Upbit docs, "List closed orders": no longer a span in one question."""
_PAGE = 1_000
LONGEST_REST = timedelta(days=6)
"""How much further back orders are listed that may have rested: with a day asked for, one question
is enough. One that rested for longer is found if it was seen open here."""
_SLOW_MATCH = timedelta(minutes=10)
"""… and orders that trade at once or never, for a venue that is slow."""
_REMEMBERED = 10_000


class TradesOfOrders(ABC):
    """The trades of one account. An order that has ended is read once. How the questions are
    asked, at the pace of the rate limit, is left open."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen_open: dict[str, str] = {}
        self._ended: dict[str, OrderReport] = {}

    @abstractmethod
    async def read(
        self, venue_order_id: str, symbol: str, native: str, *, urgent: bool
    ) -> OrderReport:
        """An order with its trades."""

    @abstractmethod
    async def closed(
        self,
        symbol: str,
        native: str,
        start: datetime,
        end: datetime,
        limit: int,
        *,
        urgent: bool,
    ) -> Sequence[ListedOrder]:
        """The first ``limit`` closed orders that were made from ``start`` to ``end``."""

    def saw_open(self, reports: Iterable[OrderReport]) -> None:
        """These orders are open: whatever they trade later belongs to this account."""
        for report in reports:
            if report.venue_order_id not in self._ended:
                _remember(self._seen_open, report.venue_order_id, report.symbol)

    async def since(
        self,
        symbol: str,
        native: str,
        start: datetime,
        still_open: Iterable[OrderReport],
        known: KnownOrders,
        *,
        urgent: bool,
    ) -> Sequence[Fill]:
        """Trades at or after ``start``, oldest first, at the pace of the rate limit.
        ``still_open``: the orders that are open now, which must have been seen. An order that
        executed what is ``known`` of it is not read. ``urgent`` may use the rate reserve."""
        untouched = {
            report.venue_order_id
            for report in still_open
            if report.filled == known.get(report.venue_order_id, Decimal(0))
        }
        closed = await self._closed(symbol, native, start - LONGEST_REST, urgent)
        due = [
            listed.report.venue_order_id
            for listed in closed
            if listed.report.filled != known.get(listed.report.venue_order_id, Decimal(0))
            and (listed.may_rest or listed.report.updated_at >= start - _SLOW_MATCH)
        ]
        due.extend(
            order
            for order, seen in self._seen_open.items()
            if seen == symbol and order not in untouched
        )
        reports: dict[str, OrderReport] = {}
        for order in dict.fromkeys(due):
            try:
                reports[order] = await self._read(order, symbol, native, urgent)
            except OrderNotFound:  # a list that made no sense once is not to be believed for ever
                self._seen_open.pop(order, None)
                raise
        reports.update(
            (order, report) for order, report in self._ended.items() if report.symbol == symbol
        )
        fills = [fill for report in reports.values() for fill in report.fills if fill.time >= start]
        return sorted(fills, key=lambda fill: (fill.time, fill.trade_id))

    async def _read(
        self, venue_order_id: str, symbol: str, native: str, urgent: bool
    ) -> OrderReport:
        if venue_order_id in self._ended:
            return self._ended[venue_order_id]
        told = await self.read(venue_order_id, symbol, native, urgent=urgent)
        report = parsing.of_uuid(told, venue_order_id)
        if report.is_terminal and report.fills_complete:
            self._seen_open.pop(venue_order_id, None)
            if report.fills:
                _remember(self._ended, venue_order_id, report)
        return report

    async def _closed(
        self, symbol: str, native: str, since: datetime, urgent: bool
    ) -> Sequence[ListedOrder]:
        """Closed orders made at or after ``since``, window by window, oldest first."""
        found: dict[str, ListedOrder] = {}
        start, until = since, self._clock.now() + timedelta(seconds=1)
        while start < until:
            end = min(start + _WINDOW, until)
            page = await self.closed(symbol, native, start, end, _PAGE, urgent=urgent)
            is_news = any(listed.report.venue_order_id not in found for listed in page)
            found.update((listed.report.venue_order_id, listed) for listed in page)
            if len(page) < _PAGE:
                start = end
            elif is_news:  # lists carry no trades, so an order was last changed when it was made
                start = max(listed.report.updated_at for listed in page)
            else:
                raise BadReply(Venue.UPBIT, "orders: expected the list of closed orders to go on")
        return list(found.values())


class OwnTrades(TradesOfOrders):
    """Over our own client."""

    def __init__(self, client: UpbitClient, clock: Clock) -> None:
        super().__init__(clock)
        self._client = client

    async def read(
        self, venue_order_id: str, symbol: str, native: str, *, urgent: bool
    ) -> OrderReport:
        await self._client.room_to_ask(urgent=urgent)
        which = [("uuid", venue_order_id)]
        response = await self._client.ask("GET", "/v1/order", which, urgent=urgent)
        return parsing.parse_order(response.body, symbol, native)

    async def closed(
        self,
        symbol: str,
        native: str,
        start: datetime,
        end: datetime,
        limit: int,
        *,
        urgent: bool,
    ) -> Sequence[ListedOrder]:
        await self._client.room_to_ask(urgent=urgent)
        response = await self._client.ask(
            "GET",
            "/v1/orders/closed",
            [
                ("market", native),
                ("start_time", milliseconds(start)),
                ("end_time", milliseconds(end)),
                ("limit", str(limit)),
                ("order_by", "asc"),
            ],
            urgent=urgent,
        )
        return parsing.parse_listed(response.body, symbol, native)


def _remember(known: dict[str, _T], venue_order_id: str, what: _T) -> None:
    known[venue_order_id] = what
    if len(known) > _REMEMBERED:
        del known[next(iter(known))]


def milliseconds(time: datetime) -> str:
    return str(int(time.timestamp() * 1000))
