"""One account at the simulated Upbit."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from exchanges.simulator.ledger import Ledger
from exchanges.simulator.upbit.order import SimulatedOrder


@dataclass(slots=True)
class UpbitAccount:
    key: str
    secret: str | None = field(repr=False)
    """None: remembered from an earlier run; nobody can sign for it."""
    ledger: Ledger
    orders: dict[str, SimulatedOrder] = field(default_factory=dict)
    """By uuid, in order of arrival."""
    identifiers: dict[str, SimulatedOrder | None] = field(default_factory=dict)
    """Every identifier ever used; None where the attempt failed."""
    open: dict[str, SimulatedOrder] = field(default_factory=dict)
    average_prices: dict[str, Decimal] = field(default_factory=dict)
    """KRW that each coin held was bought at on average."""
