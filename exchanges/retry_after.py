"""The Retry-After header of a 429 or 418."""

from __future__ import annotations

from exchanges.transport import Response

_LONGEST_BAN_S = 3 * 86_400.0
"""Binance docs, futures general info: bans last from 2 minutes to 3 days."""


def retry_after_s(response: Response, default_s: float) -> float:
    """Seconds to wait as the venue says, else ``default_s``; never more than the longest ban."""
    text = response.headers.get("retry-after", "")
    if not (text.isascii() and text.isdigit()):
        return default_s
    return min(float(text[:9]), _LONGEST_BAN_S)
