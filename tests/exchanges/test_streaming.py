from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import TypeVar

import pytest

from exchanges.errors import AuthenticationFailed, BadReply, RateLimited
from exchanges.instrument import Venue
from exchanges.streaming import LONGEST_PAUSE_S, Backoff, keep_streaming, together
from exchanges.virtual_time import VirtualClock, VirtualTimeLoop, run_virtually
from exchanges.web_socket import Connection, Disconnected, Frame, NotConnected

T = TypeVar("T")


def virtually(scenario: Callable[[VirtualClock], Awaitable[T]]) -> T:
    """Run ``scenario`` without waiting for anything."""
    loop = VirtualTimeLoop()

    async def run() -> T:
        return await scenario(VirtualClock(loop, datetime(2026, 1, 1, tzinfo=UTC)))

    return run_virtually(run(), loop)


@dataclass(slots=True)
class Scripted:
    """A connection that brings ``frames`` and then ends, or stays mute."""

    frames: list[str]
    mute: bool = False
    closed: bool = False
    sent: list[Frame] = field(default_factory=list)

    async def send(self, frame: Frame) -> None:
        self.sent.append(frame)

    async def receive(self) -> Frame:
        if self.frames:
            return self.frames.pop(0)
        if self.mute:
            await asyncio.Event().wait()
        raise Disconnected

    async def aclose(self) -> None:
        self.closed = True


async def frames_of(connection: Connection) -> AsyncGenerator[str, None]:
    while True:
        frame = await connection.receive()
        if frame == "garbage":
            raise BadReply(Venue.UPBIT, "frame: expected JSON")
        yield str(frame)


async def first(items: AsyncIterator[str], count: int) -> list[str]:
    found: list[str] = []
    async for item in items:
        found.append(item)
        if len(found) == count:
            break
    return found


def test_stream_goes_on_over_lost_connections_and_closes_each() -> None:
    connections = [Scripted(["a", "b"]), Scripted(["c"]), Scripted(["d"])]
    waiting = list(connections)

    async def connect() -> Connection:
        return waiting.pop(0)

    async def scenario(clock: VirtualClock) -> list[str]:
        stream = keep_streaming("books", connect, frames_of, clock, silence_s=None)
        found = await first(stream, 4)
        await stream.aclose()
        return found

    found = virtually(scenario)

    assert found == ["a", "b", "c", "d"]
    assert [connection.closed for connection in connections] == [True, True, True]


def test_refused_connections_are_tried_again_ever_more_slowly() -> None:
    tries: list[float] = []

    async def scenario(clock: VirtualClock) -> None:
        async def connect() -> Connection:
            tries.append(clock.monotonic())
            if len(tries) < 12:
                raise NotConnected("refused with HTTP 502", status=502)
            return Scripted(["at last"])

        stream = keep_streaming(
            "books", connect, frames_of, clock, silence_s=None, chance=random.Random(1)
        )
        await first(stream, 1)
        await stream.aclose()

    virtually(scenario)

    pauses = [later - earlier for earlier, later in pairwise(tries)]
    assert pauses[0] <= 0.1
    assert all(pause <= LONGEST_PAUSE_S for pause in pauses)
    assert min(pauses[-3:]) >= LONGEST_PAUSE_S / 2


def test_connection_that_is_open_but_mute_is_dropped() -> None:
    connections = [Scripted(["a"], mute=True), Scripted(["b"])]
    waiting = list(connections)

    async def connect() -> Connection:
        return waiting.pop(0)

    async def scenario(clock: VirtualClock) -> tuple[list[str], float]:
        began = clock.monotonic()
        stream = keep_streaming("books", connect, frames_of, clock, silence_s=5.0)
        found = await first(stream, 2)
        await stream.aclose()
        return found, clock.monotonic() - began

    found, took_s = virtually(scenario)

    assert found == ["a", "b"]
    assert 5.0 <= took_s < 5.2


def test_frame_that_cannot_be_understood_costs_the_connection_only() -> None:
    waiting = [Scripted(["a", "garbage"]), Scripted(["b"])]

    async def connect() -> Connection:
        return waiting.pop(0)

    async def scenario(clock: VirtualClock) -> list[str]:
        stream = keep_streaming("orders", connect, frames_of, clock, silence_s=None)
        found = await first(stream, 2)
        await stream.aclose()
        return found

    assert virtually(scenario) == ["a", "b"]


