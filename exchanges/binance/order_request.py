"""Our order as Binance's parameters.

Binance docs, USDⓈ-M futures, "New order": client order ids are unique among
*open* orders only, so never using one twice is our own business; RESULT makes
the reply of a market or IOC order show its final state.
"""

from __future__ import annotations

import re
from decimal import Decimal

from exchanges.binance.signing import Parameters
from exchanges.decimal_json import plain
from exchanges.order import Order, OrderType, TimeInForce

CLIENT_ORDER_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")

TIMES_IN_FORCE = {
    None: "GTC",
    TimeInForce.GTC: "GTC",
    TimeInForce.IOC: "IOC",
    TimeInForce.FOK: "FOK",
    TimeInForce.POST_ONLY: "GTX",
}


def parameters(order: Order, native: str) -> Parameters:
    """The query of ``POST /fapi/v1/order``, before it is signed."""
    pairs = [("symbol", native), ("side", order.side.upper())]
    if order.type is OrderType.MARKET:
        pairs.append(("type", "MARKET"))
    else:
        pairs += [("type", "LIMIT"), ("timeInForce", TIMES_IN_FORCE[order.time_in_force])]
    pairs.append(("quantity", plain(order.quantity)))
    if order.price is not None:
        pairs.append(("price", plain(order.price)))
    if order.reduce_only:
        pairs.append(("reduceOnly", "true"))
    pairs += [("newClientOrderId", order.client_order_id), ("newOrderRespType", "RESULT")]
    return pairs


def margin_parameters(native: str, amount: Decimal) -> Parameters:
    """The query of ``POST /fapi/v1/positionMargin`` that adds to an isolated position (Binance
    docs, "Modify isolated position margin": type 1)."""
    return [("symbol", native), ("amount", plain(amount)), ("type", "1")]
