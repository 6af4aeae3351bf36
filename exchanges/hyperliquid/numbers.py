"""Prices and sizes as Hyperliquid takes them.

Source: Hyperliquid docs, "Tick and lot size": a perpetual's price has at most five significant
figures and at most ``6 - szDecimals`` decimals, a size at most ``szDecimals`` decimals. The page
lets whole numbers of more than five figures pass; the venue was seen to refuse them. Five figures
are valid under both readings, so they hold here at any height.
"""

from __future__ import annotations

from decimal import Decimal

from exchanges.decimal_json import plain
from exchanges.rules import Rules, TickBand
from exchanges.side import Side

MAX_DECIMALS = 6
"""Of a perpetual's price and size together."""
_FIGURES = 5
_HIGHEST_POWER = 12
"""Bands above 10 ** 12 are for prices that nothing has."""
_MARKET_DISTANCE = Decimal("0.05")
"""How far through the middle of the book a market order may trade: the default of Hyperliquid's
Python SDK."""


def price_bands(size_decimals: int) -> tuple[TickBand, ...]:
    """Price steps of a market whose sizes have ``size_decimals`` (0 to 6) decimals: one band for
    each power of ten above the height where the decimals are what limits."""
    finest = size_decimals - MAX_DECIMALS
    bands = [TickBand(Decimal(0), Decimal(1).scaleb(finest))]
    bands += [
        TickBand(Decimal(1).scaleb(power), Decimal(1).scaleb(power - _FIGURES + 1))
        for power in range(finest + _FIGURES, _HIGHEST_POWER + 1)
    ]
    return tuple(bands)


def size_step(size_decimals: int) -> Decimal:
    return Decimal(1).scaleb(-size_decimals)


def market_bound(rules: Rules, side: Side, middle: Decimal) -> Decimal:
    """The limit price of a market order: the venue has none, so it is an IOC order that goes at
    most 5 % through the ``middle`` of the book."""
    if side is Side.BUY:
        return rules.price_down(middle * (1 + _MARKET_DISTANCE))
    return rules.price_up(middle * (1 - _MARKET_DISTANCE))


def wire_number(value: Decimal) -> str:
    """``value`` in digits without closing zeros. The venue packs numbers in this form before it
    hashes them: any other form is the signature of an unknown wallet."""
    return plain(value)
