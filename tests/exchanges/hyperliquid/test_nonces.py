from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from exchanges.hyperliquid.nonces import Nonces, milliseconds

NOW = datetime(2026, 11, 2, 3, 4, 5, 678901, tzinfo=UTC)


def test_nonce_is_the_time_in_milliseconds() -> None:
    assert Nonces().next(NOW) == 1793588645678


def test_two_in_one_millisecond_differ() -> None:
    nonces = Nonces()

    assert [nonces.next(NOW), nonces.next(NOW), nonces.next(NOW)] == [
        1793588645678,
        1793588645679,
        1793588645680,
    ]


@given(st.lists(st.timedeltas(timedelta(days=-1), timedelta(days=1)), min_size=2))
def test_nonces_rise_whatever_the_clock_does(steps: list[timedelta]) -> None:
    nonces, made, now = Nonces(), [], NOW
    for step in steps:
        now += step
        made.append(nonces.next(now))

    assert all(a < b for a, b in pairwise(made))
    assert made[-1] >= milliseconds(now)


@given(st.integers(0, 2**42))
def test_milliseconds_are_exact(number: int) -> None:
    time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=number)

    assert milliseconds(time) == number
