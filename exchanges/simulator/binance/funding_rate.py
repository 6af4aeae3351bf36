"""Settlements of funding, as the venue publishes them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class FundingRate:
    """One settlement of a contract."""

    symbol: str
    rate: Decimal
    mark: Decimal
    time_ms: int
