"""Our orders and cancels as Hyperliquid's actions.

Hyperliquid docs, "Exchange endpoint". The order of the keys is part of what is signed.
"""

from __future__ import annotations

from decimal import Decimal

from exchanges.hyperliquid.action_hash import Action
from exchanges.hyperliquid.client_order_ids import cloid_of
from exchanges.hyperliquid.numbers import wire_number
from exchanges.order import Order, OrderType, TimeInForce
from exchanges.side import Side

TIMES_IN_FORCE = {
    None: "Gtc",
    TimeInForce.GTC: "Gtc",
    TimeInForce.IOC: "Ioc",
    TimeInForce.POST_ONLY: "Alo",
}


def breach(order: Order) -> str | None:
    """Why Hyperliquid has no such order, or None."""
    if order.time_in_force is TimeInForce.FOK:
        return "time_in_force: expected gtc, ioc or post_only, Hyperliquid has no fill-or-kill"
    return None


def ends_at_once(order: Order) -> bool:
    """What it does not trade at once is gone."""
    return order.type is OrderType.MARKET or order.time_in_force is TimeInForce.IOC


def order_action(order: Order, asset: int, price: Decimal) -> Action:
    """``asset``: the market's place in the universe. ``price``: the limit, also of a market
    order."""
    tif = "Ioc" if ends_at_once(order) else TIMES_IN_FORCE[order.time_in_force]
    row = {
        "a": asset,
        "b": order.side is Side.BUY,
        "p": wire_number(price),
        "s": wire_number(order.quantity),
        "r": order.reduce_only,
        "t": {"limit": {"tif": tif}},
        "c": cloid_of(order.client_order_id),
    }
    return {"type": "order", "orders": [row], "grouping": "na"}


def margin_action(asset: int, amount: Decimal) -> Action:
    """Adds to an isolated position; ``isBuy`` has no effect in one-way mode. Hyperliquid docs,
    "Update isolated margin": in millionths of a dollar."""
    millionths = int(amount.scaleb(6))
    return {"type": "updateIsolatedMargin", "asset": asset, "isBuy": True, "ntli": millionths}


def cancel_action(asset: int, client_order_id: str) -> Action:
    """Raises ValueError for what is no client order id."""
    row = {"asset": asset, "cloid": cloid_of(client_order_id)}
    return {"type": "cancelByCloid", "cancels": [row]}
