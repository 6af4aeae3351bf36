"""What may be moved to a position's margin."""

from __future__ import annotations

from decimal import Decimal

from exchanges.errors import OrderDenied
from exchanges.instrument import Venue

_STEP = Decimal("0.000001")
"""The finest that a venue counts dollars in (Hyperliquid docs, "Update isolated margin")."""


def check_margin_amount(venue: Venue, amount: Decimal) -> None:
    """Raises OrderDenied for what no venue would take, or would cut."""
    if not amount.is_finite() or amount <= 0 or amount % _STEP:
        raise OrderDenied(venue, "margin amount: expected one above 0 with at most 6 decimals")
