"""Korean days: where the books draw the line between one day and the next.

Korea keeps no summer time, so its day is a fixed offset from UTC.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

KST: Final = timezone(timedelta(hours=9), "KST")
CLOSING_TIME: Final = time(0, 5)
"""A day's books close at this time of the next day: what was under way has been written."""


def kst_day(moment: datetime) -> date:
    """The Korean day that an aware time falls on."""
    return moment.astimezone(KST).date()


def day_start(day: date) -> datetime:
    """Midnight that begins a Korean day, in UTC."""
    return datetime.combine(day, time(), KST).astimezone(UTC)


def week_start(day: date) -> date:
    """Monday of the week that holds ``day``."""
    return day - timedelta(days=day.weekday())
