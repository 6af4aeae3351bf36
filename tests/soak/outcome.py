"""The figures of a run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from exchanges.instrument import Venue
from tests.counted import counted

_SHOWN = 5


@dataclass(slots=True)
class Outcome:
    venue: Venue
    seed: int
    sent: Counter[str] = field(default_factory=Counter)
    """Orders by what was meant with them."""
    cuts: int = 0
    reports: int = 0
    books: int = 0
    frames: int = 0
    connections: int = 0
    requests: int = 0
    limited: int = 0
    """429s and 418s of the venue; there must be none."""
    held_back: int = 0
    """Orders that our own rate limits did not let through."""
    trades: int = 0
    lags_s: list[float] = field(default_factory=list)
    longest_book_pause_s: float = 0.0
    settled_after_s: float = 0.0
    """How long after the last order everything was told."""
    wrong: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not self.wrong and not self.limited

    def lag_s(self, share: float) -> float:
        """The lag that ``share`` of all trades stayed within; 0 without trades."""
        ordered = sorted(self.lags_s)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0

    def row(self) -> str:
        lags = "/".join(f"{self.lag_s(share):.3f}" for share in (0.5, 0.99, 1))
        return (
            f"{self.venue:<12}seed {self.seed}: {self.sent.total()} orders, {self.trades} trades, "
            f"{self.reports} reports, {self.books} books, {self.frames} frames, {self.cuts} cuts, "
            f"{self.connections} connections, trade to telling p50/p99/max {lags} s, "
            f"longest without a book {self.longest_book_pause_s:.1f} s, "
            f"all told {self.settled_after_s:.1f} s after the last order, "
            f"{self.requests} requests, {self.limited} refused for their rate, "
            f"{self.held_back} orders held back, {len(self.wrong)} wrong"
        )

    def table(self) -> str:
        """The row, what was sent, and the first of what is wrong."""
        return "\n  ".join([self.row(), counted(self.sent), *self.wrong[:_SHOWN]])
