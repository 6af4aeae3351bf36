"""What an account's history consists of: trades and income."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from exchanges.side import Side
from exchanges.simulator.binance.position import PositionSide


@dataclass(frozen=True, slots=True)
class VenueTrade:
    """One execution of one order. Money in USDT; a positive commission is paid."""

    trade_id: int
    order_id: int
    client_order_id: str
    symbol: str
    side: Side
    position_side: PositionSide
    price: Decimal
    quantity: Decimal
    commission: Decimal
    realized: Decimal
    maker: bool
    time_ms: int
    forced_by: str | None


class IncomeType(StrEnum):
    FUNDING_FEE = "FUNDING_FEE"
    COMMISSION = "COMMISSION"
    REALIZED_PNL = "REALIZED_PNL"
    TRANSFER = "TRANSFER"
    """From and to the account's other wallets; of no symbol."""
    INSURANCE_CLEAR = "INSURANCE_CLEAR"
    """What a liquidation pays into the insurance fund, or what the fund pays for it."""


@dataclass(frozen=True, slots=True)
class Income:
    """One change of the wallet; ``amount`` is signed, USDT."""

    transaction_id: int
    """Unique within the type."""
    type: IncomeType
    symbol: str
    amount: Decimal
    trade_id: int | None
    info: str
    time_ms: int


@dataclass(frozen=True, slots=True)
class MarginChange:
    """Margin of an isolated position added or, when negative, taken back by hand, USDT."""

    symbol: str
    position_side: PositionSide
    amount: Decimal
    time_ms: int
