"""What can be seen to be wrong with an order before it is sent."""

from __future__ import annotations

import re
from decimal import Decimal

from exchanges.decimal_json import plain
from exchanges.order import Order, OrderType
from exchanges.rules import Rules

_LARGEST_EXPONENT = 15
_LONGEST_AMOUNT = 28
"""Bounds of a price or quantity, exponent included, within which Decimal arithmetic is exact."""


def first_breach(order: Order, rules: Rules | None, *, id_pattern: re.Pattern[str]) -> str | None:
    """The first reason not to send ``order``, as one sentence; None when there is none.

    A market order has no price, so the bounds of its value are left to the caller's book and the
    venue.
    """
    if rules is None:
        return f"the rules of {order.symbol} have not been read, so nothing can be sent"
    if id_pattern.fullmatch(order.client_order_id) is None:
        return f"client_order_id: expected {id_pattern.pattern}, got {order.client_order_id!r}"
    return _quantity_breach(order, rules) or _price_breach(order, rules)


def _quantity_breach(order: Order, rules: Rules) -> str | None:
    quantity = order.quantity
    if not _is_amount(quantity):
        return f"quantity: expected a number above 0, got {quantity}"
    if quantity % rules.quantity_step:
        return f"quantity: expected a multiple of {plain(rules.quantity_step)}, got {quantity}"
    if quantity < rules.min_quantity:
        return f"quantity: expected at least {plain(rules.min_quantity)}, got {quantity}"
    most = rules.max_market_quantity
    if order.type is OrderType.MARKET and most is not None and quantity > most:
        return f"quantity: expected at most {plain(most)} in a market order, got {quantity}"
    return None


def _price_breach(order: Order, rules: Rules) -> str | None:
    price = order.price
    if order.type is OrderType.MARKET:
        if price is not None:
            return f"price: expected none for a market order, got {price}"
        if order.time_in_force is not None:
            return f"time_in_force: expected none for a market order, got {order.time_in_force}"
        return None
    if price is None:
        return "price: expected one for a limit order"
    if not _is_amount(price):
        return f"price: expected a number above 0, got {price}"
    tick = rules.tick(price)
    if price % tick:
        return f"price: expected a multiple of the tick {plain(tick)}, got {price}"
    value = price * order.quantity
    if value < rules.min_notional and not order.reduce_only:
        return f"value: expected at least {plain(rules.min_notional)}, got {plain(value)}"
    if rules.max_notional is not None and value > rules.max_notional:
        return f"value: expected at most {plain(rules.max_notional)}, got {plain(value)}"
    return None


def _is_amount(value: Decimal) -> bool:
    """Above zero, and of a length that arithmetic is exact with."""
    if not value.is_finite() or value <= 0:
        return False
    digits = len(value.as_tuple().digits)
    return (
        value.adjusted() <= _LARGEST_EXPONENT and abs(value.adjusted()) + digits <= _LONGEST_AMOUNT
    )
