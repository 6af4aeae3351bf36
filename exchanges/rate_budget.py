"""A venue's rate limits, kept by us so that the venue never has to.

Limits are data (:class:`RatePool`); one request may draw on several pools.
The window slides: whatever second or minute the venue counts by, we stay
inside it. What the venue's headers say is believed when it is worse than our
own count, since other programs may share the account or the address.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from exchanges.clock import Clock


@dataclass(frozen=True, slots=True)
class RatePool:
    """At most ``limit`` units in any ``interval_s`` seconds."""

    name: str
    limit: int
    interval_s: float
    reserve: int
    """Units that only urgent requests may use: cancels, the fate of an order, recovery."""


class OverBudget(Exception):
    """Not sent, to stay within the limits. ``wait_s``: when to ask again."""

    def __init__(self, pool: str, wait_s: float) -> None:
        super().__init__(f"the rate budget {pool} is used up for {wait_s:.3f} s")
        self.pool = pool
        self.wait_s = wait_s


class RateBudget:
    """The pools of one account at one venue."""

    def __init__(self, pools: Iterable[RatePool], clock: Clock) -> None:
        self._clock = clock
        self._windows = {pool.name: _Window(pool) for pool in pools}

    def take(self, costs: Mapping[str, int], *, urgent: bool) -> Booking:
        """Book a request before it is sent: units by pool name.

        Raises OverBudget, and books nothing, when one of the pools has no room for it.
        """
        now = self._clock.monotonic()
        for name, units in costs.items():
            wait_s = self._windows[name].wait(units, now, urgent=urgent)
            if wait_s > 0:
                raise OverBudget(name, wait_s)
        for name, units in costs.items():
            self._windows[name].add(units, now)
        return Booking(self, costs, now)

    def give_back(self, costs: Mapping[str, int], taken_at: float) -> None:
        """Undo a booking of ``taken_at``; what has left the window by now is gone anyway."""
        for name, units in costs.items():
            self._windows[name].remove(units, taken_at)

    def wait(self, costs: Mapping[str, int], *, urgent: bool) -> float:
        """Seconds until a request of these costs fits; 0 when it fits now."""
        now = self._clock.monotonic()
        return max(
            self._windows[name].wait(units, now, urgent=urgent) for name, units in costs.items()
        )

    def room(self, name: str) -> int:
        """Units left in a pool, its reserve not counted."""
        return self._windows[name].room(self._clock.monotonic())

    def observe_used(self, name: str, used: int) -> None:
        """The venue says that ``used`` units of this window are gone."""
        now = self._clock.monotonic()
        window = self._windows[name]
        unseen = used - window.used(now)
        if unseen > 0:
            window.add(unseen, now)

    def observe_left(self, name: str, left: int) -> None:
        """The venue says that ``left`` units of this window remain."""
        self.observe_used(name, self._windows[name].pool.limit - left)

    def block(self, seconds: float, names: Iterable[str] | None = None) -> None:
        """Send nothing on these pools (None: on all) for ``seconds``."""
        until = self._clock.monotonic() + seconds
        for name in self._windows if names is None else names:
            window = self._windows[name]
            window.blocked_until = max(window.blocked_until, until)

    def has_pool(self, name: str) -> bool:
        return name in self._windows


class Booking:
    """One request's place in the limits. Used up by sending; until then it can be released."""

    def __init__(self, budget: RateBudget, costs: Mapping[str, int], taken_at: float) -> None:
        self._budget = budget
        self._costs = costs
        self._taken_at = taken_at
        self._is_open = True

    def use(self) -> None:
        """The request is about to be sent. Raises ValueError when it was used or released."""
        if not self._is_open:
            raise ValueError("booking: expected one that was neither used nor released")
        self._is_open = False

    def release(self) -> None:
        """The request will not be sent. Harmless after use."""
        if self._is_open:
            self._is_open = False
            self._budget.give_back(self._costs, self._taken_at)


class _Window:
    """What one pool has used, by time."""

    def __init__(self, pool: RatePool) -> None:
        self.pool = pool
        self.blocked_until = float("-inf")
        self._uses: deque[tuple[float, int]] = deque()
        self._total = 0

    def used(self, now: float) -> int:
        while self._uses and self._uses[0][0] <= now - self.pool.interval_s:
            self._total -= self._uses.popleft()[1]
        return self._total

    def add(self, units: int, now: float) -> None:
        self._uses.append((now, units))
        self._total += units

    def remove(self, units: int, taken_at: float) -> None:
        if (taken_at, units) in self._uses:
            self._uses.remove((taken_at, units))
            self._total -= units

    def room(self, now: float) -> int:
        if now < self.blocked_until:
            return 0
        return max(0, self.pool.limit - self.pool.reserve - self.used(now))

    def wait(self, units: int, now: float, *, urgent: bool) -> float:
        """Seconds until ``units`` more fit; 0 when they fit now."""
        if now < self.blocked_until:
            return self.blocked_until - now
        limit = self.pool.limit if urgent else self.pool.limit - self.pool.reserve
        excess = self.used(now) + units - limit
        if excess <= 0:
            return 0.0
        for time, used in self._uses:
            excess -= used
            if excess <= 0:
                return time + self.pool.interval_s - now
        return self.pool.interval_s  # the request alone is larger than the pool
