"""Decimals and times as they stand in JSON: exact, plain, sortable."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal


def decimal_text(value: Decimal) -> str:
    """Plain notation without exponent; nothing is rounded."""
    return format(value, "f")


def time_text(value: datetime) -> str:
    """ISO-8601 in UTC with microseconds and ``Z``; ``value`` must be aware."""
    if value.tzinfo is None:
        raise ValueError("expected an aware time")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> datetime:
    """The inverse of :func:`time_text`."""
    return datetime.fromisoformat(text)
