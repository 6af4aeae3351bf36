"""Orders and their ends, made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from exchanges.order import Order, OrderType, TimeInForce
from exchanges.side import Side
from tasks.client_order_id import client_order_id
from tasks.pair import LegName
from tasks.settled_order import Baseline, LegOrder, Purpose, SettledOrder

PAIR_ID = "p0123456789ab"
QUANTITY = Decimal("0.010")


def sent(
    at: datetime,
    *,
    leg: LegName = LegName.SPOT,
    side: Side = Side.BUY,
    attempt: int = 1,
    beside: str | None = None,
) -> LegOrder:
    """An order for 0.01 BTC."""
    order = Order(
        client_order_id(PAIR_ID, leg, attempt),
        "BTC",
        side,
        OrderType.LIMIT,
        QUANTITY,
        Decimal(60_000_000),
        TimeInForce.IOC,
    )
    baseline = Baseline(at, None if beside is None else Decimal(beside))
    return LegOrder(PAIR_ID, leg, attempt, Purpose.ENTRY, order, baseline)


def ended(leg_order: LegOrder, filled: str = "0") -> SettledOrder:
    """By the venue's word."""
    quantity = Decimal(filled)
    return SettledOrder(
        leg_order, True, quantity, quantity * 60_000_000, Decimal(0), None, acknowledged=True
    )


def never_received(leg_order: LegOrder) -> SettledOrder:
    return replace(ended(leg_order), acknowledged=False, never_received=True)


def undecided(leg_order: LegOrder) -> SettledOrder:
    error = f"{leg_order.order.client_order_id} is undecided"
    return SettledOrder(leg_order, False, Decimal(0), Decimal(0), Decimal(0), error)