def test_rate_limited_venue_is_left_alone_for_as_long_as_it_asks() -> None:
    tries: list[float] = []

    async def scenario(clock: VirtualClock) -> None:
        async def connect() -> Connection:
            tries.append(clock.monotonic())
            if len(tries) == 1:
                raise RateLimited(Venue.BINANCE, "too many", retry_after_s=60.0, banned=True)
            return Scripted(["a"])

        stream = keep_streaming("orders", connect, frames_of, clock, silence_s=None)
        await first(stream, 1)
        await stream.aclose()

    virtually(scenario)

    assert tries[1] - tries[0] >= 60.0


def test_refused_key_ends_the_stream() -> None:
    async def connect() -> Connection:
        raise AuthenticationFailed(
            Venue.UPBIT, "no such key", code="invalid_access_key", status=401
        )

    async def scenario(clock: VirtualClock) -> None:
        await first(keep_streaming("orders", connect, frames_of, clock, silence_s=None), 1)

    with pytest.raises(AuthenticationFailed):
        virtually(scenario)


def test_listener_that_leaves_closes_the_connection() -> None:
    connection = Scripted(["a", "b"])

    async def connect() -> Connection:
        return connection

    async def scenario(clock: VirtualClock) -> None:
        stream = keep_streaming("books", connect, frames_of, clock, silence_s=None)
        await first(stream, 1)
        await stream.aclose()

    virtually(scenario)

    assert connection.closed


def test_pauses_start_anew_after_a_healthy_connection() -> None:
    backoff = Backoff(random.Random(7))
    for _ in range(8):
        backoff.next_s(lasted_s=0)

    pause_s = backoff.next_s(lasted_s=4)

    assert pause_s <= 0.1


def test_connection_that_held_a_while_is_not_waited_for_longer_than_it_lasted() -> None:
    backoff = Backoff(random.Random(7))
    for _ in range(8):
        backoff.next_s(lasted_s=0.05)

    pauses = [backoff.next_s(lasted_s=2.0) for _ in range(8)]

    assert all(1.0 <= pause_s <= 2.0 for pause_s in pauses)


async def slowly(items: list[str], pause_s: float, closed: list[str]) -> AsyncGenerator[str, None]:
    try:
        for item in items:
            await asyncio.sleep(pause_s)
            yield item
        await asyncio.sleep(pause_s)
    finally:
        closed.append(items[0])


def test_together_no_stream_waits_for_another_and_the_first_end_ends_all() -> None:
    closed: list[str] = []

    async def scenario(_: VirtualClock) -> list[str]:
        both = together(slowly(["a", "b"], 1.0, closed), slowly(["slow", "never"], 2.5, closed))
        return [item async for item in both]

    found = virtually(scenario)

    assert found == ["a", "b", "slow"]
    assert closed == ["a", "slow"]


def test_together_keeps_the_order_in_which_things_came_for_who_listens_slowly() -> None:
    came: list[str] = []

    async def coming(name: str, at: list[float]) -> AsyncGenerator[str, None]:
        began = asyncio.get_running_loop().time()
        for due in at:
            await asyncio.sleep(began + due - asyncio.get_running_loop().time())
            came.append(f"{name}{due}")
            yield came[-1]

    async def scenario(_: VirtualClock) -> list[str]:
        found = []
        streams = [
            coming(str(number), [2.0 - number / 10, 12.0 - number / 10]) for number in range(9)
        ]
        async for item in together(*streams):
            found.append(item)
            await asyncio.sleep(3.0 if len(found) == 1 else 0)  # all others are ready meanwhile
            if len(found) == 9:
                break
        return found

    found = virtually(scenario)

    assert found == came[:9]


def test_together_what_is_ready_comes_before_the_failure_of_another() -> None:
    async def failing() -> AsyncGenerator[str, None]:
        await asyncio.sleep(1.0)
        raise Disconnected
        yield "never"

    found: list[str] = []

    async def scenario(_: VirtualClock) -> None:
        async for item in together(failing(), slowly(["ready"], 1.0, [])):
            found.append(item)

    with pytest.raises(Disconnected):
        virtually(scenario)

    assert found == ["ready"]
