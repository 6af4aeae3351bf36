"""Announced maintenance of the venues, as an operator writes it down.

Upbit, Binance and Hyperliquid announce maintenance on their notice pages and in no API, so the
windows are a setting: ``upbit 2026-12-01T01:00+09:00/2026-12-01T05:00+09:00``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from exchanges.instrument import Venue

AHEAD = timedelta(hours=1)
"""Before its start: a pair that is entered shortly before could not be left."""


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    venue: Venue
    start: datetime
    end: datetime

    def stands_against_entries(self, now: datetime) -> bool:
        return self.start - AHEAD <= now < self.end

    def sentence(self) -> str:
        start, end = (time.strftime("%Y-%m-%d %H:%M") for time in (self.start, self.end))
        return (
            f"maintenance is announced from {start} to {end} UTC, no entries from one hour before"
        )


def parse_window(text: str) -> MaintenanceWindow:
    """Raises ValueError with one sentence."""
    venue, _, span = text.partition(" ")
    start, _, end = span.partition("/")
    try:
        times = datetime.fromisoformat(start), datetime.fromisoformat(end)
        if venue in tuple(Venue) and None not in (times[0].tzinfo, times[1].tzinfo):
            window = MaintenanceWindow(Venue(venue), *(time.astimezone(UTC) for time in times))
            if window.start < window.end:
                return window
    except (ValueError, OverflowError):
        pass
    raise ValueError(
        "expected a venue and two times with their zone such as "
        '"upbit 2026-12-01T01:00+09:00/2026-12-01T05:00+09:00"'
    )


def announced(
    windows: Iterable[MaintenanceWindow], venue: Venue, now: datetime
) -> MaintenanceWindow | None:
    """The maintenance of ``venue`` that stands against entries at ``now``."""
    for window in windows:
        if window.venue is venue and window.stands_against_entries(now):
            return window
    return None
