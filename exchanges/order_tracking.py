"""What an account's orders stream knows: each order so far, and which of them to ask about.

A venue's stream tells of an order piece by piece, may repeat itself, come late, or leave
something out; REST tells all, later. Both are merged here so that what is known of an order only
ever grows: no fill is lost or counted twice, no quantity shrinks, no ended order comes back.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol

from exchanges.clock import Clock
from exchanges.errors import OrderNotFound
from exchanges.fill import Fill
from exchanges.order import Order, OrderReport, OrderStatus

_SETTLED_KEPT = 2_000
"""Of as many ended orders the last word is kept, so that late news of them is merged."""
_GIVE_UP_S = 60.0
"""An order that the venue does not know so long after it was sent never reached it."""


@dataclass(frozen=True, slots=True)
class OrderKey:
    """An order by its ids; either may be "" while it is not known (an order made by hand has no
    client order id)."""

    symbol: str
    client_order_id: str
    venue_order_id: str


class OrderReads(Protocol):
    """The questions that close a gap."""

    async def open_orders(self, symbol: str) -> Sequence[OrderReport]:
        """See :meth:`exchanges.exchange.Exchange.open_orders`."""
        ...

    async def read_order(self, key: OrderKey) -> OrderReport:
        """The order and its fills by whichever id ``key`` has. Raises OrderNotFound."""
        ...


class OrderTracker:
    """The orders of one account. Feed it every order before it is sent, and all news."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._live: list[_Known] = []
        self._settled: dict[int, _Known] = {}
        self._by_client_id: dict[str, _Known] = {}
        self._by_venue_id: dict[str, _Known] = {}

    def sent(self, order: Order) -> None:
        """``order`` is about to be sent: from now on it may be live."""
        if order.client_order_id not in self._by_client_id:
            self._add(_Known(OrderKey(order.symbol, order.client_order_id, ""), self._now()))

    def not_placed(self, client_order_id: str) -> None:
        """The order certainly is not at the venue: refused, or never sent."""
        known = self._by_client_id.get(client_order_id)
        if known is not None and known.report is None:
            self._drop(known)

    def take(self, news: OrderReport) -> OrderReport:
        """Merge what a stream or REST says; returns all that is known of that order now."""
        known = self._find(news.client_order_id, news.venue_order_id)
        if known is None:
            key = OrderKey(news.symbol, news.client_order_id, news.venue_order_id)
            known = self._add(_Known(key, self._now()))
        known.report = merged(known.report, news)
        known.heard_at = self._now()
        self._rename(known)
        if known.is_settled:
            self._settle(known)
        return known.report

    def take_fill(self, fill: Fill) -> OrderReport | None:
        """Merge a trade that a stream tells by itself; None when its order is not known yet, and
        has to be read."""
        known = self._find(fill.client_order_id or "", fill.venue_order_id)
        if known is None or known.report is None:
            return None
        return self.take(replace(known.report, fills=(fill,)))

    def known(self, key: OrderKey) -> OrderReport | None:
        """All that is known of an order; None when nothing has been heard of it."""
        known = self._find(key.client_order_id, key.venue_order_id)
        return None if known is None else known.report

    def unsettled(self, *, quiet_s: float = 0.0) -> tuple[OrderKey, ...]:
        """Orders that may have changed unseen: not ended, or ended with trades still unknown.
        Only those of which nothing was heard for ``quiet_s`` seconds."""
        before = self._now() - quiet_s
        return tuple(known.key for known in self._live if known.heard_at <= before)

    def missing(self, key: OrderKey) -> None:
        """The venue does not know the order. Soon after sending that can mean *not yet*; later
        it never arrived, or is too old for the venue to remember."""
        known = self._find(key.client_order_id, key.venue_order_id)
        if known is not None and self._now() - known.since >= _GIVE_UP_S:
            self._drop(known)

    def _now(self) -> float:
        return self._clock.monotonic()

    def _find(self, client_order_id: str, venue_order_id: str) -> _Known | None:
        known = self._by_venue_id.get(venue_order_id) if venue_order_id else None
        if known is None and client_order_id:
            known = self._by_client_id.get(client_order_id)
        return known

    def _add(self, known: _Known) -> _Known:
        self._live.append(known)
        self._index(known)
        return known

    def _rename(self, known: _Known) -> None:
        """Keep both ids once they are known: events may carry either."""
        report = known.report
        if report is None:
            return
        key = OrderKey(known.key.symbol, report.client_order_id, report.venue_order_id)
        if key != known.key:
            known.key = key
            self._index(known)

    def _index(self, known: _Known) -> None:
        if known.key.client_order_id:
            self._by_client_id[known.key.client_order_id] = known
        if known.key.venue_order_id:
            self._by_venue_id[known.key.venue_order_id] = known

    def _settle(self, known: _Known) -> None:
        if id(known) in self._settled:
            return
        self._live.remove(known)
        self._settled[id(known)] = known
        if len(self._settled) > _SETTLED_KEPT:
            self._unindex(self._settled.pop(next(iter(self._settled))))

    def _drop(self, known: _Known) -> None:
        if id(known) not in self._settled:
            self._live.remove(known)
            self._unindex(known)

    def _unindex(self, known: _Known) -> None:
        self._by_client_id.pop(known.key.client_order_id, None)
        self._by_venue_id.pop(known.key.venue_order_id, None)


