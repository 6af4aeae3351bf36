"""A deposit or a withdrawal at the simulated Upbit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(slots=True)
class VenueTransfer:
    """The balance has it once it is done."""

    uuid: str
    currency: str
    amount: Decimal
    """Above 0."""
    is_deposit: bool
    fee: Decimal
    """Taken beside the amount."""
    made_at: datetime
    done_at: datetime | None = None
    """None: under way."""

    @property
    def state(self) -> str:
        """Upbit docs, "List deposits" and "List withdrawals"."""
        if self.done_at is None:
            return "PROCESSING"
        return "ACCEPTED" if self.is_deposit else "DONE"
