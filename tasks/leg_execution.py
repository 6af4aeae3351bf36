"""Placing one order and finding out, from evidence alone, what became of it.

An order is in the journal before it is on the wire. It is sent exactly once.
If the venue did not answer, or answered only *accepted*, the order is read by
its client id until the venue shows it final and shows its trades; "no such
order" counts only after it was heard for a grace period (a fresh order can be
invisible for a moment) and neither trades nor resting orders nor the coin on
the account show a trace of it. In doubt the order stays undecided and is asked
for again later, never replaced. A desk that has lost its lease sends nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from exchanges.clock import Clock
from exchanges.errors import (
    ExchangeError,
    OrderNotFound,
    OutcomeUnknown,
)
from exchanges.order import OrderReport, OrderStatus
from exchanges.rate_budget import Booking
from tasks.coin_evidence import CoinEvidence
from tasks.leg_venue import LegVenue
from tasks.no_trace import ExecutedBesides, trace_of
from tasks.order_news import News, OrderNews
from tasks.order_records import OrderRecords, quote_of, word_for
from tasks.settings import Settings
from tasks.settled_order import LegOrder, SettledOrder
from warehouse import LeaseLost
from warehouse.records import RecordType

log = logging.getLogger(__name__)

Write = Callable[[RecordType, Mapping[str, Any]], int]
"""The journal's ``write``: returns once the record is with the operating system."""

