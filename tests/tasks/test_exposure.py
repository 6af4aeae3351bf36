"""Coin × seconds × price, over the times at which the venues traded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tasks.exposure import Traded, seconds, unhedged_krw_s

START = datetime(2026, 3, 4, 1, 0, tzinfo=UTC)
PRICE = Decimal(60_000_000)


def traded(at_s: float, coin: str) -> Traded:
    return Traded(START + timedelta(seconds=at_s), Decimal(coin))


def measured(trades: list[Traded], began_s: float = 0, ended_s: float = 10) -> Decimal:
    begin, end = (START + timedelta(seconds=at_s) for at_s in (began_s, ended_s))
    return unhedged_krw_s(trades, PRICE, begin, end)


def test_a_leg_alone_counts_until_the_other_covers_it() -> None:
    trades = [traded(1, "0.01"), traded(3.5, "-0.004"), traded(6, "-0.006")]

    # 2.5 s × 0.01 + 2.5 s × 0.006 = 0.04 coin seconds
    assert measured(trades) == 2_400_000
    assert measured(trades[::-1]) == 2_400_000


def test_what_is_still_open_counts_until_the_end() -> None:
    assert measured([traded(1, "-0.01")], ended_s=3) == 1_200_000


def test_only_the_stretch_counts_with_what_earlier_trades_left_open() -> None:
    trades = [traded(-5, "0.01"), traded(2, "-0.01"), traded(11, "-0.01")]

    assert measured(trades) == 1_200_000


def test_both_legs_at_the_same_moment_cost_nothing() -> None:
    assert measured([traded(1, "0.01"), traded(1, "-0.01")]) == 0


def test_a_stretch_that_ends_before_it_began_is_empty() -> None:
    assert measured([traded(-1, "1")], began_s=5, ended_s=4) == 0


def test_a_fraction_of_a_second_is_exact() -> None:
    assert seconds(timedelta(days=40_000, microseconds=7)) == Decimal("3456000000.000007")


coins = st.decimals(min_value="-10", max_value=10, places=8)
moments = st.integers(min_value=-60_000, max_value=60_000)
trade_lists = st.lists(
    st.builds(lambda ms, coin: Traded(START + timedelta(milliseconds=ms), coin), moments, coins),
    max_size=8,
)


@given(trade_lists, moments, st.integers(0, 60_000), st.integers(0, 60_000))
def test_stretches_that_follow_each_other_add_up(
    trades: list[Traded], began_ms: int, first_ms: int, second_ms: int
) -> None:
    begin = START + timedelta(milliseconds=began_ms)
    middle = begin + timedelta(milliseconds=first_ms)
    end = middle + timedelta(milliseconds=second_ms)

    first = unhedged_krw_s(trades, PRICE, begin, middle)
    second = unhedged_krw_s(trades, PRICE, middle, end)
    whole = unhedged_krw_s(trades, PRICE, begin, end)

    assert min(first, second) >= 0
    # Each of the three is rounded by at most half a thousandth.
    assert abs(first + second - whole) <= Decimal("0.0015")


@given(trade_lists, st.permutations(range(8)))
def test_neither_order_nor_direction_of_the_legs_matters(
    trades: list[Traded], order: list[int]
) -> None:
    end = START + timedelta(seconds=60)
    shuffled = [trades[place] for place in order if place < len(trades)]
    mirrored = [Traded(trade.time, -trade.coin) for trade in shuffled]

    assert unhedged_krw_s(mirrored, PRICE, START, end) == unhedged_krw_s(trades, PRICE, START, end)
