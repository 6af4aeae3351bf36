"""An order as the venue keeps it, and what it was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from exchanges.side import Side
from exchanges.simulator.binance.position import PositionSide


class VenueOrderType(StrEnum):
    LIMIT = "LIMIT"
    MARKET = "MARKET"


class VenueTimeInForce(StrEnum):
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTX = "GTX"
    """Post-only."""


class VenueOrderStatus(StrEnum):
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """A well-formed wish; the filters and the account have not been asked yet."""

    symbol: str
    side: Side
    position_side: PositionSide
    type: VenueOrderType
    quantity: Decimal
    price: Decimal | None
    """None exactly for a market order."""
    time_in_force: VenueTimeInForce
    reduce_only: bool
    reduce_only_sent: bool
    """Hedge mode refuses the parameter whatever its value."""
    client_order_id: str | None
    """None: the venue gives one."""
    result_wanted: bool
    """newOrderRespType RESULT instead of ACK."""


@dataclass(slots=True)
class VenueOrder:
    """Times are the venue's milliseconds; ``price`` is 0 for a market order."""

    order_id: int
    client_order_id: str
    symbol: str
    side: Side
    position_side: PositionSide
    type: VenueOrderType
    time_in_force: VenueTimeInForce
    price: Decimal
    quantity: Decimal
    reduce_only: bool
    created_ms: int
    updated_ms: int
    status: VenueOrderStatus = VenueOrderStatus.NEW
    executed: Decimal = Decimal(0)
    value: Decimal = Decimal(0)
    """Σ price × quantity executed."""
    forced_by: str | None = None
    """``ADL`` or ``LIQUIDATION`` for an order of the venue's own."""

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.executed

    @property
    def is_open(self) -> bool:
        return self.status in (VenueOrderStatus.NEW, VenueOrderStatus.PARTIALLY_FILLED)

    @property
    def sign(self) -> int:
        return 1 if self.side is Side.BUY else -1

    def execute(self, price: Decimal, quantity: Decimal, now_ms: int) -> None:
        self.executed += quantity
        self.value += price * quantity
        self.updated_ms = now_ms
        self.status = (
            VenueOrderStatus.PARTIALLY_FILLED if self.remaining else VenueOrderStatus.FILLED
        )

    def end(self, status: VenueOrderStatus, now_ms: int) -> None:
        """Close an open order with a rest unfilled."""
        self.status = status
        self.updated_ms = now_ms
