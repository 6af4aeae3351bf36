"""Days of the books begin at midnight in Seoul."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.kst import day_start, kst_day, week_start


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 1, 31, 14, 59, 59, 999_999, UTC), date(2026, 1, 31)),
        (datetime(2026, 1, 31, 15, 0, tzinfo=UTC), date(2026, 2, 1)),
        (datetime(2025, 12, 31, 15, 0, tzinfo=UTC), date(2026, 1, 1)),
    ],
)
def test_the_day_turns_at_fifteen_hours_utc(moment: datetime, day: date) -> None:
    assert kst_day(moment) == day


@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 1, 1)))
def test_a_day_holds_its_start_and_ends_before_the_next(day: date) -> None:
    start, end = day_start(day), day_start(day + timedelta(days=1))

    assert end - start == timedelta(days=1)
    assert kst_day(start) == day
    assert kst_day(end - timedelta(microseconds=1)) == day
    assert start.tzinfo is UTC


@pytest.mark.parametrize(
    ("day", "monday"),
    [
        (date(2026, 2, 2), date(2026, 2, 2)),
        (date(2026, 2, 8), date(2026, 2, 2)),
        (date(2026, 1, 1), date(2025, 12, 29)),
    ],
)
def test_a_week_begins_on_monday(day: date, monday: date) -> None:
    assert week_start(day) == monday
