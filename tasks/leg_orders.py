"""Which order a leg is traded with, and how far its price may go.

Upbit buys an exact quantity only with a limit order (its market buy takes
KRW), so the spot leg is a limit through the book, immediate-or-cancel, at a
tick-aligned price that never exceeds its bound. The perpetual leg is a market
order; its bound is checked against the book before it is sent.
"""

from __future__ import annotations

from decimal import Decimal

from exchanges.order import Order, OrderType, TimeInForce
from exchanges.rules import Rules
from exchanges.side import Side
from tasks.client_order_id import client_order_id
from tasks.net_position import reduces
from tasks.pair import LegName, Pair
from tasks.settled_order import LegOrder, Purpose

BPS = Decimal(10_000)


def price_bound(side: Side, reference: Decimal, bps: int) -> Decimal:
    """The worst acceptable price ``bps`` basis points beyond ``reference``."""
    distance = reference * bps / BPS
    return reference + distance if side is Side.BUY else reference - distance


def within_bound(side: Side, price: Decimal, bound: Decimal) -> bool:
    """Is ``price`` no worse than ``bound`` for an order of ``side``?"""
    return price <= bound if side is Side.BUY else price >= bound


def leg_order(
    pair: Pair,
    leg: LegName,
    attempt: int,
    purpose: Purpose,
    *,
    side: Side,
    quantity: Decimal,
    bound: Decimal,
    rules: Rules,
    position: Decimal | None = None,
) -> LegOrder:
    """The order that trades ``quantity`` of ``leg`` now, at no worse than ``bound`` (spot).

    A perpetual order against the entry's direction is reduce-only, so that it can
    never open a position the other way; unless that of the account, ``position``, which
    is not this pair's alone, is not reduced by it. None: it is this pair's alone.
    """
    order_id = client_order_id(pair.pair_id, leg, attempt)
    if leg is LegName.PERPETUAL:
        order = Order(
            client_order_id=order_id,
            symbol=pair.symbol,
            side=side,
            type=OrderType.MARKET,
            quantity=quantity,
            reduce_only=side is not pair.side(leg, purpose_is_entry=True)
            and (position is None or reduces(position, side, quantity)),
        )
    else:
        # Rounding towards the book's own side keeps the price inside the bound.
        price = rules.price_down(bound) if side is Side.BUY else rules.price_up(bound)
        order = Order(
            client_order_id=order_id,
            symbol=pair.symbol,
            side=side,
            type=OrderType.LIMIT,
            quantity=quantity,
            price=price,
            time_in_force=TimeInForce.IOC,
        )
    return LegOrder(pair.pair_id, leg, attempt, purpose, order)
