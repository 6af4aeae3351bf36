"""Outages: a venue whose health check fails three times running takes no new pairs.

A check is a question for the venue's clock every ten seconds. A venue whose circuit is open is
not asked, which counts as a failure; an empty rate budget of ours counts as nothing. When an
outage begins, whatever rests is cancelled at both venues, where they can be reached: nobody
should trade against half a desk. When the venue answers again, the rest is cancelled there too,
and journal and venues are compared. Entries wait for a person all the same: the outage has stopped
them (:mod:`tasks.automatic_stops`), and what is asked then is in :mod:`tasks.resuming`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from exchanges.errors import ExchangeError, RateLimited
from tasks.alert import Alert, AlertLevel, AlertType
from tasks.desk_blocks import DeskBlocks
from tasks.errors import DeskError
from tasks.leg_venue import LegVenue
from tasks.resting_orders import cancel_resting
from tasks.trading import Trading
from tasks.unforeseen import Unforeseen
from warehouse import JournalError, LeaseLost

log = logging.getLogger(__name__)

CHECK_S = 10.0
FAILURES = 3
Compare = Callable[[], Awaitable[object]]
"""Compares journal and venues; what differs blocks entries by itself."""


@dataclass(slots=True)
class _Health:
    failed: int = 0
    """Checks in a row."""
    failing_since: float = 0.0
    is_out: bool = False
    has_answered: bool = False
    """In this life: the first answer ends an outage of the life before."""


class VenueOutages:
    """One loop per venue until cancelled."""

    def __init__(
        self,
        trading: Trading,
        blocks: DeskBlocks,
        compare: Compare,
        on_outage: Callable[[str], None],
        unforeseen: Unforeseen,
    ) -> None:
        self._trading = trading
        self._unforeseen = unforeseen
        self._blocks = blocks
        self._compare = compare
        self._on_outage = on_outage
        self._health = {leg: _Health() for leg in trading.venues}

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for venue in self._trading.venues.values():
                group.create_task(self._keep_checking(venue))

    async def _keep_checking(self, venue: LegVenue) -> None:
        while True:
            await asyncio.sleep(CHECK_S)
            with self._unforeseen.survived(f"the health check of {venue.venue}"):
                await self.check(venue)

    async def check(self, venue: LegVenue) -> None:
        """Check once, and begin or end the venue's outage."""
        health, now = self._health[venue.leg], self._trading.clock.monotonic()
        try:
            answers = await self._answers(venue)
        except RateLimited as error:
            log.debug("%s: not checked: %s", venue.venue, error)
            return
        if answers:
            health.failed = 0
            is_first, health.has_answered = not health.has_answered, True
            if health.is_out:
                await self._end(venue, health)
            elif is_first:
                self._say_back(venue, "answers again since the desk has started anew")
            return
        if not health.failed:
            health.failing_since = now
        health.failed += 1
        if health.failed >= FAILURES and not health.is_out:
            health.is_out = True
            await self._begin(venue)

    async def _answers(self, venue: LegVenue) -> bool:
        """Raises RateLimited when our own budget kept the question back."""
        if not venue.breaker.allow():
            return False
        try:
            await venue.server_time(self._trading.clock)
        except RateLimited as error:
            if not error.banned:
                raise
            return False
        except ExchangeError as error:
            log.info("%s: health check failed: %s", venue.venue, error)
            return False
        return True

    async def _begin(self, venue: LegVenue) -> None:
        name = venue.venue
        self._blocks.set(_code(venue), f"{name} cannot be reached: {FAILURES} health checks failed")
        self._trading.alert(
            Alert(
                AlertType.API_CONNECTION_LOST,
                AlertLevel.CRITICAL,
                f"{name} failed {FAILURES} health checks in a row. Entries are off until it "
                "answers, journal and venues agree and a person resumes; open pairs are kept and "
                "guarded.",
                subject=name.value,
            )
        )
        self._on_outage(f"{name} failed {FAILURES} health checks in a row")
        await self._cancel(*self._trading.venues.values())

    async def _end(self, venue: LegVenue, health: _Health) -> None:
        await self._cancel(venue)
        try:
            await self._compare()
        except LeaseLost:
            raise
        except (ExchangeError, DeskError, JournalError) as error:
            log.warning("%s answers, but cannot be compared with yet: %s", venue.venue, error)
            return
        health.is_out = False
        self._blocks.clear(_code(venue))
        away_s = self._trading.clock.monotonic() - health.failing_since
        self._say_back(
            venue,
            f"answers again after {away_s:,.0f} s; journal and venues have been compared. "
            "Entries wait for kimp resume",
        )

    def _say_back(self, venue: LegVenue, how: str) -> None:
        kind, level, name = AlertType.API_CONNECTION_BACK, AlertLevel.INFO, venue.venue
        self._trading.alert(Alert(kind, level, f"{name} {how}.", None, name.value, is_over=True))

    async def _cancel(self, *venues: LegVenue) -> None:
        cancelled = await cancel_resting(venues, self._trading.settings.symbols)
        if cancelled.orders:
            log.warning("resting orders were cancelled: %s", ", ".join(cancelled.orders))


def _code(venue: LegVenue) -> str:
    """Of the block."""
    return f"outage:{venue.venue}"
