"""The questions about orders that a stream may have left something out of, and few of them.

What rests is one question for all markets, an order's status is a light one, and the trades of all
orders are one more. To ask for the trades of each order by itself (22 weight of 900 a minute) would
use up a minute's room on the orders of a single gap; then what they traded is told a minute late.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Sequence
from datetime import datetime
from typing import Protocol

from exchanges.fill import Fill
from exchanges.hyperliquid.order_parsing import ToldOrder, parse_open_orders
from exchanges.order import OrderReport
from exchanges.order_tracking import OrderKey, OrderTracker


class Questions(Protocol):
    """See :class:`exchanges.hyperliquid.own_orders.OwnOrders`."""

    async def listing(self) -> bytes: ...

    async def told(self, key: OrderKey) -> ToldOrder: ...

    async def trades_of(self, orders: Collection[int], since: datetime) -> Sequence[Fill]: ...


class GapReads:
    """The :class:`~exchanges.order_tracking.OrderReads` of one gap. An order is read without its
    trades; those that are not known from elsewhere :meth:`complete` gets for all in the end."""

    def __init__(self, questions: Questions, tracker: OrderTracker) -> None:
        self._questions = questions
        self._tracker = tracker
        self._listing: bytes | None = None
        self._made_at: dict[OrderKey, datetime] = {}

    async def open_orders(self, symbol: str) -> Sequence[OrderReport]:
        """Asked once for all markets."""
        if self._listing is None:
            self._listing = await self._questions.listing()
        return parse_open_orders(self._listing, symbol, symbol)

    async def read_order(self, key: OrderKey) -> OrderReport:
        """Raises OrderNotFound too."""
        told = await self._questions.told(key)
        self._made_at[key] = told.made_at
        return told.report

    async def complete(self) -> AsyncGenerator[OrderReport, None]:
        """The orders read, as far as their trades did not add up, with all trades since the first
        of them was made."""
        before: dict[OrderKey, OrderReport] = {}
        for key in self._made_at:
            report = self._tracker.known(key)
            if report is not None and not report.fills_complete:
                before[key] = report
        if not before:
            return
        since = min(self._made_at[key] for key in before)
        ids = {int(report.venue_order_id) for report in before.values()}
        for fill in await self._questions.trades_of(ids, since):
            self._tracker.take_fill(fill)
        for key, report in before.items():
            now = self._tracker.known(key)
            if now is not None and now != report:
                yield now
