"""What an account holds."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Balance:
    """One currency of one account. ``total`` = ``available`` + locked in orders or margin."""

    currency: str
    total: Decimal
    available: Decimal


@dataclass(frozen=True, slots=True)
class Position:
    """A perpetual position; a flat one has quantity 0."""

    symbol: str
    quantity: Decimal
    """Signed coin: negative is short."""
    entry_price: Decimal | None
    mark_price: Decimal | None
    liquidation_price: Decimal | None
    unrealized_pnl: Decimal
    """Quote currency, at mark price."""
    isolated_margin: Decimal | None = None
    """What is set aside for this position alone, quote currency; None: the whole account stands
    behind it."""
