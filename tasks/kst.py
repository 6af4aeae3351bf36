"""Days and weeks of the books: they begin at midnight in Seoul.

Korea has had no daylight saving time since 1988, so a fixed offset is exact.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

KST = timezone(timedelta(hours=9), "KST")


def kst_day(moment: datetime) -> date:
    """The KST calendar day of an aware time."""
    return moment.astimezone(KST).date()


def day_start(day: date) -> datetime:
    """The first moment of a KST day, in UTC; the day ends where the next one starts."""
    return datetime.combine(day, time(), KST).astimezone(UTC)


def week_start(day: date) -> date:
    """The Monday of the week that ``day`` is in."""
    return day - timedelta(days=day.weekday())
