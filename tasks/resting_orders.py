"""Cancels what rests: no order of the desk is meant to, so whatever does is in the way."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product

from exchanges.errors import ExchangeError, OrderNotFound
from tasks.client_order_id import PREFIX
from tasks.leg_venue import LegVenue

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What became of the orders that rested."""

    orders: list[str] = field(default_factory=list)
    """Client ids of those whose cancel the venue took."""
    failures: list[str] = field(default_factory=list)
    """What may rest still, and why: a sentence each."""


async def cancel_resting(venues: Iterable[LegVenue], symbols: Iterable[str]) -> Cancelled:
    """Ask for the cancel of every resting order of ours, where the venue can be reached."""
    cancelled = Cancelled()
    for venue, symbol in product(venues, symbols):
        try:
            resting = await venue.call(venue.exchange.open_orders(symbol, urgent=True))
        except ExchangeError as error:
            cancelled.failures.append(f"{venue.venue}: resting orders cannot be read: {error}")
            continue
        for order in resting:
            if not order.client_order_id.startswith(PREFIX):
                continue
            try:
                await venue.call(venue.exchange.cancel(symbol, order.client_order_id))
                cancelled.orders.append(order.client_order_id)
            except OrderNotFound:
                log.info("%s ended before its cancel", order.client_order_id)
            except ExchangeError as error:
                failure = f"{order.client_order_id} could not be cancelled: {error}"
                cancelled.failures.append(failure)
    for failure in cancelled.failures:
        log.error(failure)
    return cancelled
