from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from exchanges.clock_offset import ClockOffset

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MS = timedelta(milliseconds=1)


def test_offset_is_zero_before_the_first_sample() -> None:
    assert ClockOffset().value == timedelta(0)


def test_sample_with_the_shortest_round_trip_decides() -> None:
    offset = ClockOffset()
    offset.observe(NOON, NOON + 900 * MS, NOON + 800 * MS)
    offset.observe(NOON, NOON + 505 * MS, NOON + 10 * MS)
    offset.observe(NOON, NOON + 700 * MS, NOON + 300 * MS)

    assert offset.value == 500 * MS


def test_old_samples_make_way_for_new_ones() -> None:
    offset = ClockOffset()
    offset.observe(NOON, NOON + 150 * MS, NOON)
    for _ in range(8):
        offset.observe(NOON, NOON + 110 * MS, NOON + 20 * MS)

    assert offset.value == 100 * MS


def test_clock_that_was_set_is_believed_at_once() -> None:
    offset = ClockOffset()
    for _ in range(8):
        offset.observe(NOON, NOON + 2 * MS, NOON + 2 * MS)

    offset.observe(NOON, NOON + 30_100 * MS, NOON + 200 * MS)

    assert offset.value == 30_000 * MS


def test_sample_of_a_slow_answer_does_not_displace_better_ones() -> None:
    offset = ClockOffset()
    offset.observe(NOON, NOON + 101 * MS, NOON + 2 * MS)
    offset.observe(NOON, NOON + 2_000 * MS, NOON + 2_000 * MS)

    assert offset.value == 100 * MS


def test_sample_across_a_clock_set_back_is_dropped() -> None:
    offset = ClockOffset()
    offset.observe(NOON, NOON, NOON - timedelta(hours=1))

    assert offset.value == timedelta(0)


@given(st.integers(-5_000, 5_000), st.integers(0, 500), st.integers(0, 500))
def test_error_is_at_most_half_a_round_trip(true_ms: int, out_ms: int, back_ms: int) -> None:
    offset = ClockOffset()
    offset.observe(NOON, NOON + (true_ms + out_ms) * MS, NOON + (out_ms + back_ms) * MS)

    assert abs(offset.value - true_ms * MS) <= (out_ms + back_ms) * MS / 2


def test_time_that_is_days_away_is_passed_over() -> None:
    offset = ClockOffset()
    offset.observe(NOON, NOON + 5 * MS, NOON)
    offset.observe(NOON, datetime(9999, 12, 31, tzinfo=UTC), NOON)
    offset.observe(NOON, datetime(1970, 1, 1, tzinfo=UTC), NOON)

    assert offset.value == 5 * MS


def test_clock_days_away_is_not_believed_until_it_is_near_again() -> None:
    offset = ClockOffset()
    now = datetime(2026, 11, 2, tzinfo=UTC)
    assert offset.is_believed

    offset.observe(now, now - timedelta(days=2), now)
    assert not offset.is_believed

    offset.observe(now, now, now)
    assert offset.is_believed
