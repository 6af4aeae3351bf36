"""The budget keeps us inside the venue's limits, whatever window the venue counts by."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.rate_budget import LATE_S, OverBudget, RateBudget
from exchanges.rate_window import FINEST, RatePool
from tests.exchanges.manual_clock import ManualClock

ORDERS = RatePool("orders", limit=5, interval_s=10, reserve=2)
WEIGHT = RatePool("weight", limit=100, interval_s=60, reserve=0)


def test_reserve_is_for_urgent_requests_only() -> None:
    budget = RateBudget([ORDERS], ManualClock())
    for _ in range(3):
        budget.take({"orders": 1}, urgent=False)

    with pytest.raises(OverBudget):
        budget.take({"orders": 1}, urgent=False)
    budget.take({"orders": 2}, urgent=True)
    with pytest.raises(OverBudget):
        budget.take({"orders": 1}, urgent=True)


def test_room_counts_down_without_the_reserve_and_comes_back_with_time() -> None:
    clock = ManualClock()
    budget = RateBudget([ORDERS], clock)
    rooms = [budget.room("orders")]
    for _ in range(4):
        budget.take({"orders": 1}, urgent=True)
        rooms.append(budget.room("orders"))
    clock.advance(10)
    rooms.append(budget.room("orders"))

    assert rooms == [3, 2, 1, 0, 0, 3]


def test_refusal_names_the_moment_when_there_is_room_again() -> None:
    clock = ManualClock()
    budget = RateBudget([ORDERS], clock)
    budget.take({"orders": 2}, urgent=False)
    clock.advance(4)
    budget.take({"orders": 1}, urgent=False)

    with pytest.raises(OverBudget) as caught:
        budget.take({"orders": 1}, urgent=False)

    assert caught.value.wait_s == 6
    assert str(caught.value) == "the rate budget orders is used up for 6.000 s"
    clock.advance(6)
    budget.take({"orders": 1}, urgent=False)


def test_request_that_one_pool_refuses_is_booked_in_none() -> None:
    budget = RateBudget([ORDERS, WEIGHT], ManualClock())

    with pytest.raises(OverBudget) as caught:
        budget.take({"weight": 10, "orders": 9}, urgent=True)

    assert caught.value.pool == "orders"
    assert budget.room("weight") == 100


@pytest.mark.parametrize(("weighed", "room"), [(0, 100), (7, 93), (10, 90), (35, 65)])
def test_answered_request_counts_what_it_has_cost(weighed: int, room: int) -> None:
    clock = ManualClock()
    budget = RateBudget([WEIGHT], clock)
    booking = budget.take({"weight": 10}, urgent=False)
    booking.use()
    clock.advance(3)
    booking.arrived()

    booking.weighed({"weight": weighed})

    assert budget.room("weight") == room
    clock.advance(WEIGHT.interval_s)
    assert budget.room("weight") == 100


def test_venue_that_counts_more_than_we_do_is_believed() -> None:
    clock = ManualClock()
    budget = RateBudget([WEIGHT], clock)
    budget.take({"weight": 10}, urgent=False)
    budget.observe_used("weight", 95)

    assert budget.room("weight") == 5
    clock.advance(60)
    assert budget.room("weight") == 100


def test_venue_that_counts_less_than_we_do_is_not_believed() -> None:
    budget = RateBudget([WEIGHT], ManualClock())
    budget.take({"weight": 40}, urgent=False)
    budget.observe_left("weight", 99)

    assert budget.room("weight") == 60


def test_block_stops_named_pools_until_it_ends() -> None:
    clock = ManualClock()
    budget = RateBudget([ORDERS, WEIGHT], clock)
    budget.block(30, ["orders"])

    with pytest.raises(OverBudget) as caught:
        budget.take({"orders": 1}, urgent=True)
    assert caught.value.wait_s == 30
    assert str(caught.value) == "the rate budget orders is closed by the venue for 30.000 s"
    assert budget.room("orders") == 0
    budget.take({"weight": 1}, urgent=False)
    clock.advance(30)
    budget.take({"orders": 1}, urgent=True)


def test_shorter_block_does_not_shorten_a_longer_one() -> None:
    budget = RateBudget([ORDERS], ManualClock())
    budget.block(30)
    budget.block(1)

    with pytest.raises(OverBudget) as caught:
        budget.take({"orders": 1}, urgent=True)
    assert caught.value.wait_s == 30


@given(
    st.lists(st.tuples(st.floats(0, 7), st.integers(1, 4), st.booleans()), min_size=1, max_size=60)
)
def test_no_window_ever_holds_more_than_the_limit(
    requests: list[tuple[float, int, bool]],
) -> None:
    clock = ManualClock()
    budget = RateBudget([ORDERS], clock)
    sent: list[tuple[float, int]] = []
    for pause, units, urgent in requests:
        clock.advance(pause)
        with suppress(OverBudget):
            budget.take({"orders": units}, urgent=urgent)
            sent.append((clock.monotonic(), units))

    for end, _ in sent:
        in_window = [units for at, units in sent if end - ORDERS.interval_s < at <= end]
        assert sum(in_window) <= ORDERS.limit


@pytest.mark.parametrize("pool", [ORDERS, replace(ORDERS, limit=2 * FINEST, reserve=0)])
def test_request_that_is_answered_after_its_window_takes_away_nobody_elses_place(
    pool: RatePool,
) -> None:
    clock = ManualClock()
    budget = RateBudget([pool], clock)
    late = budget.take({"orders": 1}, urgent=False)
    clock.advance(pool.interval_s - 1)
    budget.take({"orders": 1}, urgent=False)
    clock.advance(2)
    free = budget.room("orders")

    late.arrived()

    assert budget.room("orders") == free - 1


def test_requests_that_are_answered_after_their_window_leave_the_reserve_free() -> None:
    clock = ManualClock()
    budget = RateBudget([ORDERS], clock)
    slow = [budget.take({"orders": 1}, urgent=False) for _ in range(3)]
    clock.advance(ORDERS.interval_s)
    for _ in range(3):
        budget.take({"orders": 1}, urgent=False)

    for booking in slow:
        booking.arrived()

    assert budget.room("orders") == 0
    budget.take({"orders": 2}, urgent=True)
    with pytest.raises(OverBudget):
        budget.take({"orders": 1}, urgent=True)


def test_request_that_was_long_on_its_way_counts_from_its_answer_on() -> None:
    clock = ManualClock()
    budget = RateBudget([ORDERS], clock)
    late, prompt = (budget.take({"orders": 1}, urgent=False) for _ in range(2))
    clock.advance(LATE_S)
    prompt.arrived()
    clock.advance(4)
    late.arrived()

    clock.advance(ORDERS.interval_s - 4)

    assert budget.room("orders") == 2
    clock.advance(4)
    assert budget.room("orders") == 3
