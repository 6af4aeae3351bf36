"""A market's trading rules as read from the venue, and exact rounding to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal


@dataclass(frozen=True, slots=True)
class TickBand:
    """``tick`` applies to prices at or above ``from_price`` (until the next band)."""

    from_price: Decimal
    tick: Decimal


@dataclass(frozen=True, slots=True)
class Rules:
    """Ticks, lots and bounds of one market, and its fees.

    Prices and values are in quote currency, quantities in coin, fees are
    fractions of value (0.0005 = 0.05 %).
    """

    symbol: str
    tick_bands: tuple[TickBand, ...]
    """Rising by ``from_price``; the first starts at 0. One band where the venue has one tick."""
    quantity_step: Decimal
    min_quantity: Decimal
    max_market_quantity: Decimal | None
    min_notional: Decimal
    """Least value of an order; a reduce-only order on Binance is exempt."""
    maker_fee: Decimal
    taker_fee: Decimal
    is_trading: bool
    """False: the venue has halted the market or has not opened it."""
    max_notional: Decimal | None = None
    """Greatest value of an order; None: the venue names none."""

    def tick(self, price: Decimal) -> Decimal:
        """The price step in force at ``price``."""
        return tick_at(self.tick_bands, price)

    def price_down(self, price: Decimal) -> Decimal:
        """The highest valid price ≤ ``price``."""
        return _round(price, self.tick(price), ROUND_FLOOR)

    def price_up(self, price: Decimal) -> Decimal:
        """The lowest valid price ≥ ``price``. A band's start is a multiple of both ticks."""
        return _round(price, self.tick(price), ROUND_CEILING)

    def quantity_down(self, quantity: Decimal) -> Decimal:
        """The largest tradable quantity ≤ ``quantity``."""
        return _round(quantity, self.quantity_step, ROUND_FLOOR)


def tick_at(bands: Sequence[TickBand], price: Decimal) -> Decimal:
    """The tick of the last band that starts at or below ``price``."""
    for band in reversed(bands):  # coins worth trading stand in the last ones
        if band.from_price <= price:
            return band.tick
    return bands[0].tick


def _round(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    return (value / step).to_integral_value(rounding=rounding) * step
