"""How decimals and times are written wherever the desk writes JSON.

Decimals are strings in plain notation (never an exponent), times are ISO-8601
in UTC with ``Z`` and always six digits of fraction.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal


def decimal_text(value: Decimal) -> str:
    """``value`` in plain notation, every digit kept: ``0.0000001``, ``1200``, ``0.10``."""
    return format(value, "f")


def short_decimal_text(value: Decimal) -> str:
    """Like :func:`decimal_text` without zeros at the end of a fraction: ``0.1``, ``1200``."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def utc_text(moment: datetime) -> str:
    """``2026-01-31T09:30:00.000000Z``; ``moment`` is aware, of any offset."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def read_utc(text: str) -> datetime:
    """The aware UTC time of an ISO-8601 text.

    Raises:
        ValueError: not ISO-8601, or without an offset.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f'expected a time with an offset such as Z, got "{text}"')
    return in_utc(moment)


def in_utc(moment: datetime) -> datetime:
    """An aware time, in UTC.

    Raises:
        ValueError: before the year 1 or after 9999 in UTC.
    """
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"expected a time of the years 1 to 9999 in UTC, got {moment}") from None
