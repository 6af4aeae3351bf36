"""What pairs mean for an account."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from exchanges.side import Side
from tasks.pair import ZERO, LegName, Pair


def coin_of_pairs(pairs: Iterable[Pair], leg: LegName) -> Decimal:
    """Signed coin that the ``leg`` of all of them makes: bought is positive."""
    return sum((_signed(pair, leg) for pair in pairs), ZERO)


def _signed(pair: Pair, leg: LegName) -> Decimal:
    held = pair.held(leg)
    return held if pair.side(leg, purpose_is_entry=True) is Side.BUY else -held
