"""How many actions the account's address may still send.

Source: Hyperliquid docs, "Rate limits and user limits": one action for every USDC traded since the
address exists, after a first 10,000; one every 10 s when they are used up; cancels have at least
twice the number. What comes after its ``expiresAfter`` counts five times ("Exchange endpoint").
Unlike weight it does not come back with time, so it is no pool of a
:class:`~exchanges.rate_budget.RateBudget`; the venue tells how it stands (``userRateLimit``).
"""

from __future__ import annotations

from exchanges.clock import Clock

RESERVE = 100
"""Actions kept for recovery: entries stop before the last ones are used."""
EVERY_S = 10.0
"""How often an address without any left is heard."""
_STALE_COSTS = 5
_UNKNOWN = 10_000
"""Every address starts with so many."""


class AddressBudget:
    """Counts down between two words of the venue."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left = _UNKNOWN
        self._closed_until = float("-inf")

    def observe(self, used: int, cap: int) -> None:
        """What the venue says."""
        self._left = cap - used

    def spend(self) -> None:
        """An action was sent."""
        self._left -= 1

    def came_too_late(self) -> None:
        """An action that was sent had expired."""
        self._left -= _STALE_COSTS - 1

    def refused(self) -> None:
        """The venue says that none is left."""
        self._left = 0
        self._closed_until = self._clock.monotonic() + EVERY_S

    def room(self) -> int:
        """Orders that may be sent now, the reserve not counted."""
        return 0 if self.wait_s(urgent=False) else max(0, self._left - RESERVE)

    def wait_s(self, *, urgent: bool) -> float:
        """Seconds until one more order may be sent; ``urgent`` may use the reserve, and is tried
        even when nothing is left: one in 10 s goes through."""
        closed_s = self._closed_until - self._clock.monotonic()
        if closed_s > 0:
            return closed_s
        return 0.0 if urgent or self._left > RESERVE else EVERY_S
