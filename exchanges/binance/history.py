"""Own trades and funding, over any span of time.

Binance docs, USDⓈ-M futures: "Account trade list" and "Get income history" take at most 7 days
and 1,000 rows in one question, and keep three months.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from exchanges.binance import limits, parsing
from exchanges.binance.client import BinanceClient
from exchanges.binance.forced_closes import forced_close
from exchanges.binance.markets import perpetual
from exchanges.binance.signing import Parameters, milliseconds
from exchanges.binance.transfers import parse_income, transfers_of
from exchanges.clock import Clock
from exchanges.errors import OrderNotFound
from exchanges.fill import Fill, KnownOrders
from exchanges.funding import FundingPayment
from exchanges.order import OrderReport
from exchanges.reply import Fields
from exchanges.transfer import Transfer

_WINDOW = timedelta(days=7) - timedelta(seconds=1)
_KEPT = timedelta(days=92)
_AHEAD = timedelta(days=1)
"""No venue's clock is farther ahead of ours. An order with other times than these is not asked for
week by week."""
PAGE = 1_000
_REMEMBERED_IDS = 10_000
"""Of as many orders the client order id is kept, so that each is asked for once."""


class AccountHistory(ABC):
    """What the account did. How the questions are asked is left open."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._client_order_ids: dict[tuple[str, str], str] = {}

    @abstractmethod
    async def trades(
        self, symbol: str, which: Parameters, *, urgent: bool = False
    ) -> Sequence[Fill]:
        """A page of own trades, oldest first; ``which`` without symbol."""

    @abstractmethod
    async def payments(
        self, symbol: str, income_type: str, which: Parameters
    ) -> Sequence[FundingPayment]:
        """A page of one of the :data:`~exchanges.binance.parsing.FUNDING_TYPES`."""

    @abstractmethod
    async def income(self, which: Parameters) -> Sequence[Fields]:
        """A page of everything that moved the wallet."""

    @abstractmethod
    async def client_order_id(
        self, symbol: str, venue_order_id: str, *, urgent: bool = False
    ) -> str:
        """Raises OrderNotFound."""

    async def fills(
        self, symbol: str, since: datetime, known: KnownOrders, *, urgent: bool
    ) -> Sequence[Fill]:
        """Own trades at or after ``since``. The venue's list names orders by its own id only, so
        the client order id of each is asked for (None: the venue has forgotten the order), unless
        the listed trades are no more than those that are ``known`` of it."""
        found: dict[str, Fill] = {}
        for start, end in _windows(since, self._clock.now()):
            page = await self.trades(symbol, _span(start, end), urgent=urgent)
            while len(page) == PAGE:
                found.update((fill.trade_id, fill) for fill in page)
                after = [("fromId", str(int(page[-1].trade_id) + 1))]
                page = await self.trades(symbol, after, urgent=urgent)
            found.update((fill.trade_id, fill) for fill in page)
        executed: defaultdict[str, Decimal] = defaultdict(Decimal)
        for fill in found.values():
            executed[fill.venue_order_id] += fill.quantity
        fills = []
        for fill in sorted(found.values(), key=_by_time):
            order = fill.venue_order_id
            if fill.time >= since and executed[order] != known.get(order):
                name = await self._client_order_id(symbol, order, urgent)
                forced = None if name is None else forced_close(name)
                fills.append(replace(fill, client_order_id=name, forced=forced))
        return fills

    async def of_order(
        self, symbol: str, report: OrderReport, made_at: datetime, *, urgent: bool
    ) -> Sequence[Fill]:
        """The trades behind ``report``."""
        found: dict[str, Fill] = {}
        now = self._clock.now()
        begin, last = max(made_at, now - _KEPT), min(report.updated_at, now + _AHEAD)
        for start, end in _windows(begin, last):
            which = [("orderId", report.venue_order_id), *_span(start, end)]
            page = await self.trades(symbol, which, urgent=urgent)
            found.update((fill.trade_id, fill) for fill in page)
            while len(page) == PAGE and page[-1].time > start:
                start = page[-1].time  # a full page: on from its last moment
                which = [("orderId", report.venue_order_id), *_span(start, end)]
                page = await self.trades(symbol, which, urgent=urgent)
                found.update((fill.trade_id, fill) for fill in page)
        return sorted(found.values(), key=_by_time)

    async def funding(self, symbol: str, since: datetime) -> Sequence[FundingPayment]:
        """Settlements from the income feed, special ones too. A week holds at most 168 of a
        symbol, so one page per window is always enough."""
        found: dict[str, FundingPayment] = {}
        for start, end in _windows(since, self._clock.now()):
            for income_type in parsing.FUNDING_TYPES:
                which = _span(start, end)
                page = await self.payments(symbol, income_type, which)
                found.update((payment.transaction_id, payment) for payment in page)
        return sorted(found.values(), key=lambda payment: (payment.time, payment.transaction_id))

    async def transfers(self, since: datetime) -> Sequence[Transfer]:
        """What moved the wallet and is neither trade nor funding, from the income feed."""
        found: dict[str, Transfer] = {}
        for start, end in _windows(since, self._clock.now()):
            number, rows = 0, PAGE
            while rows == PAGE:
                number += 1
                page = await self.income([*_span(start, end), ("page", str(number))])
                found.update((it.transfer_id, it) for it in transfers_of(page))
                rows = len(page)
        return sorted(found.values(), key=lambda it: (it.time, it.transfer_id))

    async def _client_order_id(self, symbol: str, venue_order_id: str, urgent: bool) -> str | None:
        known = self._client_order_ids.get((symbol, venue_order_id))
        if known is not None:
            return known
        try:
            found = await self.client_order_id(symbol, venue_order_id, urgent=urgent)
        except OrderNotFound:
            return None
        self._client_order_ids[symbol, venue_order_id] = found
        if len(self._client_order_ids) > _REMEMBERED_IDS:
            del self._client_order_ids[next(iter(self._client_order_ids))]
        return found


