"""Amounts of KRW for people."""

from __future__ import annotations

from decimal import Decimal


def krw_text(amount: Decimal) -> str:
    """Whole KRW with separators and a true minus sign; below 100 KRW two decimals unless 0."""
    text = f"{abs(amount):.2f}" if amount and abs(amount) < 100 else f"{abs(amount):,.0f}"
    return f"−{text}" if amount < 0 else text
