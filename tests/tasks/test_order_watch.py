"""Which orders are asked for again after their end, and when."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from exchanges.virtual_time import VirtualClock, VirtualTimeLoop, run_virtually
from tasks.order_watch import AGAIN_S, NEVER_RECEIVED_FOR_S, OrderWatch
from tasks.settled_order import SettledOrder
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.still_market import START
from tests.tasks.settled_orders import ended, never_received, sent, undecided


def asked_at(watch: OrderWatch, clock: ManualClock, seconds: int) -> list[int]:
    """When orders came up, looking every second."""
    found = []
    for second in range(1, seconds + 1):
        clock.advance(1)
        found += [second for _ in watch.due()]
    return found


def test_a_short_order_is_asked_for_at_growing_pauses_and_then_left() -> None:
    clock = ManualClock()
    watch = OrderWatch(clock)
    watch.note(ended(sent(clock.now()), "0.004"))

    assert asked_at(watch, clock, 4_000) == list(AGAIN_S)


def test_one_that_was_never_received_is_asked_for_all_day() -> None:
    clock = ManualClock()
    watch = OrderWatch(clock)
    watch.note(never_received(sent(clock.now())))

    times = asked_at(watch, clock, 90_000)

    assert times[: len(AGAIN_S)] == list(AGAIN_S)
    assert {later - earlier for earlier, later in pairwise(times[5:])} == {300}
    assert times[-1] == NEVER_RECEIVED_FOR_S


@pytest.mark.parametrize(
    "settled",
    [
        ended(sent(START), "0.010"),
        undecided(sent(START)),
        replace(ended(sent(START)), acknowledged=False),
    ],
    ids=["filled whole", "undecided", "refused or not sent"],
)
def test_what_can_have_no_more_is_not_asked_for(settled: SettledOrder) -> None:
    clock = ManualClock()
    watch = OrderWatch(clock)
    watch.note(never_received(settled.leg_order))

    watch.note(settled)

    assert asked_at(watch, clock, 1_000) == []


def test_after_a_restart_what_was_due_meanwhile_is_asked_for_once() -> None:
    clock = ManualClock()
    watch = OrderWatch(clock)
    short, lost = ended(sent(clock.now())), never_received(sent(clock.now(), attempt=2))
    watch.note(short, clock.now() - timedelta(seconds=100))
    watch.note(lost, clock.now() - timedelta(hours=5))

    assert watch.due() == [short, lost]
    assert asked_at(watch, clock, 600) == [20, 200, 300, 500, 600]


@pytest.mark.parametrize(
    ("settled", "ago"),
    [
        (ended(sent(START)), timedelta(seconds=AGAIN_S[-1])),
        (never_received(sent(START)), timedelta(seconds=NEVER_RECEIVED_FOR_S)),
    ],
)
def test_what_ended_long_ago_is_left(settled: SettledOrder, ago: timedelta) -> None:
    clock = ManualClock()
    watch = OrderWatch(clock)

    watch.note(settled, clock.now() - ago)

    assert watch.due() == []


def test_a_clock_that_was_set_back_makes_no_order_young_for_ever() -> None:
    clock = ManualClock()
    watch = OrderWatch(clock)
    watch.note(ended(sent(clock.now())), clock.now() + timedelta(days=3))

    assert asked_at(watch, clock, 700) == list(AGAIN_S)


def test_waiting_ends_when_an_order_is_due_or_hurried_and_not_before() -> None:
    loop = VirtualTimeLoop()
    clock = VirtualClock(loop, START)

    async def main() -> list[float]:
        watch, woke = OrderWatch(clock), []
        began = clock.monotonic()

        async def keep_waiting() -> None:
            while True:
                await watch.wait()
                woke.append(clock.monotonic() - began)
                watch.due()

        waiting = asyncio.create_task(keep_waiting())
        await asyncio.sleep(5)
        watch.note(ended(sent(clock.now())))
        await asyncio.sleep(20)
        watch.hurry(ended(sent(clock.now(), attempt=2)))
        await asyncio.sleep(1)
        waiting.cancel()
        return woke

    assert run_virtually(main(), loop) == pytest.approx([15, 25])
