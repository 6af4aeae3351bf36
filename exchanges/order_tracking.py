"""What an account's orders stream knows: each order so far, and which of them to ask about.

A venue's stream tells of an order piece by piece, may repeat itself, come late, or leave
something out; REST tells all, later. Both are merged here so that what is known of an order only
ever grows: no fill is lost or counted twice, no quantity shrinks, no ended order comes back.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Protocol

from exchanges.clock import Clock
from exchanges.errors import BadReply, OrderNotFound
from exchanges.fill import Fill
from exchanges.order import Order, OrderReport, OrderStatus

log = logging.getLogger(__name__)

_SETTLED_KEPT = 2_000
"""Of as many ended orders the last word is kept, so that late news of them is merged."""
_LIVE_KEPT = 5_000
"""More orders than any venue lets rest. Orders of which nothing is ever heard again are forgotten
beyond that, oldest first."""
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
        self._live: dict[int, _Known] = {}
        self._settled: dict[int, _Known] = {}
        self._by_client_id: dict[str, _Known] = {}
        self._by_venue_id: dict[tuple[str, str], _Known] = {}
        """By symbol and id: Binance's order ids are unique within a market only."""

    def sent(self, order: Order) -> None:
        """``order`` is about to be sent: from now on it may be live."""
        if order.client_order_id not in self._by_client_id:
            self._add(OrderKey(order.symbol, order.client_order_id, "")).sent = order

    def not_placed(self, client_order_id: str) -> None:
        """The order certainly is not at the venue: refused, or never sent."""
        known = self._by_client_id.get(client_order_id)
        if known is not None and known.report is None:
            self._forget(known)

    def contradicts(self, news: OrderReport) -> bool:
        """What a stream says of an order cannot be: it is of another side or more than was
        ordered, as far as we know. What is known only ever grows, so it is not to be taken; REST
        has to tell."""
        known = self._find(news)
        ordered = None if known is None else known.report or known.sent
        if ordered is None:
            return False
        return news.side is not ordered.side or news.quantity > ordered.quantity

    def take(self, news: OrderReport) -> OrderReport:
        """Merge what a stream or REST says; returns all that is known of that order now."""
        known = self._find(news)
        if known is None:
            known = self._add(OrderKey(news.symbol, news.client_order_id, news.venue_order_id))
        report = merged(known.report, news)
        known.report = report
        known.heard_at = self._clock.monotonic()
        known.key = replace(
            known.key,
            client_order_id=known.key.client_order_id or report.client_order_id,
            venue_order_id=known.key.venue_order_id or report.venue_order_id,
        )
        self._index(known)  # an event may carry either id, and the first one did not carry both
        if report.is_terminal and report.fills_complete:
            self._settle(known)
        return report

    def take_fill(self, fill: Fill) -> OrderReport | None:
        """Merge a trade that a stream tells by itself; None when its order is not known yet, or
        cannot have it, and has to be read."""
        known = self._find(OrderKey(fill.symbol, fill.client_order_id or "", fill.venue_order_id))
        if known is None or known.report is None:
            return None
        fills = {each.trade_id: each for each in (*known.report.fills, fill)}
        filled = max(known.report.filled, _traded(fills.values()))
        if filled > known.report.quantity or fill.side is not known.report.side:
            return None
        forced = known.report.forced or fill.forced
        return self.take(replace(known.report, fills=(fill,), filled=filled, forced=forced))

    def known(self, key: OrderKey) -> OrderReport | None:
        """All that is known of an order; None when nothing has been heard of it."""
        known = self._find(key)
        return None if known is None else known.report

    def unsettled(self, *, quiet_s: float = 0.0) -> tuple[OrderKey, ...]:
        """Orders that may have changed unseen: not ended, or ended with trades still unknown.
        Only those of which nothing was heard for ``quiet_s`` seconds."""
        before = self._clock.monotonic() - quiet_s
        return tuple(known.key for known in self._live.values() if known.heard_at <= before)

    def incomplete(self) -> tuple[OrderKey, ...]:
        """Orders whose known trades do not add up to what was executed."""
        return tuple(
            known.key
            for known in self._live.values()
            if known.report is not None and not known.report.fills_complete
        )

    def missing(self, key: OrderKey) -> None:
        """The venue does not know the order. Soon after sending that can mean *not yet*; later
        it never arrived, or is too old for the venue to remember."""
        known = self._find(key)
        if known is None:
            return
        known.heard_at = self._clock.monotonic()
        if known.heard_at - known.since >= _GIVE_UP_S:
            self._forget(known)

    def _find(self, order: OrderKey | OrderReport) -> _Known | None:
        known = self._by_venue_id.get((order.symbol, order.venue_order_id))
        if known is not None or not order.client_order_id:
            return known
        known = self._by_client_id.get(order.client_order_id)
        if known is not None and known.key.venue_order_id and order.venue_order_id:
            return None  # another program gave its next order the id of one that has ended
        return known

    def _add(self, key: OrderKey) -> _Known:
        known = _Known(key, self._clock.monotonic())
        self._live[id(known)] = known
        self._index(known)
        if len(self._live) > _LIVE_KEPT:
            self._forget(next(iter(self._live.values())))
        return known

    def _settle(self, known: _Known) -> None:
        self._live.pop(id(known), None)
        self._settled[id(known)] = known
        if len(self._settled) > _SETTLED_KEPT:
            self._forget(next(iter(self._settled.values())))

    def _forget(self, known: _Known) -> None:
        self._live.pop(id(known), None)
        self._settled.pop(id(known), None)
        if self._by_client_id.get(known.key.client_order_id) is known:
            del self._by_client_id[known.key.client_order_id]
        self._by_venue_id.pop((known.key.symbol, known.key.venue_order_id), None)

    def _index(self, known: _Known) -> None:
        if known.key.client_order_id:
            self._by_client_id[known.key.client_order_id] = known
        if known.key.venue_order_id:
            self._by_venue_id[known.key.symbol, known.key.venue_order_id] = known


