"""What an order trades against the book in front of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from exchanges.side import Side
from exchanges.simulator.binance.order import VenueOrder


@dataclass(frozen=True, slots=True)
class Execution:
    price: Decimal
    quantity: Decimal
    maker: VenueOrder | None = None
    """The order of the same account that it was traded with; None: the market's."""


def take(
    levels: Iterable[tuple[Decimal, Decimal]], side: Side, quantity: Decimal, bound: Decimal
) -> list[Execution]:
    """Executions of an order of ``side`` against the opposite ``levels`` (price, quantity), best
    first, up to ``quantity`` and not beyond the price ``bound``."""
    executions: list[Execution] = []
    left = quantity
    for price, available in levels:
        if left <= 0 or not reaches(side, bound, price):
            break
        taken = min(left, available)
        executions.append(Execution(price, taken))
        left -= taken
    return executions


def reaches(side: Side, bound: Decimal, price: Decimal) -> bool:
    """May an order of ``side`` bounded by ``bound`` trade at ``price``?"""
    return price <= bound if side is Side.BUY else price >= bound


def total(executions: Iterable[Execution]) -> Decimal:
    return sum((execution.quantity for execution in executions), Decimal(0))


def at_most(executions: Iterable[Execution], quantity: Decimal) -> list[Execution]:
    """The first executions, cut to ``quantity`` together."""
    kept: list[Execution] = []
    for execution in executions:
        room = quantity - total(kept)
        if room <= 0:
            break
        kept.append(replace(execution, quantity=min(execution.quantity, room)))
    return kept
