"""A venue's rate limits, kept by us so that the venue never has to.

Limits are data (:class:`~exchanges.rate_window.RatePool`); one request may
draw on several pools. The window slides: whatever second or minute the venue
counts by, we stay inside it. What the venue's headers say is believed when it
is worse than our own count, since other programs may share the account or the
address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from exchanges.clock import Clock
from exchanges.rate_ledger import FileRateLedger, MemoryRateLedger, RateLedger
from exchanges.rate_window import RatePool

LATE_S = 0.1
"""A venue counts a request when it arrives. When that is may differ by this much from one request
to the next without harm: intervals of pools that are as short as a second are longer by it than
the venue's."""


class OverBudget(Exception):
    """Not sent, to stay within the limits, or because the venue wants nothing more for a while.
    ``wait_s``: when to ask again."""

    def __init__(self, pool: str, wait_s: float, *, by_venue: bool) -> None:
        why = "is closed by the venue" if by_venue else "is used up"
        super().__init__(f"the rate budget {pool} {why} for {wait_s:.3f} s")
        self.pool = pool
        self.wait_s = wait_s


class RateBudget:
    """The pools of one account at one venue."""

    def __init__(self, pools: Sequence[RatePool], clock: Clock, file: Path | None = None) -> None:
        """``file`` is shared with every process that gives the same one (its ``clock`` must then
        be the machine's); None: kept in this process. Raises OSError when it cannot be used."""
        self._clock = clock
        self._pools = {pool.name: pool for pool in pools}
        self._ledger: RateLedger = (
            MemoryRateLedger(pools) if file is None else FileRateLedger(pools, file)
        )

    def take(self, costs: Mapping[str, int], *, urgent: bool) -> Booking:
        """Book a request before it is sent: units by pool name.

        Raises OverBudget, and books nothing, when one of the pools has no room for it.
        """
        now = self._clock.monotonic()
        with self._ledger.open() as windows:
            for name, units in costs.items():
                wait_s = windows[name].wait(units, now, urgent=urgent)
                if wait_s > 0:
                    raise OverBudget(name, wait_s, by_venue=windows[name].is_blocked(now))
            for name, units in costs.items():
                windows[name].add(units, now)
        return Booking(self, costs, now)

    def give_back(self, costs: Mapping[str, int], taken_at: float) -> None:
        """Undo a booking of ``taken_at``."""
        with self._ledger.open() as windows:
            for name, units in costs.items():
                windows[name].remove(units, taken_at)

    def arrived(self, costs: Mapping[str, int], taken_at: float) -> float:
        """The venue has counted a request booked at ``taken_at``, and nobody knows when: at the
        latest now, so one that was long on its way counts from now on. Since when it counts."""
        now = self._clock.monotonic()
        if now - taken_at <= LATE_S:
            return taken_at
        with self._ledger.open() as windows:
            for name, units in costs.items():
                windows[name].count_anew(units, taken_at, now)
        return now

    def correct(
        self, booked: Mapping[str, int], weighed: Mapping[str, int], taken_at: float
    ) -> None:
        """A request that was booked at ``taken_at`` has cost otherwise, as its answer shows."""
        now = self._clock.monotonic()
        with self._ledger.open() as windows:
            for name, units in weighed.items():
                more = units - booked[name]
                if more > 0:
                    windows[name].add(more, now)
                elif more < 0:
                    windows[name].remove(-more, taken_at)

    def wait(self, costs: Mapping[str, int], *, urgent: bool) -> float:
        """Seconds until a request of these costs fits; 0 when it fits now."""
        now = self._clock.monotonic()
        with self._ledger.open() as windows:
            return max(
                windows[name].wait(units, now, urgent=urgent) for name, units in costs.items()
            )

    def room(self, name: str) -> int:
        """Units left in a pool, its reserve not counted."""
        with self._ledger.open() as windows:
            return windows[name].room(self._clock.monotonic())

    def observe_used(self, name: str, used: int) -> None:
        """The venue says that ``used`` units of this window are gone."""
        now = self._clock.monotonic()
        with self._ledger.open() as windows:
            unseen = used - windows[name].used(now)
            if unseen > 0:
                windows[name].add(unseen, now)

    def observe_left(self, name: str, left: int) -> None:
        """The venue says that ``left`` units of this window remain."""
        self.observe_used(name, self._pools[name].limit - left)

    def block(self, seconds: float, names: Iterable[str] | None = None) -> None:
        """Send nothing on these pools (None: on all) for ``seconds``."""
        until = self._clock.monotonic() + seconds
        with self._ledger.open() as windows:
            for name in self._pools if names is None else names:
                windows[name].blocked_until = max(windows[name].blocked_until, until)

    def has_pool(self, name: str) -> bool:
        return name in self._pools

    def close(self) -> None:
        """Let go of a shared file."""
        self._ledger.close()


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

    def arrived(self) -> None:
        """The request that was sent has been answered, or never will be."""
        self._taken_at = self._budget.arrived(self._costs, self._taken_at)

    def weighed(self, costs: Mapping[str, int]) -> None:
        """What the request, which has been answered, has cost of the pools it was booked on."""
        if costs != self._costs:
            self._budget.correct(self._costs, costs, self._taken_at)
            self._costs = costs

    def release(self) -> None:
        """The request will not be sent. Harmless after use."""
        if self._is_open:
            self._is_open = False
            self._budget.give_back(self._costs, self._taken_at)
