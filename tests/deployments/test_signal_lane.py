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


async def order_of(**places: Place) -> list[str]:
    """The names in the order in which they have their turns."""
    went: list[str] = []

    async def go(name: str, place: Place) -> None:
        await place.turn()
        went.append(name)
        place.leave()

    await asyncio.gather(*(go(*item) for item in places.items()))
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
async def test_claims_that_all_take_long_keep_their_order() -> None:
    lane = SignalLane()
    first, second = lane.enter(), lane.enter()
    went: list[str] = []

    async def go(name: str, place: Place, claim_s: float) -> None:
        with place.claiming():
            await asyncio.sleep(claim_s)
        await place.turn()
        went.append(name)
        place.leave()

    await asyncio.gather(go("first", first, 0.32), go("second", second, 0.3))

    assert went == ["first", "second"]
