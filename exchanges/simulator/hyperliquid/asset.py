"""The venue's perpetuals: precision, leverage, margin tiers and fees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from exchanges.instrument import Venue
from exchanges.simulator.hyperliquid.numbers import decimal_places, significant_figures
from exchanges.simulator.market import Market

MAX_SIGNIFICANT_FIGURES = 5
MAX_DECIMALS = 6
"""Of a perpetual's price and size together."""
MIN_VALUE = Decimal(10)
"""USDC; reduce-only orders are exempt."""
TAKER_FEE = Decimal("0.00045")
MAKER_FEE = Decimal("0.00015")
DEFAULT_LEVERAGE = 20
"""Cross, until the account chooses another, and never above the asset's maximum."""


@dataclass(frozen=True, slots=True)
class MarginTier:
    """``max_leverage`` holds for positions worth ``lower_bound`` USDC or more."""

    lower_bound: Decimal
    max_leverage: int

    @property
    def maintenance_rate(self) -> Decimal:
        """Half the initial margin at the maximum leverage (Hyperliquid docs, Margining)."""
        return 1 / Decimal(2 * self.max_leverage)


@dataclass(frozen=True, slots=True)
class Asset:
    """``index`` is the place in the universe, which is how actions name it."""

    index: int
    coin: str
    size_decimals: int
    tiers: tuple[MarginTier, ...]
    """Rising; the first starts at 0."""
    margin_table_id: int

    @property
    def max_leverage(self) -> int:
        return self.tiers[0].max_leverage

    @property
    def price_decimals(self) -> int:
        return MAX_DECIMALS - self.size_decimals

    @property
    def default_leverage(self) -> int:
        return min(DEFAULT_LEVERAGE, self.max_leverage)

    def is_tick(self, price: Decimal) -> bool:
        """At most five significant figures and :attr:`price_decimals`. Hyperliquid docs, Tick and
        lot size, except whole numbers of any length from the first rule; the venue itself was
        measured not to."""
        return (
            significant_figures(price) <= MAX_SIGNIFICANT_FIGURES
            and decimal_places(price) <= self.price_decimals
        )

    def is_lot(self, size: Decimal) -> bool:
        return decimal_places(size) <= self.size_decimals

    def tier(self, value: Decimal) -> MarginTier:
        """The tier of a position worth ``value`` USDC."""
        return next(tier for tier in reversed(self.tiers) if tier.lower_bound <= value)

    def maintenance(self, value: Decimal) -> Decimal:
        """Maintenance margin of a position worth ``value``: each tier's rate on its own part."""
        total, above = Decimal(0), value
        for tier in reversed(self.tiers):
            if above > tier.lower_bound:
                total += (above - tier.lower_bound) * tier.maintenance_rate
                above = tier.lower_bound
        return total


BTC = Asset(
    index=0,
    coin="BTC",
    size_decimals=5,
    tiers=(MarginTier(Decimal(0), 40), MarginTier(Decimal(150_000_000), 20)),
    margin_table_id=56,
)
ASSETS: Mapping[str, Asset] = {"BTC": BTC}


def listed_assets(market: Market) -> tuple[Asset, ...]:
    """The venue's universe on ``market``, by index."""
    return tuple(
        ASSETS[listing.native]
        for listing in market.listings(Venue.HYPERLIQUID)
        if listing.native in ASSETS
    )
