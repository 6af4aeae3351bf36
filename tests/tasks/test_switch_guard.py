"""The stop switches as last heard, and how fresh that is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

import pytest

from tasks.errors import SwitchesUnreadable
from tasks.stop_reason import GivenReason
from tasks.switch_guard import ENTRY, EXECUTOR, UNSETTLED_S, SwitchGuard, SwitchNews
from tests.exchanges.manual_clock import ManualClock


class Prefect:
    """Says what ``paused`` says, or nothing while it is ``gone``."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.paused = {ENTRY: False, EXECUTOR: False}
        self.gone = False
        self.events: asyncio.Queue[SwitchNews] = asyncio.Queue()
        self.looks = 0

    async def read(self) -> Mapping[str, bool]:
        self.looks += 1
        answer = dict(self.paused)
        self.clock.advance(0.2)  # an answer takes its time
        if self.gone:
            raise SwitchesUnreadable("no answer")
        return answer

    async def news(self) -> SwitchNews:
        return await self.events.get()

    async def pause(self, names: Iterable[str], reason: str) -> None:
        raise AssertionError("the guard sets nothing")

    async def resume(self, names: Iterable[str]) -> None:
        raise AssertionError("the guard sets nothing")

    async def note(self, name: str, text: str) -> None:
        raise AssertionError("the guard tells nothing")

    async def given(self, name: str) -> GivenReason | None:
        raise AssertionError("the guard asks for no reasons")


def guarded() -> tuple[SwitchGuard, Prefect, ManualClock]:
    clock = ManualClock()
    prefect = Prefect(clock)
    return SwitchGuard(prefect, clock, 0.25), prefect, clock


def heard_by(guard: SwitchGuard) -> list[tuple[str, bool]]:
    heard: list[tuple[str, bool]] = []
    guard.listeners.append(lambda name, paused: heard.append((name, paused)))
    return heard


async def until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def test_before_the_first_word_there_is_no_age() -> None:
    guard, _, _ = guarded()
    assert guard.age_s is None
    assert not guard.is_paused(ENTRY)


async def test_the_age_counts_from_the_question() -> None:
    guard, _, clock = guarded()
    await guard.look()
    assert guard.age_s == pytest.approx(0.2)
    clock.advance(3)
    assert guard.age_s == pytest.approx(3.2)


async def test_silence_keeps_the_last_word_and_lets_it_age(
    caplog: pytest.LogCaptureFixture,
) -> None:
    guard, prefect, clock = guarded()
    prefect.paused[ENTRY] = True
    await guard.look()
    prefect.gone = True
    for _ in range(5):
        clock.advance(1)
        await guard.look()

    assert guard.is_paused(ENTRY)
    assert guard.age_s == pytest.approx(6.2)
    prefect.gone = False
    await guard.look()
    assert guard.age_s == pytest.approx(0.2)
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        "entry/live was paused",
        "no word from Prefect, entries will stop: no answer",
        "Prefect answers again",
    ]


async def test_a_change_is_heard_once_in_each_direction() -> None:
    guard, prefect, _ = guarded()
    heard = heard_by(guard)
    for paused in (False, True, True, False, False):
        prefect.paused[ENTRY] = paused
        await guard.look()

    assert heard == [(ENTRY, True), (ENTRY, False)]


async def test_what_an_earlier_desk_knew_is_no_news_and_its_end_is() -> None:
    guard, prefect, _ = guarded()
    heard = heard_by(guard)
    guard.remember(ENTRY, paused=True)
    guard.remember(EXECUTOR, paused=True)
    prefect.paused[ENTRY] = True

    await guard.look()

    assert heard == [(EXECUTOR, False)]


async def test_a_held_switch_is_paused_until_prefect_has_taken_it() -> None:
    guard, prefect, _ = guarded()
    heard = heard_by(guard)
    await guard.look()
    guard.hold([ENTRY])
    await guard.look()

    assert guard.is_paused(ENTRY)  # Prefect does not know of it yet
    guard.was_set([ENTRY])
    prefect.paused[ENTRY] = True
    await guard.look()
    assert guard.is_paused(ENTRY)
    prefect.paused[ENTRY] = False  # somebody switches it on
    await guard.look()
    assert not guard.is_paused(ENTRY)
    assert heard == [(ENTRY, True), (ENTRY, False)]


async def test_an_answer_that_was_asked_for_before_takes_no_pause_back() -> None:
    guard, prefect, _ = guarded()
    read = prefect.read

    async def overtaken() -> Mapping[str, bool]:
        answer = await read()
        guard.hold([ENTRY])
        prefect.paused[ENTRY] = True
        guard.was_set([ENTRY])
        return answer

    prefect.read = overtaken  # type: ignore[method-assign]
    await guard.look()

    assert guard.is_paused(ENTRY)


async def test_an_answer_that_was_asked_for_before_pauses_nothing_that_was_freed() -> None:
    guard, prefect, _ = guarded()
    prefect.paused[ENTRY] = True
    await guard.look()
    heard = heard_by(guard)
    read = prefect.read

    async def overtaken() -> Mapping[str, bool]:
        answer = await read()
        prefect.paused[ENTRY] = False
        guard.free([ENTRY])
        return answer

    prefect.read = overtaken  # type: ignore[method-assign]
    await guard.look()

    assert not guard.is_paused(ENTRY)
    assert heard == []


async def test_an_event_pauses_at_once_and_its_word_holds_until_it_can_be_read() -> None:
    guard, prefect, clock = guarded()
    await guard.look()
    prefect.gone = True
    listening = asyncio.create_task(guard.run())
    prefect.events.put_nowait(SwitchNews(paused=(ENTRY,)))

    async with asyncio.timeout(5):
        await until(lambda: guard.is_paused(ENTRY))
        prefect.gone = False
        before = prefect.looks
        await until(lambda: prefect.looks > before)  # Prefect does not show it yet
    listening.cancel()
    still = guard.is_paused(ENTRY)
    clock.advance(UNSETTLED_S)
    await guard.look()

    assert still
    assert not guard.is_paused(ENTRY)  # it was never true


async def test_an_event_without_a_pause_is_looked_into() -> None:
    guard, prefect, _ = guarded()
    slow = SwitchGuard(prefect, guard._clock, 1_000)
    listening = asyncio.create_task(slow.run())
    async with asyncio.timeout(5):
        await until(lambda: prefect.looks > 0)
        prefect.paused[ENTRY] = True
        prefect.events.put_nowait(SwitchNews())
        await until(lambda: slow.is_paused(ENTRY))
    listening.cancel()

    assert prefect.looks == 2


async def test_that_an_automation_has_resumed_is_told_after_the_resume_itself() -> None:
    guard, prefect, _ = guarded()
    prefect.paused[ENTRY] = True
    told: list[object] = []
    guard.listeners.append(lambda name, paused: told.append((name, paused)))
    slow = SwitchGuard(prefect, guard._clock, 1_000)
    slow.listeners = guard.listeners
    slow.on_automated = lambda name, automation: told.append((name, automation))
    listening = asyncio.create_task(slow.run())
    async with asyncio.timeout(5):
        await until(lambda: slow.is_paused(ENTRY))
        prefect.paused[ENTRY] = False
        prefect.events.put_nowait(SwitchNews(automated={ENTRY: "each morning"}))
        await until(lambda: len(told) == 3)
    listening.cancel()

    assert told == [(ENTRY, True), (ENTRY, False), (ENTRY, "each morning")]
