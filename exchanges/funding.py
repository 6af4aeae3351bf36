"""Funding as the venue's income feed books it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class FundingPayment:
    """One settlement. ``transaction_id`` is the venue's and is what makes it count once."""

    transaction_id: str
    symbol: str
    amount: Decimal
    """Signed, in ``currency``: positive is received by us."""
    currency: str
    time: datetime
