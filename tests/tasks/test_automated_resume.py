"""What an automation of Prefect's switches on goes off again: only a person resumes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tasks.outcome import OutcomeStatus
from tasks.resuming import LATE_S
from tasks.stop_reason import StopReason
from tasks.switch_guard import ENTRY, EXIT_VALIDATION, HOT_POOL
from tests.tasks.desks import Bench, entered, run
from tests.tasks.test_resuming import switched, types


@pytest.mark.parametrize("after_s", [0.0, 2.0], ids=["during the look", "after it"])
@pytest.mark.parametrize("name", [ENTRY, HOT_POOL])
def test_what_an_automation_switches_on_goes_off_again_until_a_person_resumes(
    tmp_path: Path, name: str, after_s: float
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await switched(desk, name, on=False)
            desk.switches.paused[name] = False
            await desk.parts.guard.look()
            await asyncio.sleep(after_s)

            desk.parts.guard.on_automated(name, "each morning")
            during = await entered(desk)
            await asyncio.sleep(2)

            told = "Prefect's automation 'each morning', and only a person resumes"
            state = desk.parts.view.state()
            assert during.status is OutcomeStatus.DENIED
            assert desk.switches.paused[ENTRY]
            assert told in desk.switches.notes[ENTRY]
            assert types(bench).count("RESUME_REFUSED") == 1
            assert types(bench).count("RESUMED") == (after_s > 0)
            assert [why["code"] for why in state["resume_refused"]["reasons"]] == ["automated"]
            assert told in ((await entered(desk)).reason or "")

            await switched(desk, ENTRY, on=True)
            assert types(bench)[-1] == "RESUMED"
            assert (await entered(desk)).status is OutcomeStatus.HEDGED

    run(tmp_path, scenario)


def test_an_automation_that_resumes_what_is_not_stopped_stops_nothing(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await switched(desk, ENTRY, on=False)
            await switched(desk, ENTRY, on=True)
            await asyncio.sleep(LATE_S)

            for name in (ENTRY, EXIT_VALIDATION):
                desk.parts.guard.on_automated(name, "each morning")
            await asyncio.sleep(1)

            assert not any(desk.switches.paused.values())
            assert (await entered(desk)).status is OutcomeStatus.HEDGED

    run(tmp_path, scenario)


def test_a_refused_resume_keeps_the_words_of_who_has_stopped(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            desk.parts.stopping.board.stop([ENTRY], StopReason.MANUAL_STOP, "lunch")
            await asyncio.sleep(1)
            for _ in range(2):
                desk.switches.paused[ENTRY] = False
                await desk.parts.guard.look()
                desk.parts.guard.on_automated(ENTRY, "each morning")
                await asyncio.sleep(2)

            [stop] = desk.parts.view.state()["stops"]
            assert stop["sentence"].startswith("lunch; resume refused: it was Prefect's")
            assert stop["sentence"].count("resume refused") == 1

    run(tmp_path, scenario)
