"""What one channel has still to tell: bounded, throttled, gathered.

Alerts of the same row that wait together become one. A row that was told of is told of again only
after a while, unless it got worse or is over; what was held back is counted then. When the box is
full the least urgent and oldest goes, and its number is told. Put in by the desk's thread, taken
out by the channel's.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from exchanges.clock import Clock
from tasks.alert import AlertLevel
from tasks.alerting.notice import Notice
from tasks.alerting.number_ranges import NumberRanges

BATCH = 20
"""Alerts that one message tells in full."""
CRITICAL = AlertLevel.CRITICAL.rank


@dataclass(frozen=True, slots=True)
class Waiting:
    """One row's news: the last alert of it and all that it stands for."""

    notice: Notice
    since: float
    """Monotonic."""
    numbers: NumberRanges


@dataclass(frozen=True, slots=True)
class Batch:
    """What one message tells."""

    told: tuple[Waiting, ...]
    """The worst first, then in their order."""
    counted: tuple[Waiting, ...] = ()
    """Only counted: there are too many."""
    dropped: Counter[str] = field(default_factory=Counter)
    """By type: alerts that the box had no room for."""
    dropped_numbers: NumberRanges = field(default_factory=NumberRanges)

    def numbers(self) -> NumberRanges:
        """Of all alerts that are settled with it, dropped ones aside."""
        numbers = NumberRanges()
        for item in (*self.told, *self.counted):
            numbers.take_in(item.numbers)
        return numbers


class Outbox:
    """One channel's; every method may be called from any thread."""

    def __init__(self, clock: Clock, *, capacity: int, gather_s: float, repeat_s: float) -> None:
        """``gather_s``: how long an alert below critical waits for others to share its message;
        ``repeat_s``: how long a row that was told of is not told of again."""
        self._clock = clock
        self._capacity = capacity
        self._gather_s = gather_s
        self._repeat_s = repeat_s
        self._lock = threading.Lock()
        self._ranks: list[dict[tuple[str, bool], Waiting]] = [{} for _ in AlertLevel]
        """A dict for each rank of urgency, oldest first, by row and whether it is over."""
        self._held: dict[str, Waiting] = {}
        """By row: told of too lately."""
        self._told_at: dict[str, float] = {}
        self._dropped: Counter[str] = Counter()
        self._dropped_numbers = NumberRanges()
        self.on_news: Callable[[], None] = lambda: None
        """Called by whoever puts something in."""

    def put(self, notice: Notice) -> None:
        """Returns at once."""
        with self._lock:
            now = self._clock.monotonic()
            item = _merged(self._held.pop(notice.row_id, None), _one(notice, now))
            told_at = self._told_at.get(notice.row_id)
            if notice.is_repeat and told_at is not None and now - told_at < self._repeat_s:
                self._held[notice.row_id] = item
                return
            self._wait(item)
            self._make_room()
        self.on_news()

    def drop(self, notice: Notice) -> None:
        """Tell only that it was there."""
        with self._lock:
            self._drop(_one(notice, self._clock.monotonic()))

    def due_in_s(self) -> float | None:
        """Seconds until there is something to tell; None: nothing waits."""
        with self._lock:
            now = self._clock.monotonic()
            if self._ranks[CRITICAL]:
                return 0.0
            dues = [
                next(iter(rank.values())).since + self._gather_s for rank in self._ranks if rank
            ]
            dues += [self._told_at.get(row, now) + self._repeat_s for row in self._held]
            if not dues and self._dropped:
                return 0.0
            return max(min(dues) - now, 0.0) if dues else None

    def take(self, *, early: bool = False) -> Batch | None:
        """All that waits, out of the box: to be settled or given back. What was held back stays
        until its time has come, unless ``early``."""
        with self._lock:
            self._release_held(early)
            told: list[Waiting] = []
            counted: list[Waiting] = []
            for rank in range(CRITICAL, -1, -1):
                waiting = self._ranks[rank]
                for key in list(waiting):
                    if len(told) < BATCH:
                        told.append(waiting.pop(key))
                    elif rank < CRITICAL:
                        counted.append(waiting.pop(key))
            if not told and not self._dropped:
                return None
            batch = Batch(tuple(told), tuple(counted), self._dropped, self._dropped_numbers)
            self._dropped, self._dropped_numbers = Counter(), NumberRanges()
            return batch

    def settle(self, batch: Batch) -> None:
        """It was told, or never will be."""
        with self._lock:
            now = self._clock.monotonic()
            for item in (*batch.told, *batch.counted):
                self._told_at.pop(item.notice.row_id, None)  # so that the newest stands last
                self._told_at[item.notice.row_id] = now
            for row_id, at in list(self._told_at.items()):
                if now - at < self._repeat_s or row_id in self._held:
                    break
                del self._told_at[row_id]

    def give_back(self, batch: Batch) -> None:
        """It was not told; it goes before what came meanwhile."""
        with self._lock:
            came, self._ranks = self._ranks, [{} for _ in AlertLevel]
            for item in (*batch.told, *batch.counted):
                self._wait(item)
            for rank in came:
                for item in rank.values():
                    self._wait(item)
            self._dropped += batch.dropped
            self._dropped_numbers.take_in(batch.dropped_numbers)
            self._make_room()

    def __len__(self) -> int:
        """Alerts that wait, those that were held back or dropped included."""
        with self._lock:
            waiting = (item for rank in self._ranks for item in rank.values())
            numbers = sum(len(item.numbers) for item in (*waiting, *self._held.values()))
            return numbers + self._dropped.total()

    def _wait(self, item: Waiting) -> None:
        notice = item.notice
        key, place = (notice.row_id, notice.is_over), self._ranks[notice.row_level.rank]
        for rank in self._ranks:
            if key in rank:
                item = _merged(rank[key], item)
                if rank is not place:  # it got worse
                    del rank[key]
        place[key] = item

    def _make_room(self) -> None:
        while sum(map(len, self._ranks)) > self._capacity:
            least = next(rank for rank in self._ranks if rank)
            self._drop(least.pop(next(iter(least))))

    def _drop(self, item: Waiting) -> None:
        self._dropped[item.notice.alert.type.value] += len(item.numbers)
        self._dropped_numbers.take_in(item.numbers)

    def _release_held(self, early: bool) -> None:
        now = self._clock.monotonic()
        for row_id in list(self._held):
            if early or now - self._told_at.get(row_id, now) >= self._repeat_s:
                self._wait(self._held.pop(row_id))


def _merged(former: Waiting | None, item: Waiting) -> Waiting:
    """The newer alert for both."""
    if former is None:
        return item
    former.numbers.take_in(item.numbers)
    return replace(item, since=former.since, numbers=former.numbers)


def _one(notice: Notice, now: float) -> Waiting:
    return Waiting(notice, now, NumberRanges((notice.number,)))