@dataclass(slots=True, eq=False)
class _Known:
    """One order."""

    key: OrderKey
    since: float
    heard_at: float = field(init=False)
    report: OrderReport | None = None
    sent: Order | None = None
    """As we placed it; None for an order that came to us from the venue."""

    def __post_init__(self) -> None:
        self.heard_at = self.since


async def catch_up(
    tracker: OrderTracker, reads: OrderReads, symbols: Sequence[str]
) -> AsyncGenerator[OrderReport, None]:
    """Close a gap over REST: what has become of every order that may have changed unseen.

    The open orders of ``symbols`` are listed; of each order that is known and not settled, all
    is read. Costs a request a symbol and one for each unsettled order that is not listed as
    known. Raises what the reads raise, except OrderNotFound and BadReply: a reply that cannot be
    understood (an order made by hand may be of a sort that we do not know) leaves its orders
    unsettled, and the others are read.
    """
    as_known: set[str] = set()
    for symbol in sorted({key.symbol for key in tracker.unsettled()}.union(symbols)):
        try:
            open_orders = await reads.open_orders(symbol)
        except BadReply as error:
            log.warning("open orders of %s: %s", symbol, error)
            continue
        for listed in open_orders:
            report = tracker.take(listed)
            yield report
            if report.fills_complete and not report.is_terminal:
                as_known.add(report.venue_order_id)
    async for report in read_again(
        tracker, reads, [key for key in tracker.unsettled() if key.venue_order_id not in as_known]
    ):
        yield report


async def read_again(
    tracker: OrderTracker, reads: OrderReads, keys: Iterable[OrderKey]
) -> AsyncGenerator[OrderReport, None]:
    """Each order of ``keys`` as REST tells it. Raises as :func:`catch_up` does."""
    for key in keys:
        try:
            report = await reads.read_order(key)
        except OrderNotFound:
            tracker.missing(key)
        except BadReply as error:
            log.warning("an order of %s: %s", key.symbol, error)
        else:
            yield tracker.take(report)


def merged(known: OrderReport | None, news: OrderReport) -> OrderReport:
    """Both together: the trades of both, each once (in the words of ``news`` where both have
    it); the larger executed quantity; an end stays an end."""
    if known is None:
        return news
    filled = max(news.filled, known.filled)
    return replace(
        news,
        client_order_id=news.client_order_id or known.client_order_id,
        venue_order_id=news.venue_order_id or known.venue_order_id,
        quantity=news.quantity or known.quantity,
        filled=filled,
        fills=_fills(known.fills, news.fills, filled),
        status=_status(known.status, news, filled),
        updated_at=max(known.updated_at, news.updated_at),
        forced=news.forced or known.forced,
    )


def _fills(known: tuple[Fill, ...], news: tuple[Fill, ...], filled: Decimal) -> tuple[Fill, ...]:
    """Trades that add up stand as they are. Others are joined by id, unless that makes more than
    was executed: then stream and REST do not call a trade the same, and REST has to tell all."""
    if _traded(news) == filled:
        return news
    both = {fill.trade_id: fill for fill in (*known, *news)}
    if _traded(both.values()) > filled:
        return known
    return tuple(sorted(both.values(), key=lambda fill: fill.time))


def _traded(fills: Iterable[Fill]) -> Decimal:
    return sum((fill.quantity for fill in fills), Decimal(0))


def _status(known: OrderStatus, news: OrderReport, filled: Decimal) -> OrderStatus:
    if not (news.is_terminal or known.is_terminal):
        return OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.NEW
    if filled and filled >= news.quantity:
        return OrderStatus.FILLED
    return news.status if news.is_terminal else known
