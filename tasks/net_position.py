"""The account's position as the books know it: all pairs of a coin stand in one.

Pairs of both directions net against each other, so leaving one of them can enlarge what the
account holds; a venue refuses a reduce-only order then.
"""

from __future__ import annotations

from decimal import Decimal

from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.pair import LegName
from tasks.pair_book import PairBook


def net_position(pairs: PairBook, venue: Venue, symbol: str) -> Decimal:
    """Signed coin of the perpetual account, with what stands beside the pairs."""
    position = pairs.outside(venue, symbol)
    for pair in pairs.open_pairs(symbol):
        held = pair.held(LegName.PERPETUAL)
        buys = pair.side(LegName.PERPETUAL, purpose_is_entry=True) is Side.BUY
        position += held if buys else -held
    return position


def reduces(position: Decimal, side: Side, quantity: Decimal) -> bool:
    """Does an order bring ``position`` nearer to nothing, and not past it?"""
    return (-position if side is Side.BUY else position) >= quantity
