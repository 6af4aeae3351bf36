"""A moment by both of the machine's clocks: one can be set, the other only runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from exchanges.clock import Clock


@dataclass(frozen=True, slots=True)
class Moment:
    wall: datetime
    monotonic: float
    """Seconds, of this run of the machine alone."""

    @classmethod
    def now(cls, clock: Clock) -> Moment:
        return cls(clock.now(), clock.monotonic())

    @classmethod
    def remembered(cls, wall: datetime, clock: Clock) -> Moment:
        """Of a run before this one; never in the future, whatever was done to the clock since."""
        ago = max((clock.now() - wall).total_seconds(), 0.0)
        return cls(wall, clock.monotonic() - ago)

    def jump(self, later: Moment) -> timedelta:
        """By how much the clock on the wall was set between here and ``later``."""
        ran = timedelta(seconds=later.monotonic - self.monotonic)
        return later.wall - self.wall - ran