class _Known:
    """One order, compared by identity."""

    def __init__(self, key: OrderKey, now: float) -> None:
        self.key = key
        self.since = now
        self.heard_at = now
        self.report: OrderReport | None = None

    @property
    def is_settled(self) -> bool:
        """Nothing more can come of it."""
        return self.report is not None and self.report.is_terminal and self.report.fills_complete


async def catch_up(
    tracker: OrderTracker, reads: OrderReads, symbols: Sequence[str]
) -> AsyncGenerator[OrderReport, None]:
    """Close a gap over REST: what has become of every order that may have changed unseen.

    The open orders of ``symbols`` are listed; of each order that is known and not settled, all
    is read. Costs a request a symbol and one for each unsettled order that is not listed as
    known. Raises what the reads raise, except OrderNotFound.
    """
    unsettled = {key.symbol for key in tracker.unsettled()}
    as_known: set[str] = set()
    for symbol in sorted(unsettled.union(symbols)):
        for listed in await reads.open_orders(symbol):
            report = tracker.take(listed)
            yield report
            if report.fills_complete and not report.is_terminal:
                as_known.add(report.venue_order_id)
    async for report in read_again(
        tracker, reads, [key for key in tracker.unsettled() if key.venue_order_id not in as_known]
    ):
        yield report


async def read_again(
    tracker: OrderTracker, reads: OrderReads, keys: Sequence[OrderKey]
) -> AsyncGenerator[OrderReport, None]:
    """Each order of ``keys`` as REST tells it. Raises as :func:`catch_up` does."""
    for key in keys:
        try:
            report = await reads.read_order(key)
        except OrderNotFound:
            tracker.missing(key)
        else:
            yield tracker.take(report)


def merged(known: OrderReport | None, news: OrderReport) -> OrderReport:
    """Both together. The trades of both, each once (in the words of ``news`` where both have
    it); the larger executed quantity; an end stays an end."""
    before = () if known is None else known.fills
    fills = {fill.trade_id: fill for fill in (*before, *news.fills)}
    traded = sum((fill.quantity for fill in fills.values()), Decimal(0))
    filled = max(news.filled, traded, Decimal(0) if known is None else known.filled)
    whole = replace(
        news,
        filled=filled,
        fills=tuple(sorted(fills.values(), key=lambda fill: (fill.time, fill.trade_id))),
        status=_status(None if known is None else known.status, news, filled),
    )
    if known is None:
        return whole
    return replace(
        whole,
        client_order_id=news.client_order_id or known.client_order_id,
        venue_order_id=news.venue_order_id or known.venue_order_id,
        quantity=news.quantity or known.quantity,
        updated_at=max(known.updated_at, news.updated_at),
    )


def _status(known: OrderStatus | None, news: OrderReport, filled: Decimal) -> OrderStatus:
    had_ended = known is not None and known.is_terminal
    if not (news.is_terminal or had_ended):
        return OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.NEW
    if filled and filled >= news.quantity:
        return OrderStatus.FILLED
    return news.status if news.is_terminal or known is None else known
