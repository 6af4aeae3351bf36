"""One account: cash, positions, settings and history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from exchanges.simulator.hyperliquid.asset import Asset
from exchanges.simulator.hyperliquid.order_store import OrderStore
from exchanges.simulator.hyperliquid.position import VenuePosition
from exchanges.simulator.hyperliquid.records import FundingPayment, LedgerUpdate, VenueFill

COLLATERAL = "USDC"
ZERO = Decimal(0)


@dataclass(slots=True)
class VenueAccount:
    """``address`` is the main wallet's, lower case; its API wallets sign for it."""

    address: str
    agents: list[str]
    """Empty: remembered from an earlier run; nobody can sign for it."""
    cash: Decimal
    """USDC paid in, and all profits, fees and funding since, and what was forgiven."""
    created_ms: int
    positions: dict[int, VenuePosition] = field(default_factory=dict)
    """By asset index."""
    leverages: dict[int, int] = field(default_factory=dict)
    isolated: set[int] = field(default_factory=set)
    orders: OrderStore = field(default_factory=OrderStore)
    fills: list[VenueFill] = field(default_factory=list)
    funding: list[FundingPayment] = field(default_factory=list)
    ledger: list[LedgerUpdate] = field(default_factory=list)
    volume: Decimal = ZERO
    """USDC traded, ever."""
    forgiven: Decimal = ZERO
    """USDC of losses beyond the money behind a position, which the venue has borne, ever."""
    requests: int = 0
    """Actions counted against the address, ever."""
    last_request_ms: int = 0
    """When one was last let through beyond the budget."""
    cancel_at_ms: int | None = None
    """When all orders are to be cancelled."""

    def signers(self) -> tuple[str, ...]:
        return (self.address, *self.agents) if self.agents else ()

    def leverage(self, asset: Asset) -> int:
        return self.leverages.get(asset.index, asset.default_leverage)

    def position(self, asset: int) -> VenuePosition:
        """The position, created flat when it does not exist."""
        return self.positions.setdefault(asset, VenuePosition())

    def set_aside(self) -> Decimal:
        """Margin of all isolated positions, without their profit."""
        return sum((position.isolated_margin for _, position in self.held()), ZERO)

    def forgive(self, least: Decimal) -> bool:
        """Bear what the cash lacks to ``least``; says whether it lacked anything."""
        lacking = least - self.cash
        if lacking <= 0:
            return False
        self.cash += lacking
        self.forgiven += lacking
        return True

    def held(self) -> Iterator[tuple[int, VenuePosition]]:
        """Every position that is not flat."""
        for index, position in self.positions.items():
            if position.size:
                yield index, position
