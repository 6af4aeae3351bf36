"""Placing one order and finding out, from evidence alone, what became of it.

An order is in the journal before it is on the wire. It is sent exactly once.
If the venue did not answer, or answered only *accepted*, the order is read by
its client id until the venue shows it final and shows its trades; "no such
order" counts only after it was heard for a grace period (a fresh order can be
invisible for a moment) and no own trade carries the id. In doubt the order
stays undecided and is asked for again later, never replaced.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from exchanges.clock import Clock
from exchanges.errors import (
    ExchangeError,
    OrderDenied,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
)
from exchanges.order import OrderReport, OrderStatus
from exchanges.rate_budget import Booking
from tasks.leg_venue import LegVenue
from tasks.order_news import News, OrderNews
from tasks.settings import Settings
from tasks.settled_order import LegOrder, SettledOrder
from tasks.wire_text import decimal_text, utc_text
from warehouse.records import FillRecord, OrderIntended, OrderOutcome, RecordType

log = logging.getLogger(__name__)

Write = Callable[[RecordType, Mapping[str, Any]], int]
"""The journal's ``write``: returns once the record is with the operating system."""

_LONGEST_PAUSE_S = 1.0
_PAUSE_GROWTH = 1.6
_TRADES_LOOK_BACK = timedelta(minutes=10)
_RESTING_BEFORE_CANCEL_S = 2.0
"""Our orders never rest; one that does this long is cancelled, then read until final."""


@dataclass(slots=True)
class _Doubt:
    """How long the venue has been saying that it does not know the order."""

    since: float | None = None

    def heard(self, now: float) -> float:
        if self.since is None:
            self.since = now
        return now - self.since


