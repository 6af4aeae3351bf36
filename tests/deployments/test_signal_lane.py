"""Signals go in the order of their runs' creation, in whatever order they are heard of."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from deployments import signal_lane
from deployments.signal_lane import Place, SignalLane

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def later(milliseconds: int) -> datetime:
    return NOON + timedelta(milliseconds=milliseconds)


async def go(name: str, place: Place, went: list[str]) -> None:
    await place.turn()
    went.append(name)
    place.leave()


async def order_of(**places: Place) -> list[str]:
    """The names in the order in which they have their turns."""
    went: list[str] = []
    await asyncio.gather(*(go(*item, went) for item in places.items()))
    return went


async def test_one_that_was_made_earlier_goes_ahead_of_one_heard_of_before() -> None:
    lane = SignalLane()
    first, second, third = lane.enter(), lane.enter(), lane.enter()
    first.made(later(2))
    third.made(later(1))
    second.made(later(3))

    went = await order_of(first=first, second=second, third=third)

    assert went == ["third", "first", "second"]
    assert len(lane) == 0


async def test_one_whose_creation_is_not_known_keeps_its_place() -> None:
    lane = SignalLane()
    first, second = lane.enter(), lane.enter()
    second.made(NOON)

    assert await order_of(second=second, first=first) == ["first", "second"]


async def test_two_of_one_moment_go_as_they_were_heard_of() -> None:
    lane = SignalLane()
    first, second = lane.enter(), lane.enter()
    for place in (first, second):
        place.made(NOON)

    assert await order_of(second=second, first=first) == ["first", "second"]


async def test_one_that_is_heard_of_as_a_later_one_is_called_goes_ahead_of_it() -> None:
    lane = SignalLane()
    first, last = lane.enter(), lane.enter()
    first.made(NOON)
    last.made(later(2))
    went: list[str] = []

    waiting = asyncio.create_task(go("last", last, went))
    await asyncio.sleep(0)
    first.leave()
    between = lane.enter()
    between.made(later(1))
    await asyncio.gather(waiting, go("between", between, went))

    assert went == ["between", "last"]


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal_lane, "PATIENCE_S", 0.05)


@pytest.mark.usefixtures("_impatient")
async def test_one_whose_claim_takes_too_long_holds_up_nobody_and_goes_when_it_can() -> None:
    lane = SignalLane()
    slow, second = lane.enter(), lane.enter()
    second.made(NOON)

    async with asyncio.timeout(30):
        with slow.claiming():
            await second.turn()
            second.leave()
        await slow.turn()

    assert len(lane) == 1


@pytest.mark.usefixtures("_impatient")
async def test_one_that_waits_to_be_claimed_is_waited_for() -> None:
    lane = SignalLane()
    waiting, second = lane.enter(), lane.enter()
    with waiting.claiming():
        waiting.made(NOON)
    second.made(later(1))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await second.turn()

    assert waiting.is_first.is_set()


@pytest.mark.usefixtures("_impatient")
async def test_a_claim_that_took_long_before_anybody_waited_keeps_its_turn() -> None:
    lane = SignalLane()
    slow, second = lane.enter(), lane.enter()
    second.made(later(1))
    went: list[str] = []

    with slow.claiming():
        await asyncio.sleep(4 * signal_lane.PATIENCE_S)
        waiting = asyncio.create_task(go("second", second, went))
        await asyncio.sleep(0)  # it waits from now on
        slow.made(NOON)
    await go("slow", slow, went)
    await waiting

    assert went == ["slow", "second"]
