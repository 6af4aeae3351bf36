"""What a campaign has done so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.counted import counted


@dataclass(slots=True)
class Tally:
    """Counts that can be added up over batches and processes."""

    schedules: int = 0
    steps: int = 0
    lives: int = 0
    crashes: int = 0
    torn: int = 0
    """Crashes in the middle of a record."""
    orders: int = 0
    """That reached a venue."""
    exits_judged: int = 0
    """Exits whose decision was held against the prices of its moment."""
    desk_s: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    """By kind, as set."""
    outcomes: Counter[str] = field(default_factory=Counter)
    """Of signals."""
    ends: Counter[str] = field(default_factory=Counter)
    """States in which pairs stood at the end of a schedule."""
    seen: Counter[str] = field(default_factory=Counter)
    """States that pairs went through."""
    worlds: Counter[str] = field(default_factory=Counter)
    """Things done to the venues behind the desk's back."""

    def add(self, other: Tally) -> None:
        for name in self.__slots__:
            mine, theirs = getattr(self, name), getattr(other, name)
            setattr(self, name, mine + theirs)

    def table(self) -> str:
        return "\n  ".join(
            [
                f"{self.schedules} schedules, {self.steps} steps, {self.lives} lives of a desk, "
                f"{self.crashes} crashes ({self.torn} in the middle of a record), "
                f"{self.orders} orders, {self.desk_s / 3600:.1f} hours of the desk's time",
                f"faults: {self.faults.total()}: {counted(self.faults)}",
                f"behind its back: {counted(self.worlds)}",
                f"signals: {counted(self.outcomes)}",
                f"pairs went through: {counted(self.seen)}",
                f"pairs ended: {counted(self.ends)}; {self.exits_judged} exits judged again",
            ]
        )
