"""What an account's history consists of: fills and funding."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from exchanges.side import Side


@dataclass(frozen=True, slots=True)
class VenueFill:
    """One execution of one order. Money in USDC; a positive fee is paid."""

    tid: int
    oid: int
    cloid: str | None
    coin: str
    side: Side
    price: Decimal
    size: Decimal
    start_position: Decimal
    """Signed, before this fill."""
    direction: str
    """``Open Long``, ``Close Short``, ``Long > Short``, ``Liquidated Cross Long``, …"""
    closed_pnl: Decimal
    """Without the fee."""
    fee: Decimal
    crossed: bool
    """It took from the book."""
    time_ms: int
    transaction: str
    """Hash of the action that caused it."""
    liquidation_mark: Decimal | None = None
    """The mark price when the venue forced it; None for every other fill."""


@dataclass(frozen=True, slots=True)
class FundingPayment:
    """One hour's funding of one position; ``amount`` is signed, USDC received."""

    coin: str
    amount: Decimal
    position: Decimal
    rate: Decimal
    time_ms: int
    transaction: str


@dataclass(frozen=True, slots=True)
class LedgerUpdate:
    """USDC that came over the bridge or, negative, left."""

    amount: Decimal
    fee: Decimal
    """Taken beside what leaves."""
    time_ms: int
    transaction: str


@dataclass(frozen=True, slots=True)
class FundingRate:
    """One settlement of a coin."""

    coin: str
    rate: Decimal
    premium: Decimal
    time_ms: int
