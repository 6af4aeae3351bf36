"""Is there any trace of an order that its venue claims not to know?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from exchanges.errors import ExchangeError
from exchanges.fill import KnownOrders
from exchanges.instrument import Venue
from tasks.coin_evidence import CoinEvidence
from tasks.leg_venue import LegVenue
from tasks.settled_order import LegOrder
from tasks.wire_text import short_decimal_text

_CLOCKS_DIFFER = timedelta(minutes=1)
"""More than any venue accepts: trades are looked for from so long before the order was sent."""


ExecutedBesides = Callable[[Venue, str, str], KnownOrders]
"""As :meth:`tasks.reconciling.account_books.AccountBooks.executed`."""


async def trace_of(
    venue: LegVenue,
    leg_order: LegOrder,
    coin: CoinEvidence,
    executed_besides: ExecutedBesides,
    tolerance: Decimal,
) -> str | None:
    """What speaks for the venue having had the order, a clause for people; None: neither a trade
    nor a resting order nor the coin on the account does.

    An answer that cannot be had counts as a trace. Coin differs only by ``tolerance`` or more.
    Orders whose trades the journal holds are others; they are not asked about.
    """
    order, baseline = leg_order.order, leg_order.baseline
    if baseline is None:
        return "it is not known when it was sent"
    exchange = venue.exchange
    try:
        since = baseline.at - _CLOCKS_DIFFER
        others = executed_besides(venue.venue, order.symbol, order.client_order_id)
        fills = await venue.call(exchange.fills(order.symbol, since, known=others, urgent=True))
        resting = await venue.call(exchange.open_orders(order.symbol, urgent=True))
        held = (await venue.call(exchange.position(order.symbol, urgent=True))).quantity
    except ExchangeError as error:
        return f"the account cannot be read ({error})"
    if any(fill.client_order_id == order.client_order_id for fill in fills):
        return "a trade carries its id"
    if any(item.client_order_id == order.client_order_id for item in resting):
        return "it rests"
    executed = coin.shows(leg_order, held, tolerance)
    if executed is None:
        return None
    return (
        f"the account holds {short_decimal_text(held)} {order.symbol}, as if "
        f"{short_decimal_text(executed)} of it had been executed"
    )
