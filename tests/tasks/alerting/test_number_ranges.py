"""Alert numbers as ranges."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tasks.alerting.number_ranges import NumberRanges

ranges = st.lists(
    st.tuples(st.integers(1, 60), st.integers(0, 9)).map(lambda it: (it[0], it[0] + it[1])),
    max_size=30,
)


@given(ranges)
def test_ranges_hold_what_was_put_in_and_nothing_else(given_ranges: list[tuple[int, int]]) -> None:
    numbers = NumberRanges()
    for first, last in given_ranges:
        numbers.add(first, last)

    inside = {number for first, last in given_ranges for number in range(first, last + 1)}
    assert {number for number in range(80) if number in numbers} == inside
    assert len(numbers) == len(inside)


@given(ranges)
def test_ranges_rise_and_never_touch(given_ranges: list[tuple[int, int]]) -> None:
    numbers = NumberRanges()
    for first, last in given_ranges:
        numbers.add(first, last)

    told = list(numbers)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(told))


def test_numbers_that_nobody_asks_about_any_more_count_as_in() -> None:
    numbers = NumberRanges((5, 9))

    numbers.forget_below(8)

    assert list(numbers) == [(1, 7), (9, 9)]
