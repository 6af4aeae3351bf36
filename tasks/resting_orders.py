"""Cancels what rests: no order of the desk is meant to, so whatever does is in the way."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import product

from exchanges.errors import ExchangeError, OrderNotFound
from tasks.client_order_id import PREFIX
from tasks.leg_venue import LegVenue

log = logging.getLogger(__name__)


async def cancel_resting(venues: Iterable[LegVenue], symbols: Iterable[str]) -> list[str]:
    """Ask for the cancel of every resting order of ours, where the venue can be reached; returns
    the client ids of those that it took."""
    cancelled = []
    for venue, symbol in product(venues, symbols):
        try:
            resting = await venue.call(venue.exchange.open_orders(symbol, urgent=True))
        except ExchangeError as error:
            log.error("%s: resting orders cannot be read: %s", venue.venue, error)
            continue
        for order in resting:
            if not order.client_order_id.startswith(PREFIX):
                continue
            try:
                await venue.call(venue.exchange.cancel(symbol, order.client_order_id))
                cancelled.append(order.client_order_id)
            except OrderNotFound:
                log.info("%s ended before its cancel", order.client_order_id)
            except ExchangeError as error:
                log.error("%s could not be cancelled: %s", order.client_order_id, error)
    return cancelled
