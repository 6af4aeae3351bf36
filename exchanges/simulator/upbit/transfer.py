"""A deposit or a withdrawal at the simulated Upbit."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


@dataclass(slots=True)
class VenueTransfer:
    """The balance has it once it is done."""

    currency: str
    amount: Decimal
    """Above 0."""
    is_deposit: bool
    fee: Decimal
    """Taken beside the amount."""
    made_at: datetime
    done_at: datetime | None = None
    """None: under way."""
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def state(self) -> str:
        """Upbit docs, "List deposits" and "List withdrawals"."""
        if self.done_at is None:
            return "PROCESSING"
        return "ACCEPTED" if self.is_deposit else "DONE"
