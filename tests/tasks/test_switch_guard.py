"""The stop switches as last heard, and how fresh that is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from tasks.errors import SwitchesUnreadable
from tasks.switch_guard import ENTRY, EXECUTOR, SwitchGuard
from tests.exchanges.manual_clock import ManualClock


class Prefect:
    """Says what ``paused`` says, or nothing while it is ``gone``."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.paused = {ENTRY: False, EXECUTOR: False}
        self.gone = False

    async def read(self) -> Mapping[str, bool]:
        self.clock.advance(0.2)  # an answer takes its time
        if self.gone:
            raise SwitchesUnreadable("no answer")
        return dict(self.paused)

    async def pause(self, names: Iterable[str], reason: str) -> None:
        if self.gone:
            raise SwitchesUnreadable("no answer")
        self.paused.update(dict.fromkeys(names, True))


def guarded() -> tuple[SwitchGuard, Prefect, ManualClock]:
    clock = ManualClock()
    prefect = Prefect(clock)
    return SwitchGuard(prefect, clock, 0.25), prefect, clock


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
    assert told == ["no word from Prefect, entries will stop: no answer", "Prefect answers again"]


async def test_a_pause_holds_here_at_once_even_when_prefect_is_gone() -> None:
    guard, prefect, _ = guarded()
    await guard.look()
    prefect.gone = True
    await guard.pause([ENTRY], "drill")

    assert guard.is_paused(ENTRY)
    assert not prefect.paused[ENTRY]


async def test_a_pause_is_set_in_prefect() -> None:
    guard, prefect, _ = guarded()
    await guard.pause([ENTRY], "drill")
    assert prefect.paused == {ENTRY: True, EXECUTOR: False}


async def test_a_change_is_logged_with_the_name(caplog: pytest.LogCaptureFixture) -> None:
    guard, prefect, _ = guarded()
    await guard.look()
    prefect.paused[ENTRY] = True
    await guard.look()
    assert "entry/live was paused" in caplog.text
