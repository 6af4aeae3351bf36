"""Our order as Upbit's parameters.

Upbit docs, "New order": a market buy (``ord_type=price``) takes an amount of
KRW, so an exact quantity can be bought only with a limit order; a market sell
takes a quantity. Numbers travel as strings.
"""

from __future__ import annotations

import re

from exchanges.decimal_json import plain
from exchanges.order import Order, OrderType, TimeInForce
from exchanges.side import Side
from exchanges.upbit.signing import Parameters

CLIENT_ORDER_ID = re.compile(r"[A-Za-z0-9._~-]{1,64}")


def breach(order: Order) -> str | None:
    """Why Upbit has no such order, or None."""
    if order.reduce_only:
        return "reduce_only: expected false, a spot market has no positions to reduce"
    if order.type is OrderType.MARKET and order.side is Side.BUY:
        return (
            "type: expected limit, because Upbit's market buy takes an amount of KRW and "
            "cannot buy an exact quantity"
        )
    return None


def parameters(order: Order, native: str) -> Parameters:
    """The body of ``POST /v1/orders``, in the order it is hashed and sent."""
    is_market = order.type is OrderType.MARKET
    pairs = [
        ("market", native),
        ("side", "bid" if order.side is Side.BUY else "ask"),
        ("ord_type", "market" if is_market else "limit"),
        ("volume", plain(order.quantity)),
    ]
    if order.price is not None:
        pairs.append(("price", plain(order.price)))
    pairs.append(("identifier", order.client_order_id))
    if order.time_in_force not in (None, TimeInForce.GTC):
        pairs.append(("time_in_force", str(order.time_in_force)))
    if order.time_in_force is not TimeInForce.POST_ONLY:  # which takes no such mode
        # Of two own orders that meet, the one that rests ends: a leg is not to be lost to an
        # order made by hand. Binance does the same by itself.
        pairs.append(("smp_type", "cancel_maker"))
    return pairs
