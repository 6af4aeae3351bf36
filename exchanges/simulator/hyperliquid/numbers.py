"""Numbers as the venue reads and writes them."""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

from exchanges.decimal_json import plain

USDC_STEP = Decimal("0.000001")
"""Fees, profits and funding are booked and shown with six decimals."""
MAX_WIRE_DECIMALS = 8

_WIRE = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?")


def shown(value: Decimal) -> str:
    """``value`` as the venue writes it: no exponent, no closing zeros, but always a decimal
    (``"50000.0"``)."""
    text = plain(value)
    return text if "." in text else f"{text}.0"


def usdc(value: Decimal) -> Decimal:
    """``value`` at the precision the venue books."""
    return value.quantize(USDC_STEP, rounding=ROUND_HALF_EVEN)


def rounded(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN)


def cut(value: Decimal, decimals: int) -> Decimal:
    """``value`` without what lies behind ``decimals``."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_DOWN)


def wire_number(text: object) -> Decimal:
    """A number of an order as it is sent: text, not negative, no exponent, at most eight decimals
    that are not closing zeros. Raises ValueError."""
    if not isinstance(text, str) or _WIRE.fullmatch(text) is None:
        raise ValueError("expected a number as text")
    value = Decimal(text)
    if decimal_places(value) > MAX_WIRE_DECIMALS:
        raise ValueError(f"expected at most {MAX_WIRE_DECIMALS} decimals")
    return value


def decimal_places(value: Decimal) -> int:
    """Decimals of ``value`` without closing zeros; 0 for whole numbers."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def significant_figures(value: Decimal) -> int:
    """Digits of ``value`` without zeros before and behind; 12300 has three."""
    return len(value.normalize().as_tuple().digits)
