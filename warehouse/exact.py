"""From a decimal text of the journal to the text that a DECIMAL(38, 18) column takes.

The database would round a nineteenth decimal without a word. So every value
is looked at here first: money fits exactly or is refused.
"""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, Context, Decimal, InvalidOperation
from typing import Final

DECIMALS: Final = 18
"""Digits after the point of every decimal column."""

_STEP: Final = Decimal(1).scaleb(-DECIMALS)
_LIMIT: Final = Decimal(10) ** (38 - DECIMALS)
_WIDE: Final = Context(prec=80, rounding=ROUND_DOWN, Emax=999_999, Emin=-999_999)

is_plain: Final = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,18})?").fullmatch
"""Truthy for a text that a column takes as it stands: the usual case, decided in C."""
_LONG_FRACTION: Final = re.compile(r"(-?[0-9]{1,20}\.[0-9]{18})[0-9]+").fullmatch


def money_text(text: str) -> str:
    """``text`` in plain notation, its value unchanged.

    Raises ValueError: not a decimal text, more than 18 decimals, or 10^20 and above.
    """
    if is_plain(text):
        return text
    value = _decimal(text)
    booked = _at_scale(value, text)
    if booked != value:
        raise ValueError(f"has more than {DECIMALS} decimals: {text}")
    return format(booked, "f")


def ratio_text(text: str) -> str:
    """A percentage, cut to 18 decimals: it is a quotient, whose further digits mean nothing.

    Cut here, because the database takes fifty times as long for a text that it has to round.

    Raises ValueError: not a decimal text, or 10^20 and above.
    """
    if is_plain(text):
        return text
    if long := _LONG_FRACTION(text):
        return long[1]
    return format(_at_scale(_decimal(text), text), "f")


def plain_text(value: Decimal) -> str:
    """For people and JSON: no exponent, no zeros at the end, every other digit kept."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise ValueError(f"is no decimal: {text!r}")
    return value


def _at_scale(value: Decimal, text: str) -> Decimal:
    # abs() would round to the 28 digits of the usual context first.
    if value.copy_abs() >= _LIMIT:
        raise ValueError(f"is too large for the books (10^20 and above): {text}")
    return value.quantize(_STEP, context=_WIDE)
