"""One pool of a rate limit, and what was used of it in the sliding window."""

from __future__ import annotations

from dataclasses import dataclass, field

FINEST = 128
"""A pool of more units than this is kept in slots of this part of its interval, each counted
until its latest use has left the window: never less than was used."""


@dataclass(frozen=True, slots=True)
class RatePool:
    """At most ``limit`` units in any ``interval_s`` seconds."""

    name: str
    limit: int
    interval_s: float
    reserve: int
    """Units that only urgent requests may use: cancels, the fate of an order, recovery."""

    @property
    def is_fine(self) -> bool:
        """Is every use kept by itself?"""
        return self.limit <= FINEST

    def slot(self, time: float) -> int:
        return int(time // (self.interval_s / FINEST))


@dataclass(slots=True)
class RateWindow:
    """Uses (time, units) of ``pool``, oldest first; times are monotonic seconds."""

    pool: RatePool
    blocked_until: float = float("-inf")
    uses: list[tuple[float, int]] = field(default_factory=list)

    def used(self, now: float) -> int:
        oldest = now - self.pool.interval_s
        self.uses = [use for use in self.uses if use[0] > oldest]
        return sum([units for _, units in self.uses])

    def add(self, units: int, now: float) -> None:
        if not self.pool.is_fine and self.uses:
            last, before = self.uses[-1]
            if self.pool.slot(last) == self.pool.slot(now):
                self.uses[-1] = (now, before + units)
                return
        self.uses.append((now, units))

    def remove(self, units: int, taken_at: float) -> bool:
        """Undo an :meth:`add` of ``taken_at``; False: it has left the window and is gone anyway."""
        for index, (time, used) in enumerate(self.uses):
            if self._is_same(time, taken_at) and used >= units:
                self.uses[index] = (time, used - units)
                return True
        return False

    def count_anew(self, units: int, taken_at: float, now: float) -> None:
        """Let a use of ``taken_at`` count from ``now`` on.

        One that was gone had its place taken by others. It takes none of the reserve: a slow
        venue's late answers would keep a cancel waiting.
        """
        used = self.used(now)
        if not self.remove(units, taken_at):
            units = min(units, max(0, self.pool.limit - self.pool.reserve - used))
        if units > 0:
            self.add(units, now)

    def room(self, now: float) -> int:
        """Units left, the reserve not counted."""
        if self.is_blocked(now):
            return 0
        return max(0, self.pool.limit - self.pool.reserve - self.used(now))

    def wait(self, units: int, now: float, *, urgent: bool) -> float:
        """Seconds until ``units`` more fit; 0 when they fit now."""
        if self.is_blocked(now):
            return self.blocked_until - now
        limit = self.pool.limit if urgent else self.pool.limit - self.pool.reserve
        excess = self.used(now) + units - limit
        if excess <= 0:
            return 0.0
        for time, used in self.uses:
            excess -= used
            if excess <= 0:
                return time + self.pool.interval_s - now
        return self.pool.interval_s  # the request alone is larger than the pool

    def _is_same(self, time: float, taken_at: float) -> bool:
        if self.pool.is_fine:
            return time == taken_at
        return self.pool.slot(time) == self.pool.slot(taken_at)

    def is_blocked(self, now: float) -> bool:
        """Does the venue want nothing of this pool?"""
        return now < self.blocked_until
