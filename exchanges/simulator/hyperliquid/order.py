"""An order as the venue keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from exchanges.side import Side
from exchanges.simulator.hyperliquid.order_status import OrderStatus

ZERO = Decimal(0)
LIQUIDATION_TIF = "LiquidationMarket"
"""How the venue's own closing orders are shown (a captured historicalOrders reply)."""


@dataclass(slots=True)
class VenueOrder:
    """Times are the venue's milliseconds."""

    oid: int
    cloid: str | None
    asset: int
    coin: str
    side: Side
    price: Decimal
    size: Decimal
    """As ordered."""
    reduce_only: bool
    tif: str | None
    """Alo, Ioc, Gtc, LiquidationMarket; None for a trigger order."""
    created_ms: int
    updated_ms: int
    status: OrderStatus = OrderStatus.OPEN
    filled: Decimal = ZERO
    value: Decimal = ZERO
    """Σ price × size filled."""
    trigger_price: Decimal | None = None
    is_market: bool = False
    """What a trigger order becomes; a limit order otherwise."""
    takes_profit: bool = False
    covers_position: bool = False
    """A trigger order without a size of its own, which closes what is held then."""
    parent: int | None = None
    """oid of the order that this one waits for."""
    forced_by: str | None = None
    """``ADL`` or ``LIQUIDATION`` for an order of the venue's own."""

    @property
    def remaining(self) -> Decimal:
        return self.size - self.filled

    @property
    def is_open(self) -> bool:
        return self.status.is_open

    @property
    def waits_for_trigger(self) -> bool:
        """Outside the book until the mark price comes to it."""
        return self.trigger_price is not None and self.status is OrderStatus.OPEN

    @property
    def in_book(self) -> bool:
        return self.is_open and not self.waits_for_trigger

    @property
    def sign(self) -> int:
        return 1 if self.side is Side.BUY else -1

    @property
    def average_price(self) -> Decimal:
        return self.value / self.filled

    def execute(self, price: Decimal, size: Decimal, now_ms: int) -> None:
        self.filled += size
        self.value += price * size
        self.updated_ms = now_ms
        if not self.remaining:
            self.status = OrderStatus.FILLED

    def end(self, status: OrderStatus, now_ms: int) -> None:
        self.status = status
        self.updated_ms = now_ms
