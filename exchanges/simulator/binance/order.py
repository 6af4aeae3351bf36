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
    GTD = "GTD"
    """GTC until ``goodTillDate``."""


RESTING = frozenset({VenueTimeInForce.GTC, VenueTimeInForce.GTX, VenueTimeInForce.GTD})


class VenueOrderStatus(StrEnum):
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"
    """It met an order of the same account and self-trade prevention ended it."""


class SelfTrade(StrEnum):
    """What ends when an order would trade with one of its own account: the arriving order (taker),
    the resting one (maker), both, or none (they trade). The arriving order's choice counts."""

    NONE = "NONE"
    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"


class PriceMatch(StrEnum):
    """A limit price that the venue takes from the book: the first, fifth … level of the opposite
    side, or of the own side (queue)."""

    NONE = "NONE"
    OPPONENT = "OPPONENT"
    OPPONENT_5 = "OPPONENT_5"
    OPPONENT_10 = "OPPONENT_10"
    OPPONENT_20 = "OPPONENT_20"
    QUEUE = "QUEUE"
    QUEUE_5 = "QUEUE_5"
    QUEUE_10 = "QUEUE_10"
    QUEUE_20 = "QUEUE_20"

    @property
    def is_queue(self) -> bool:
        return self.value.startswith("QUEUE")

    @property
    def level(self) -> int:
        """Counted from 1."""
        _, _, number = self.value.partition("_")
        return int(number or 1)


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """A well-formed wish; the filters and the account have not been asked yet."""

    symbol: str
    side: Side
    position_side: PositionSide
    type: VenueOrderType
    quantity: Decimal
    price: Decimal | None
    """None for a market order, and as long as ``price_match`` has not been resolved."""
    time_in_force: VenueTimeInForce
    reduce_only: bool
    reduce_only_sent: bool
    """Hedge mode refuses the parameter whatever its value."""
    client_order_id: str | None
    """None: the venue gives one."""
    result_wanted: bool
    """newOrderRespType RESULT instead of ACK."""
    self_trade: SelfTrade = SelfTrade.EXPIRE_MAKER
    price_match: PriceMatch = PriceMatch.NONE
    good_till_ms: int = 0
    """0: no end."""


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
    self_trade: SelfTrade = SelfTrade.EXPIRE_MAKER
    price_match: PriceMatch = PriceMatch.NONE
    good_till_ms: int = 0
    amendments: int = 0
    """How often price or quantity were changed."""
    modify_id: int | None = None
    """What the client has called the last such change."""

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.executed

    @property
    def is_open(self) -> bool:
        return self.status in (VenueOrderStatus.NEW, VenueOrderStatus.PARTIALLY_FILLED)

    @property
    def sign(self) -> int:
        return 1 if self.side is Side.BUY else -1

    @property
    def average_price(self) -> Decimal:
        """0 while nothing is executed."""
        return self.value / self.executed if self.executed else Decimal(0)

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
