"""Time that jumps: hours of waiting cost nothing, and a standstill is an error, not a hang."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from exchanges.virtual_time import VirtualClock, VirtualTimeLoop, run_virtually

START = datetime(2021, 4, 1, tzinfo=UTC)


def test_a_year_of_sleep_passes_on_the_clock_alone() -> None:
    loop = VirtualTimeLoop()
    clock = VirtualClock(loop, START)

    async def wait() -> None:
        await asyncio.sleep(365 * 86_400)

    run_virtually(wait(), loop)
    passed = clock.now() - START
    assert timedelta(days=365) <= passed < timedelta(days=365, seconds=1)
    assert clock.monotonic() == pytest.approx(365 * 86_400)


def test_timers_fire_in_their_order() -> None:
    order: list[str] = []

    async def after(seconds: float, name: str) -> None:
        await asyncio.sleep(seconds)
        order.append(name)

    async def main() -> None:
        await asyncio.gather(after(3, "c"), after(1, "a"), after(2, "b"), after(1, "a too"))

    run_virtually(main(), VirtualTimeLoop())
    assert order == ["a", "a too", "b", "c"]


def test_a_timeout_is_a_timer_like_any_other() -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60):
                await asyncio.sleep(61)

    run_virtually(main(), VirtualTimeLoop())


def test_when_nothing_can_happen_any_more_it_says_so() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="virtual time stands still"):
        run_virtually(main(), VirtualTimeLoop())


def test_the_result_and_the_error_come_out() -> None:
    async def answer() -> int:
        await asyncio.sleep(1)
        return 42

    async def fail() -> None:
        raise LookupError("x")

    assert run_virtually(answer(), VirtualTimeLoop()) == 42
    with pytest.raises(LookupError):
        run_virtually(fail(), VirtualTimeLoop())


def test_what_is_left_behind_is_cancelled() -> None:
    cancelled: list[bool] = []

    async def forever() -> None:
        try:
            await asyncio.sleep(10**6)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    tasks = []

    async def main() -> None:
        tasks.append(asyncio.create_task(forever()))
        await asyncio.sleep(0)

    run_virtually(main(), VirtualTimeLoop())
    assert cancelled == [True]


def test_a_start_without_a_zone_is_refused() -> None:
    loop = VirtualTimeLoop()
    with pytest.raises(ValueError, match="aware"):
        VirtualClock(loop, datetime(2021, 4, 1))  # noqa: DTZ001 - what is refused
    loop.close()