class History(AccountHistory):
    """Over our own client."""

    def __init__(self, client: BinanceClient, clock: Clock) -> None:
        super().__init__(clock)
        self._client = client

    async def trades(
        self, symbol: str, which: Parameters, *, urgent: bool = False
    ) -> Sequence[Fill]:
        native = perpetual(symbol).native
        response = await self._client.ask(
            "GET",
            "/fapi/v1/userTrades",
            [("symbol", native), *which, ("limit", str(PAGE))],
            limits.ACCOUNT,
            urgent=urgent,
        )
        return parsing.parse_fills(response.body, symbol, native)

    async def payments(
        self, symbol: str, income_type: str, which: Parameters
    ) -> Sequence[FundingPayment]:
        native = perpetual(symbol).native
        response = await self._client.ask(
            "GET",
            "/fapi/v1/income",
            [("symbol", native), ("incomeType", income_type), *which, ("limit", str(PAGE))],
            limits.INCOME,
        )
        return parsing.parse_funding(response.body, symbol, native, income_type)

    async def income(self, which: Parameters) -> Sequence[Fields]:
        whole = [*which, ("limit", str(PAGE))]
        response = await self._client.ask("GET", "/fapi/v1/income", whole, limits.INCOME)
        return parse_income(response.body)

    async def client_order_id(
        self, symbol: str, venue_order_id: str, *, urgent: bool = False
    ) -> str:
        native = perpetual(symbol).native
        which = [("symbol", native), ("orderId", venue_order_id)]
        response = await self._client.ask("GET", "/fapi/v1/order", which, limits.ONE, urgent=urgent)
        report = parsing.parse_order(response.body, symbol, native)
        return parsing.of_id(report, venue_order_id).client_order_id


def _windows(start: datetime, last: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Spans from ``start`` on that the venue takes in one question, until ``last`` is covered."""
    while start <= last:
        yield start, start + _WINDOW
        start += _WINDOW


def _span(start: datetime, end: datetime) -> Parameters:
    return [("startTime", str(milliseconds(start))), ("endTime", str(milliseconds(end)))]


def _by_time(fill: Fill) -> tuple[datetime, int]:
    return fill.time, int(fill.trade_id)
