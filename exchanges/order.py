"""Orders as the desk sends them and as a venue reports them.

Shapes only. Quantities are in coin, prices in the market's quote currency,
both :class:`~decimal.Decimal`; times are aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from exchanges.fill import Fill
from exchanges.forced_close import ForcedClose
from exchanges.side import Side


class OrderType(StrEnum):
    LIMIT = "limit"
    MARKET = "market"


class TimeInForce(StrEnum):
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    POST_ONLY = "post_only"


class OrderStatus(StrEnum):
    """A venue's word on an order, in common terms. Judge fills by quantity, not by this."""

    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    """Ended by a cancel or by the venue with a rest unfilled (Upbit IOC rests end here)."""
    EXPIRED = "expired"
    REJECTED = "rejected"

    @property
    def is_terminal(self) -> bool:
        """No further fill can come, as far as the venue says."""
        return self not in (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)


@dataclass(frozen=True, slots=True)
class Order:
    """An order to be placed. Built, journalled, then sent; never changed."""

    client_order_id: str
    """Ours, derived from signal, leg and attempt; never used twice."""
    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    price: Decimal | None = None
    """Limit price; None exactly for a market order."""
    time_in_force: TimeInForce | None = None
    """None for a market order, and for a limit order that rests (good till cancelled)."""
    reduce_only: bool = False
    """Perpetual only: may shrink the position, never open one."""


@dataclass(frozen=True, slots=True)
class OrderReport:
    """What a venue said about one order at one moment."""

    client_order_id: str
    venue_order_id: str
    symbol: str
    side: Side
    status: OrderStatus
    quantity: Decimal
    """As ordered."""
    filled: Decimal
    """Executed so far: the number every decision uses."""
    updated_at: datetime
    fills: tuple[Fill, ...] = ()
    """The trades behind ``filled``, oldest first. May lag: see :attr:`fills_complete`."""
    forced: ForcedClose | None = None
    """The venue's own order that closes a position of the account; None: somebody ordered it, as
    far as the venue has said."""

    @property
    def is_terminal(self) -> bool:
        return self.status.is_terminal

    @property
    def fills_complete(self) -> bool:
        """The known trades add up to the executed quantity, so price and fee are final."""
        return sum((fill.quantity for fill in self.fills), Decimal(0)) == self.filled

    @property
    def value(self) -> Decimal:
        """Σ price × quantity of the known trades, in quote currency."""
        return sum((fill.price * fill.quantity for fill in self.fills), Decimal(0))

    def fee_in(self, currency: str) -> Decimal:
        """Σ fees of the known trades that were taken in ``currency``. Unlike amounts are never
        added: a venue may take its fee in a coin of its own."""
        taken = (fill.fee for fill in self.fills if fill.fee_currency == currency)
        return sum(taken, Decimal(0))

    @property
    def fee_currencies(self) -> frozenset[str]:
        """What the venue took its fees in."""
        return frozenset(fill.fee_currency for fill in self.fills if fill.fee)
