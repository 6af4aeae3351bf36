"""Our clock against the venues': is what would be signed now signed with a time that they take?

A clock that is set between two comparisons makes one leg of a pair be refused while the other is
traded. So the machine's wall clock is held against the one that only runs, which costs no question:
when they have parted since the last comparison, pairs are neither entered nor left until there has
been a new one, which is asked for at once. Repair does not wait for it: to a naked pair a refusal
is no loss, and the adapter learns from it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from exchanges.clock import Clock
from exchanges.errors import ExchangeError
from tasks.alert import Alert, AlertLevel, AlertType
from tasks.leg_venue import LegVenue
from tasks.moment import Moment

log = logging.getLogger(__name__)

LOOK_S = 1.0
LONGEST_PAUSE_S = 30.0
"""Between two questions to a venue whose answer does not help: so often it is asked anyway."""
ALARM_AFTER_S = 10.0


async def compare_clocks(venue: LegVenue, clock: Clock, limit_ms: int) -> None:
    """Ask for the venue's clock. An answer during which ours was set by more than ``limit_ms`` says
    nothing. Raises ExchangeError."""
    before = Moment.now(clock)
    theirs = await venue.server_time(clock)
    after = Moment.now(clock)
    if abs(before.jump(after)) > timedelta(milliseconds=limit_ms):
        return
    middle = before.wall + (after.wall - before.wall) / 2
    venue.clock_offset_ms = round((theirs - middle).total_seconds() * 1000)
    venue.clock_compared = after


def clock_problem(venue: LegVenue, clock: Clock, limit_ms: int) -> str | None:
    """Why nothing may be signed for ``venue`` now; None: it may."""
    if venue.exchange.clock_in_doubt:
        return f"{venue.venue} does not take the time of our clock; it is being asked for its own"
    if venue.clock_compared is None:
        return None
    jump = venue.clock_compared.jump(Moment.now(clock))
    if abs(jump) <= timedelta(milliseconds=limit_ms):
        return None
    return (
        f"our clock was set by {jump.total_seconds():+,.1f} s since it was compared with that of "
        f"{venue.venue}; they are being compared again"
    )


@dataclass(slots=True)
class _Trouble:
    since: float
    due: float
    """Monotonic, when the venue is asked."""
    pause: float = LOOK_S
    is_alarmed: bool = False


class ClockWatch:
    """Looks every second and asks where something is wrong; runs until cancelled."""

    def __init__(
        self,
        venues: Iterable[LegVenue],
        clock: Clock,
        limit_ms: int,
        alert: Callable[[Alert], None],
    ) -> None:
        """``limit_ms``: how far off a clock may be."""
        self._venues = tuple(venues)
        self._clock = clock
        self._limit_ms = limit_ms
        self._alert = alert

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for venue in self._venues:
                group.create_task(self._watch(venue))

    async def _watch(self, venue: LegVenue) -> None:
        trouble: _Trouble | None = None
        may_be_alarmed = True  # by the life before
        while True:
            await asyncio.sleep(LOOK_S)
            problem = clock_problem(venue, self._clock, self._limit_ms)
            if problem is None:
                if trouble is not None:
                    log.warning("our clock and that of %s have been compared", venue.venue)
                if trouble is not None or (may_be_alarmed and venue.clock_compared is not None):
                    self._over(venue)
                    may_be_alarmed = False
                trouble = None
                continue
            now = self._clock.monotonic()
            if trouble is None:
                log.warning("%s", problem)
                trouble = _Trouble(now, now)
            if trouble.due <= now and venue.breaker.allow():
                trouble.due = now + trouble.pause
                trouble.pause = min(2 * trouble.pause, LONGEST_PAUSE_S)
                await self._ask(venue)
            self._tell(venue, trouble, problem)

    async def _ask(self, venue: LegVenue) -> None:
        try:
            await compare_clocks(venue, self._clock, self._limit_ms)
        except ExchangeError as error:
            log.warning("the clock of %s cannot be read: %s", venue.venue, error)

    def _tell(self, venue: LegVenue, trouble: _Trouble, problem: str) -> None:
        if trouble.is_alarmed or self._clock.monotonic() - trouble.since < ALARM_AFTER_S:
            return
        trouble.is_alarmed = True
        message = f"{problem}. Until then no pair is entered or left: look at the machine's clock."
        kind, level = AlertType.SYSTEM_ERROR, AlertLevel.CRITICAL
        self._alert(Alert(kind, level, message, subject=_subject(venue)))

    def _over(self, venue: LegVenue) -> None:
        message = f"our clock and that of {venue.venue} agree again."
        kind, level = AlertType.SYSTEM_ERROR, AlertLevel.INFO
        self._alert(Alert(kind, level, message, subject=_subject(venue), is_over=True))


def _subject(venue: LegVenue) -> str:
    return f"clock:{venue.venue}"
