"""An order book and what a given size would really trade at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from exchanges.side import Side


class Level(NamedTuple):
    """A tuple, because books make thousands of them a second."""

    price: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Book:
    """A snapshot: bids falling, asks rising, best first."""

    symbol: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    venue_time: datetime
    """When the venue says it was so."""
    received: float
    """Our monotonic clock at arrival, seconds; the age of the book is measured from it."""

    @property
    def best_bid(self) -> Level | None:
        return self.bids[0] if self.bids else None

    @property
    def best_ask(self) -> Level | None:
        return self.asks[0] if self.asks else None

    @property
    def is_crossed(self) -> bool:
        """Bid at or above ask: a feed that cannot be traded on."""
        return bool(self.bids and self.asks and self.bids[0].price >= self.asks[0].price)

    def side_taken(self, side: Side) -> tuple[Level, ...]:
        """The levels that an order of ``side`` trades against: a buy takes asks."""
        return self.asks if side is Side.BUY else self.bids

    def executable(self, side: Side, quantity: Decimal) -> Executable | None:
        """Average and worst price of taking ``quantity`` now; None if the book is too thin."""
        return walk(self.side_taken(side), quantity)


@dataclass(frozen=True, slots=True)
class Executable:
    """The result of walking a book for one size."""

    quantity: Decimal
    value: Decimal
    """Σ price × quantity, quote currency."""
    worst_price: Decimal

    @property
    def average_price(self) -> Decimal:
        return self.value / self.quantity


def walk(levels: Sequence[Level], quantity: Decimal) -> Executable | None:
    """Take ``quantity`` (> 0) from ``levels`` best first; None if they hold less."""
    left = quantity
    value = Decimal(0)
    for level in levels:
        taken = min(left, level.quantity)
        value += taken * level.price
        left -= taken
        if left <= 0:
            return Executable(quantity, value, level.price)
    return None
