"""Nonces: milliseconds, never twice, never falling.

Hyperliquid docs, "Nonces and API wallets": the venue keeps the highest nonces of each signer and
takes a new one that is higher than the lowest of them, not among them, and within two days before
and one day after its own time. Each process needs an API wallet of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Nonces:
    """Of one signer."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, now: datetime) -> int:
        """A nonce for an action signed at ``now``, above every earlier one even when two are made
        in one millisecond or the clock was set back."""
        self._last = max(self._last + 1, milliseconds(now))
        return self._last


def milliseconds(time: datetime) -> int:
    """Since 1970."""
    return (time - _EPOCH) // timedelta(milliseconds=1)
