"""Which trades make unequal legs equal. Quantities only: no prices, no orders.

Two ways lead there: *grow* the smaller leg or *shrink* the larger one. What the venue of one way
takes no order for, being below its minimum, goes the other way. What neither takes goes on both
legs at once, each order large enough: both are shrunk, the larger by as much more as it is larger,
or, where they hold too little for that, both are grown. No leg is ever taken past the other, so a
difference that is left when an order fails is again one of these cases.

A leg below zero has been left by more than was entered (an exit that filled late): it is grown
back to nothing before anything else, never the other leg shrunk to meet it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum

from tasks.pair import LegName


class Way(StrEnum):
    GROW = "grow"
    SHRINK = "shrink"

    @property
    def other(self) -> Way:
        return Way.SHRINK if self is Way.GROW else Way.GROW


@dataclass(frozen=True, slots=True)
class Move:
    """One leg's part of a repair: ``quantity`` coin on the entry's or on the exit's side."""

    leg: LegName
    way: Way
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class LegRoom:
    """What one leg holds and what its venue takes orders for. Coin."""

    held: Decimal
    step: Decimal
    least_grown: Decimal
    """The smallest order on the entry's side; infinite while the market cannot be read."""
    least_shrunk: Decimal
    """The smallest order on the exit's side."""

    def least(self, way: Way) -> Decimal:
        return self.least_grown if way is Way.GROW else self.least_shrunk

    def down(self, quantity: Decimal) -> Decimal:
        return (quantity / self.step).to_integral_value(ROUND_FLOOR) * self.step


def is_level(held: Mapping[LegName, Decimal], lot: Decimal) -> bool:
    """Do both legs hold the same, to within one lot, and neither less than nothing?"""
    spot, perpetual = held[LegName.SPOT], held[LegName.PERPETUAL]
    return abs(spot - perpetual) < lot and min(spot, perpetual) > -lot


def moves(legs: Mapping[LegName, LegRoom], preferred: Way) -> tuple[Move, ...]:
    """What to trade now, on one leg or on both together; empty: level, or nothing can be traded."""
    lot = max(leg.step for leg in legs.values())
    if is_level({name: leg.held for name, leg in legs.items()}, lot):
        return ()
    overdrawn = tuple(
        Move(name, Way.GROW, leg.down(-leg.held)) for name, leg in legs.items() if leg.held <= -lot
    )
    if overdrawn:
        tradable = (move for move in overdrawn if move.quantity >= legs[move.leg].least_grown)
        return tuple(tradable) or _first(legs, (Way.GROW,), lot)
    return _first(legs, (preferred, preferred.other), lot)


def _first(
    legs: Mapping[LegName, LegRoom], ways: tuple[Way, ...], lot: Decimal
) -> tuple[Move, ...]:
    """The first of ``ways`` that the venue of its leg takes an order for, else both legs."""
    for way in ways:
        move = _one_leg(legs, way)
        if move is not None:
            return (move,)
    shrunk = _both_legs(legs, Way.SHRINK, lot) if Way.SHRINK in ways else ()
    return shrunk or _both_legs(legs, Way.GROW, lot)


def leftovers(legs: Mapping[LegName, LegRoom]) -> tuple[Move, ...]:
    """What flat legs still hold below a lot, as far as their venues take orders for it."""
    return tuple(
        Move(name, way, quantity)
        for name, leg in legs.items()
        for way in [Way.SHRINK if leg.held > 0 else Way.GROW]
        for quantity in [leg.down(abs(leg.held))]
        if quantity >= leg.least(way)
    )


def _one_leg(legs: Mapping[LegName, LegRoom], way: Way) -> Move | None:
    larger = _larger(legs)
    name = larger if way is Way.SHRINK else larger.other
    quantity = legs[name].down(legs[larger].held - legs[larger.other].held)
    return Move(name, way, quantity) if quantity >= legs[name].least(way) else None


def _both_legs(legs: Mapping[LegName, LegRoom], way: Way, lot: Decimal) -> tuple[Move, ...]:
    """The smallest two orders, ``common`` on both legs and the difference on one of them."""
    larger = _larger(legs)
    difference = legs[larger].held - legs[larger.other].held
    more, less = (larger, larger.other) if way is Way.SHRINK else (larger.other, larger)
    needed = max(legs[less].least(way), legs[more].least(way) - difference)
    if not needed.is_finite():
        return ()
    common = (needed / lot).to_integral_value(ROUND_CEILING) * lot
    if way is Way.SHRINK:
        left = legs[larger.other].held - common
        if left < 0:
            return ()
        if any(left < leg.least_shrunk for leg in legs.values()):
            common += left  # What would be left could not be sold by itself.
    return (
        Move(less, way, legs[less].down(common)),
        Move(more, way, legs[more].down(common + difference)),
    )


def _larger(legs: Mapping[LegName, LegRoom]) -> LegName:
    spot, perpetual = legs[LegName.SPOT].held, legs[LegName.PERPETUAL].held
    return LegName.SPOT if spot > perpetual else LegName.PERPETUAL
