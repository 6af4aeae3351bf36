"""When funding is settled, at which rate, and what was settled before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

FUNDING_INTERVAL_MS = 8 * 3_600_000
INTEREST_RATE = Decimal("0.00010000")
"""Per interval; what the rate is while the contract trades at its index."""


@dataclass(frozen=True, slots=True)
class FundingRate:
    """One settlement of a contract."""

    symbol: str
    rate: Decimal
    mark: Decimal
    time_ms: int


class FundingSchedule:
    """At whole multiples of eight hours of the venue's time. Past ones are not made up for."""

    def __init__(self, now_ms: int) -> None:
        self.settled: list[FundingRate] = []
        self.next_ms = _after(now_ms)

    def rate(self, symbol: str) -> Decimal:
        """What the next settlement uses: the last rate, or the interest rate when there was
        none."""
        rates = (one.rate for one in reversed(self.settled) if one.symbol == symbol)
        return next(rates, INTEREST_RATE)

    def due(self, now_ms: int) -> Iterator[int]:
        """The settlements that have come due, each once."""
        while self.next_ms <= now_ms:
            due_ms, self.next_ms = self.next_ms, self.next_ms + FUNDING_INTERVAL_MS
            yield due_ms


def _after(now_ms: int) -> int:
    return (now_ms // FUNDING_INTERVAL_MS + 1) * FUNDING_INTERVAL_MS
