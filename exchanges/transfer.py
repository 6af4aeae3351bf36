"""Money and coin that came to an account or left it otherwise than by trading or funding."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class TransferKind(StrEnum):
    PAYMENT = "payment"
    """Deposited, withdrawn, or moved between wallets; rewards and rebates too."""
    LIQUIDATION_FEE = "liquidation_fee"
    """What a liquidation costs beside the trade's fee, or what the venue's insurance fund bears."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One line of a venue's own lists that is done: its balance shows it. ``transfer_id`` is the
    venue's and is what makes it count once."""

    transfer_id: str
    kind: TransferKind
    called: str
    """The venue's word for it: ``deposit``, ``TRANSFER``, ``accountClassTransfer``."""
    currency: str
    """The quote currency, or a coin."""
    amount: Decimal
    """Signed, without the fee: positive has come in."""
    fee: Decimal
    """Of the same currency, taken beside the amount."""
    time: datetime
    """When it was done."""
    symbol: str | None = None
    """The coin of the position that it is about; None: it is about none."""

    @property
    def change(self) -> Decimal:
        """What it did to the balance, signed."""
        return self.amount - self.fee
