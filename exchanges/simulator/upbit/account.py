"""One account at the simulated Upbit."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import NAMESPACE_OID, uuid5

from exchanges.simulator.ledger import Ledger
from exchanges.simulator.upbit.order import SimulatedOrder
from exchanges.simulator.upbit.transfer import VenueTransfer

KEY_LIFE = timedelta(days=365)
"""A key is shown to expire a year after it was made (Upbit docs, authentication); a simulated one
goes on, so that a long replay does not lose its account."""


@dataclass(slots=True)
class UpbitAccount:
    """What Upbit calls a pocket, with its one key."""

    key: str
    secret: str | None = field(repr=False)
    """None: remembered from an earlier run; nobody can sign for it."""
    ledger: Ledger
    key_made_at: datetime
    orders: dict[str, SimulatedOrder] = field(default_factory=dict)
    """By uuid, in order of arrival."""
    identifiers: dict[str, SimulatedOrder | None] = field(default_factory=dict)
    """Every identifier ever used; None where the attempt failed."""
    open: dict[str, SimulatedOrder] = field(default_factory=dict)
    transfers: list[VenueTransfer] = field(default_factory=list)
    """In order of arrival."""
    average_prices: dict[str, Decimal] = field(default_factory=dict)
    """KRW that each coin held was bought at on average."""
    changes: int = 0
    """Rises with everything that is worth remembering."""

    @property
    def pocket_uuid(self) -> str:
        """The same after a restart."""
        return str(uuid5(NAMESPACE_OID, f"upbit pocket {self.key}"))

    @property
    def asset_uuid(self) -> str:
        """The same after a restart."""
        return str(uuid5(NAMESPACE_OID, f"upbit assets {self.key}"))

    @property
    def key_expires_at(self) -> datetime:
        return self.key_made_at + KEY_LIFE

    def remember_cost(self, coin: str, funds: Decimal, volume: Decimal) -> None:
        """``volume`` of ``coin`` is about to be added for ``funds`` KRW."""
        held = self.ledger.total(coin)
        before = self.average_prices.get(coin, Decimal(0))
        average = (before * held + funds) / (held + volume)
        self.average_prices[coin] = average.quantize(Decimal("0.0001"))