_LONGEST_PAUSE_S = 1.0
_PAUSE_GROWTH = 1.6
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

    def __init__(
        self,
        write: Write,
        clock: Clock,
        settings: Settings,
        news: OrderNews,
        coin: CoinEvidence,
        executed_besides: ExecutedBesides,
        check_lease: Callable[[], None],
    ) -> None:
        """``check_lease`` raises LeaseLost when somebody else trades on this journal by now."""
        self._records = OrderRecords(write)
        self._news = news
        self._clock = clock
        self._settings = settings
        self._coin = coin
        self._executed_besides = executed_besides
        self._check_lease = check_lease

    def intend(self, venue: LegVenue, leg_order: LegOrder) -> None:
        """Journal the order. Must come before :meth:`send`."""
        self._records.intended(venue, leg_order)

    def deny(self, venue: LegVenue, leg_order: LegOrder, reason: str) -> SettledOrder:
        """End an intended order that is not sent after all."""
        self._records.outcome(venue, leg_order, "denied", final=True, error=reason)
        return _nothing_filled(leg_order, reason)

    async def send(self, venue: LegVenue, leg_order: LegOrder, booking: Booking) -> SettledOrder:
        """Send an intended order, once, on its place in the rate limits, and settle it.

        Raises LeaseLost: nothing was sent, and who holds the lease finds out about the order.
        """
        with self._news.listening(leg_order.order.client_order_id) as news:
            return await self._send(venue, leg_order, booking, news)

    async def _send(
        self, venue: LegVenue, leg_order: LegOrder, booking: Booking, news: News
    ) -> SettledOrder:
        order = leg_order.order
        try:
            self._check_lease()
        except LeaseLost:
            booking.release()
            raise
        try:
            report = await venue.call(venue.exchange.submit(order, booking))
        except OutcomeUnknown as error:
            log.warning("%s: outcome unknown, asking the venue: %s", order.client_order_id, error)
            self._records.outcome(venue, leg_order, "unknown", final=False, error=str(error))
            return await self._settle(venue, leg_order, news, acknowledged=False)
        except ExchangeError as error:
            booking.release()
            word = word_for(error)
            self._records.outcome(venue, leg_order, word, final=True, error=str(error))
            return _nothing_filled(leg_order, str(error))
        if report.is_terminal and report.fills_complete:
            return self._finish(venue, leg_order, report)
        self._records.outcome(venue, leg_order, "reported", final=False, report=report)
        return await self._settle(venue, leg_order, news, acknowledged=True)

    async def settle(
        self, venue: LegVenue, leg_order: LegOrder, *, acknowledged: bool, again: bool = False
    ) -> SettledOrder:
        """Read a sent order until it is decided or ``settle_timeout_s`` has passed. One that was
        read in vain before (``again``) is read once, and on only while that leads somewhere."""
        with self._news.listening(leg_order.order.client_order_id) as news:
            return await self._settle(
                venue, leg_order, news, acknowledged=acknowledged, again=again
            )

    async def _settle(
        self,
        venue: LegVenue,
        leg_order: LegOrder,
        news: News,
        *,
        acknowledged: bool,
        again: bool = False,
    ) -> SettledOrder:
        """Reads at once, then whenever the venue's stream has news or a growing pause is over."""
        clock, settings = self._clock, self._settings
        started = clock.monotonic()
        pause = settings.settle_poll_ms / 1000
        doubt = _Doubt()
        seen: OrderReport | None = None
        cancelled = False
        order = leg_order.order
        while True:
            now = clock.monotonic()
            leads_on = not again
            try:
                seen = await venue.call(
                    venue.exchange.order(order.symbol, order.client_order_id, urgent=True)
                )
            except OrderNotFound as error:
                unheard = doubt.heard(now)
                trace: str | None = "it was seen before" if acknowledged or seen else None
                if trace is None and unheard < settings.unknown_grace_s:
                    trace, leads_on = "it may not be visible yet", True
                if trace is None:
                    trace = await trace_of(
                        venue,
                        leg_order,
                        self._coin,
                        self._executed_besides,
                        settings.position_tolerance,
                    )
                    pause = _LONGEST_PAUSE_S  # three dear questions: not again at once
                if trace is None:
                    self._records.outcome(
                        venue, leg_order, "not_found", final=True, error=str(error)
                    )
                    lost = _nothing_filled(leg_order, "the venue never received the order")
                    return replace(lost, never_received=True)
                why = f"{venue.venue} says that there is no such order, but {trace}"
            except ExchangeError as error:
                why = f"it cannot be read: {error}"
            else:
                doubt, leads_on = _Doubt(), True
                why = f"{venue.venue} says that it is {seen.status}, {seen.filled:f} filled"
                if seen.is_terminal and seen.fills_complete:
                    return self._finish(venue, leg_order, seen)
                if (
                    not seen.is_terminal
                    and not cancelled
                    and now - started >= _RESTING_BEFORE_CANCEL_S
                ):
                    cancelled = await self._ask_to_cancel(venue, leg_order)
            if not leads_on or clock.monotonic() - started >= settings.settle_timeout_s:
                known = acknowledged or seen is not None
                return self._undecided(venue, leg_order, seen, why, acknowledged=known)
            if not await news.wait(pause):
                pause = min(pause * _PAUSE_GROWTH, _LONGEST_PAUSE_S)

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
        self._records.fills(venue, leg_order, report)
        error = None if report.filled >= leg_order.order.quantity else _shortfall(report)
        self._records.outcome(venue, leg_order, "reported", final=True, report=report, error=error)
        fee = report.fee_in(quote_of(venue, leg_order))
        return SettledOrder(
            leg_order, True, report.filled, report.value, fee, error, acknowledged=True
        )

    def _undecided(
        self,
        venue: LegVenue,
        leg_order: LegOrder,
        seen: OrderReport | None,
        why: str,
        *,
        acknowledged: bool,
    ) -> SettledOrder:
        error = f"{leg_order.order.client_order_id} is undecided: {why}; the venue is asked again"
        filled = Decimal(0) if seen is None else seen.filled
        value = Decimal(0) if seen is None else seen.value
        fee = Decimal(0) if seen is None else seen.fee_in(quote_of(venue, leg_order))
        self._records.outcome(venue, leg_order, "unknown", final=False, report=seen, error=error)
        return SettledOrder(leg_order, False, filled, value, fee, error, acknowledged)


def _nothing_filled(leg_order: LegOrder, error: str) -> SettledOrder:
    return SettledOrder(leg_order, True, Decimal(0), Decimal(0), Decimal(0), error)


def _shortfall(report: OrderReport) -> str:
    status = "partly filled" if report.filled > 0 else "not filled"
    if report.status is OrderStatus.REJECTED:
        status = "rejected"
    return f"{status}: {report.filled:f} of {report.quantity:f} {report.symbol}"
