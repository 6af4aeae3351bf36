"""What the journal is told of an order: that it is about to be sent, its trades, its end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from exchanges.errors import ExchangeError, OrderDenied, OrderRejected
from exchanges.order import OrderReport
from tasks.leg_venue import LegVenue
from tasks.settled_order import LegOrder
from tasks.wire_text import decimal_text, utc_text
from warehouse.records import FillRecord, OrderIntended, OrderOutcome, RecordType

log = logging.getLogger(__name__)


class OrderRecords:
    """Writes them. Every method raises what the journal raises."""

    def __init__(self, write: Callable[[RecordType, Mapping[str, Any]], int]) -> None:
        self._write = write

    def intended(self, venue: LegVenue, leg_order: LegOrder) -> None:
        order, baseline = leg_order.order, leg_order.baseline
        beside = None if baseline is None else baseline.beside
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
                beside=None if beside is None else decimal_text(beside),
            ),
        )

    def fills(self, venue: LegVenue, leg_order: LegOrder, report: OrderReport) -> None:
        """The trades of ``report``. A fee in a coin that the books are not kept in is told."""
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
        quote = quote_of(venue, leg_order)
        for currency in report.fee_currencies - {quote}:
            log.critical(
                "%s: %s took its fee in %s: it stands in the journal but not in the pair's result, "
                "which is in %s; switch paying fees in %s off",
                leg_order.order.client_order_id, venue.venue, currency, quote, currency,
            )  # fmt: skip

    def outcome(
        self,
        venue: LegVenue,
        leg_order: LegOrder,
        outcome: str,
        *,
        final: bool,
        report: OrderReport | None = None,
        error: str | None = None,
    ) -> None:
        """``outcome`` as in :class:`~warehouse.records.OrderOutcome`."""
        fee = None if report is None else report.fee_in(quote_of(venue, leg_order))
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
                fee=None if fee is None else decimal_text(fee),
                error=error,
            ),
        )


def quote_of(venue: LegVenue, leg_order: LegOrder) -> str:
    """What the leg is paid in."""
    return venue.exchange.instrument(leg_order.order.symbol).quote


def word_for(error: ExchangeError) -> str:
    """The journal's word for an error after which nothing can have executed."""
    if isinstance(error, OrderDenied):
        return "denied"
    if isinstance(error, OrderRejected):
        return "rejected"
    return "unavailable"