class LegExecution:
    """Sends orders of both legs and settles them. Holds no state between calls."""

    def __init__(self, write: Write, clock: Clock, settings: Settings, news: OrderNews) -> None:
        self._write = write
        self._news = news
        self._clock = clock
        self._settings = settings

    def intend(self, venue: LegVenue, leg_order: LegOrder) -> None:
        """Journal the order. Must come before :meth:`send`."""
        order = leg_order.order
        self._write(
            RecordType.ORDER_INTENDED,
            OrderIntended(
                client_order_id=order.client_order_id,
                pair_id=leg_order.pair_id,
                leg=leg_order.leg,
                attempt=leg_order.attempt,
                purpose=leg_order.purpose,
                venue=venue.venue,
                symbol=order.symbol,
                side=order.side,
                type=order.type,
                quantity=decimal_text(order.quantity),
                price=None if order.price is None else decimal_text(order.price),
                time_in_force=order.time_in_force,
                reduce_only=order.reduce_only,
            ),
        )

    def deny(self, leg_order: LegOrder, reason: str) -> SettledOrder:
        """End an intended order that is not sent after all."""
        self._record(leg_order, "denied", final=True, error=reason)
        return _nothing_filled(leg_order, reason)

    async def send(self, venue: LegVenue, leg_order: LegOrder, booking: Booking) -> SettledOrder:
        """Send an intended order, once, on its place in the rate limits, and settle it."""
        with self._news.listening(leg_order.order.client_order_id) as news:
            return await self._send(venue, leg_order, booking, news)

    async def _send(
        self, venue: LegVenue, leg_order: LegOrder, booking: Booking, news: News
    ) -> SettledOrder:
        order = leg_order.order
        try:
            report = await venue.call(venue.exchange.submit(order, booking))
        except OutcomeUnknown as error:
            log.warning("%s: outcome unknown, asking the venue: %s", order.client_order_id, error)
            self._record(leg_order, "unknown", final=False, error=str(error))
            return await self._settle(venue, leg_order, news, acknowledged=False)
        except ExchangeError as error:
            booking.release()
            self._record(leg_order, _kind(error), final=True, error=str(error))
            return _nothing_filled(leg_order, str(error))
        if report.is_terminal and report.fills_complete:
            return self._finish(venue, leg_order, report)
        fee = report.fee_in(_quote(venue, leg_order))
        self._record(leg_order, "reported", final=False, report=report, fee=fee)
        return await self._settle(venue, leg_order, news, acknowledged=True)

    async def settle(
        self, venue: LegVenue, leg_order: LegOrder, *, acknowledged: bool
    ) -> SettledOrder:
        """Read a sent order until it is decided or ``settle_timeout_s`` has passed."""
        with self._news.listening(leg_order.order.client_order_id) as news:
            return await self._settle(venue, leg_order, news, acknowledged=acknowledged)

    async def _settle(
        self, venue: LegVenue, leg_order: LegOrder, news: News, *, acknowledged: bool
    ) -> SettledOrder:
        """Reads at once, then whenever the venue's stream has news or a growing pause is over."""
        clock, settings = self._clock, self._settings
        started = clock.monotonic()
        pause = settings.settle_poll_ms / 1000
        doubt = _Doubt()
        seen: OrderReport | None = None
        cancelled = False
        while True:
            now = clock.monotonic()
            try:
                order = leg_order.order
                seen = await venue.call(
                    venue.exchange.order(order.symbol, order.client_order_id, urgent=True)
                )
            except OrderNotFound as error:
                unheard = doubt.heard(now)
                if (
                    not acknowledged
                    and seen is None
                    and unheard >= settings.unknown_grace_s
                    and not await self._traded(venue, leg_order)
                ):
                    self._record(leg_order, "not_found", final=True, error=str(error))
                    lost = _nothing_filled(leg_order, "the venue never received the order")
                    return replace(lost, never_received=True)
            except ExchangeError as error:
                log.debug("%s: cannot read the order: %s", leg_order.order.client_order_id, error)
            else:
                doubt = _Doubt()
                if seen.is_terminal and seen.fills_complete:
                    return self._finish(venue, leg_order, seen)
                if (
                    not seen.is_terminal
                    and not cancelled
                    and now - started >= _RESTING_BEFORE_CANCEL_S
                ):
                    cancelled = await self._ask_to_cancel(venue, leg_order)
            if clock.monotonic() - started >= settings.settle_timeout_s:
                return self._undecided(venue, leg_order, seen, acknowledged or seen is not None)
            if not await news.wait(pause):
                pause = min(pause * _PAUSE_GROWTH, _LONGEST_PAUSE_S)

    async def _traded(self, venue: LegVenue, leg_order: LegOrder) -> bool:
        """Does any own trade, or any resting order, contradict "no such order"?

        An answer that cannot be had counts as *perhaps*: the order stays undecided.
        """
        order = leg_order.order
        since = self._clock.now() - _TRADES_LOOK_BACK
        try:
            fills = await venue.call(venue.exchange.fills(order.symbol, since, urgent=True))
            resting = await venue.call(venue.exchange.open_orders(order.symbol, urgent=True))
        except ExchangeError:
            return True
        ids = {fill.client_order_id for fill in fills} | {item.client_order_id for item in resting}
        return order.client_order_id in ids

    async def _ask_to_cancel(self, venue: LegVenue, leg_order: LegOrder) -> bool:
        order = leg_order.order
        log.warning("%s rests at %s: cancelling", order.client_order_id, venue.venue)
        try:
            await venue.call(venue.exchange.cancel(order.symbol, order.client_order_id))
        except OrderNotFound:
            return True
        except ExchangeError as error:
            log.warning("%s: cancel not taken: %s", order.client_order_id, error)
            return False
        return True

    def _finish(self, venue: LegVenue, leg_order: LegOrder, report: OrderReport) -> SettledOrder:
        """Journal trades and end of an order that the venue shows final and complete."""
        for fill in report.fills:
            self._write(
                RecordType.FILL,
                FillRecord(
                    venue=venue.venue,
                    symbol=fill.symbol,
                    trade_id=fill.trade_id,
                    client_order_id=leg_order.order.client_order_id,
                    venue_order_id=fill.venue_order_id,
                    pair_id=leg_order.pair_id,
                    leg=leg_order.leg,
                    side=fill.side,
                    price=decimal_text(fill.price),
                    quantity=decimal_text(fill.quantity),
                    fee=decimal_text(fill.fee),
                    fee_currency=fill.fee_currency,
                    time=utc_text(fill.time),
                ),
            )
        error = None if report.filled >= leg_order.order.quantity else _shortfall(report)
        quote = _quote(venue, leg_order)
        for currency in report.fee_currencies - {quote}:
            log.critical(
                "%s: %s took its fee in %s: it stands in the journal but not in the pair's result, "
                "which is in %s; switch paying fees in %s off",
                leg_order.order.client_order_id, venue.venue, currency, quote, currency,
            )  # fmt: skip
        fee = report.fee_in(quote)
        self._record(leg_order, "reported", final=True, report=report, fee=fee, error=error)
        return SettledOrder(
            leg_order, True, report.filled, report.value, fee, error, acknowledged=True
        )

    def _undecided(
        self, venue: LegVenue, leg_order: LegOrder, seen: OrderReport | None, acknowledged: bool
    ) -> SettledOrder:
        error = (
            f"{leg_order.order.client_order_id}: undecided after "
            f"{self._settings.settle_timeout_s:g} s; the venue is asked again"
        )
        filled = Decimal(0) if seen is None else seen.filled
        value = Decimal(0) if seen is None else seen.value
        fee = Decimal(0) if seen is None else seen.fee_in(_quote(venue, leg_order))
        self._record(leg_order, "unknown", final=False, report=seen, fee=fee, error=error)
        return SettledOrder(leg_order, False, filled, value, fee, error, acknowledged)

    def _record(
        self,
        leg_order: LegOrder,
        outcome: str,
        *,
        final: bool,
        report: OrderReport | None = None,
        fee: Decimal | None = None,
        error: str | None = None,
    ) -> None:
        self._write(
            RecordType.ORDER_OUTCOME,
            OrderOutcome(
                client_order_id=leg_order.order.client_order_id,
                outcome=outcome,
                final=final,
                status=report.status if report else None,
                venue_order_id=report.venue_order_id if report else None,
                filled=decimal_text(report.filled) if report else None,
                value=decimal_text(report.value) if report else None,
                fee=None if report is None or fee is None else decimal_text(fee),
                error=error,
            ),
        )


def _quote(venue: LegVenue, leg_order: LegOrder) -> str:
    """What the leg is paid in."""
    return venue.exchange.instrument(leg_order.order.symbol).quote


def _nothing_filled(leg_order: LegOrder, error: str) -> SettledOrder:
    return SettledOrder(leg_order, True, Decimal(0), Decimal(0), Decimal(0), error)


def _kind(error: ExchangeError) -> str:
    """The journal's word for an error after which nothing can have executed."""
    if isinstance(error, OrderDenied):
        return "denied"
    if isinstance(error, OrderRejected):
        return "rejected"
    return "unavailable"


def _shortfall(report: OrderReport) -> str:
    status = "partly filled" if report.filled > 0 else "not filled"
    if report.status is OrderStatus.REJECTED:
        status = "rejected"
    return f"{status}: {report.filled:f} of {report.quantity:f} {report.symbol}"
