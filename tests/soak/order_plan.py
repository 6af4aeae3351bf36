"""Which order goes in next."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from exchanges.instrument import Venue
from exchanges.order import Order, OrderType, TimeInForce
from exchanges.side import Side
from tests.soak.market_moves import STEP, MarketMoves


class Kind(StrEnum):
    WHOLE = "filled whole"
    PART = "filled in part"
    WALK = "filled over levels"
    NOTHING = "not filled"
    CANCELLED = "resting, cancelled"
    PIECES = "filled in pieces"
    POOR = "refused for money"
    POST_ONLY = "refused as post-only"
    LOST_REPLY = "reply lost"


_SHARES = {
    Kind.WHOLE: 30,
    Kind.PART: 10,
    Kind.WALK: 10,
    Kind.NOTHING: 8,
    Kind.CANCELLED: 15,
    Kind.PIECES: 12,
    Kind.POOR: 5,
    Kind.POST_ONLY: 4,
    Kind.LOST_REPLY: 6,
}
_AWAY = 100
"""Ticks from the touch to where nothing comes by chance."""


@dataclass(frozen=True, slots=True)
class Planned:
    order: Order
    kind: Kind


class OrderPlan:
    """Orders in a random row."""

    def __init__(
        self, venue: Venue, moves: MarketMoves, chance: random.Random, prefix: str
    ) -> None:
        self._venue = venue
        self._moves = moves
        self._chance = chance
        self._prefix = prefix
        self._count = 0

    def next(self) -> Planned:
        kind = self._chance.choices(list(_SHARES), weights=list(_SHARES.values()))[0]
        side = self._chance.choice((Side.BUY, Side.SELL))
        self._count += 1
        quote, step = self._moves.quote, STEP[self._venue]
        taken = quote.ask if side is Side.BUY else quote.bid
        worse = step if side is Side.BUY else -step
        """What makes a price reach farther into the book."""
        taking = Order(
            f"{self._prefix}-{self._count}",
            "BTC",
            side,
            OrderType.LIMIT,
            Decimal("0.01"),
            taken,
            TimeInForce.IOC,
        )
        return Planned(self._of(kind, taking, worse), kind)

    def _of(self, kind: Kind, taking: Order, worse: Decimal) -> Order:
        price = taking.price or Decimal(0)
        away = price - _AWAY * worse
        match kind:
            case Kind.PART:
                return replace(taking, quantity=Decimal("0.75"))
            case Kind.WALK:
                return replace(taking, quantity=Decimal("1.2"), price=price + _AWAY * worse)
            case Kind.NOTHING:
                return replace(taking, price=away)
            case Kind.CANCELLED:
                return replace(taking, price=away, time_in_force=None)
            case Kind.PIECES:
                near = price - (20 + self._chance.randint(0, 20)) * worse
                return replace(taking, quantity=Decimal("1.2"), price=near, time_in_force=None)
            case Kind.POST_ONLY:
                return replace(taking, time_in_force=TimeInForce.POST_ONLY)
            case _:
                return taking
