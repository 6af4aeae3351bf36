"""A stop that was given while no executor lived: the next one tells its reason, and no other."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.errors import SwitchesUnreadable
from tasks.given_reasons import AT_ONCE_S
from tasks.paper_desk import MemorySwitches, PaperDesk
from tasks.stop_board import FOUND
from tasks.stop_reason import DESK, GivenReason
from tasks.switch_guard import ENTRY, SIGNAL_INTAKE
from tests.tasks.desks import Bench, entered, run
from tests.tasks.test_resuming import switched, types
from tests.tasks.test_stop_board import stop
from warehouse.records import RecordType

AT = datetime(2026, 2, 3, 5, 3, 20, tzinfo=UTC)
LUNCH = GivenReason("lunch", "kimp stop, user mina", AT)
LUNCH_TOLD = "MANUAL_STOP: lunch (kimp stop, user mina, at 2026-02-03 14:03:20 KST)"
ODD = GivenReason("the venue is odd", "the run emergency-stop 14:10", AT)
BY_HAND_TOLD = "MANUAL_STOP: paused in Prefect by hand"


def paused(desk: PaperDesk, given: GivenReason | None, *names: str) -> None:
    """Somebody pauses and, perhaps, leaves a reason."""
    desk.switches.paused.update(dict.fromkeys(names, True))
    if given is not None:
        desk.switches.reasons.update(dict.fromkeys(names, given))


async def run_for(desk: PaperDesk, seconds: float) -> None:
    """A still desk as the executor runs it: whatever Prefect shows, it shows from the beginning."""
    running = asyncio.create_task(desk.parts.run(asyncio.Event()))
    await asyncio.sleep(seconds)
    running.cancel()


def stops_told(bench: Bench) -> list[str]:
    return [
        record.body["message"]
        for record in bench.records(RecordType.ALERT)
        if record.body["type"] == "STOP_ACTIVATED"
    ]


def sentences(desk: PaperDesk) -> dict[str, str]:
    return {item["switch"]: item["sentence"] for item in desk.parts.view.state()["stops"]}


async def never(*_: object) -> None:
    await asyncio.Future()


async def fails(*_: object) -> None:
    raise KeyError("paused")


def test_the_reason_that_was_left_is_told_wherever_the_stop_is(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            paused(desk, LUNCH, ENTRY, SIGNAL_INTAKE)
            await run_for(desk, 1)

            [of_entry, of_intake] = stops_told(bench)
            assert LUNCH_TOLD in of_entry
            assert LUNCH_TOLD in of_intake
            assert sentences(desk) == dict.fromkeys((ENTRY, SIGNAL_INTAKE), LUNCH.told())
            assert LUNCH_TOLD in ((await entered(desk)).reason or "")
            assert LUNCH_TOLD in desk.switches.notes[ENTRY]

    run(tmp_path, scenario)


def test_the_next_desk_remembers_the_reason_and_tells_it_nobody_twice(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        for _ in range(2):
            async with bench.desk() as desk:
                paused(desk, LUNCH, ENTRY)
                await asyncio.sleep(1)
                assert sentences(desk) == {ENTRY: LUNCH.told()}

        assert types(bench) == ["STOP_ACTIVATED"]

    run(tmp_path, scenario)


@pytest.mark.parametrize("before", ["by hand", "by the desk"])
def test_a_stop_that_was_given_between_two_desks_is_news_to_the_second(
    tmp_path: Path, before: str
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            if before == "by hand":
                await switched(desk, ENTRY, on=False)
            else:
                desk.parts.stopping.automatic.system_error("the feeds failed")
                await asyncio.sleep(1)
        async with bench.still_desk() as desk:
            paused(desk, ODD, ENTRY)
            await run_for(desk, 1)

            told = [item.told() for item in desk.parts.stopping.board.of(ENTRY)]
            assert any(text.startswith(f"MANUAL_STOP: {ODD.told()}") for text in told)
            assert any("the feeds failed" in text for text in told) is (before == "by the desk")
            assert ODD.told() in stops_told(bench)[-1]
            assert len(stops_told(bench)) == 2

    run(tmp_path, scenario)


def test_what_the_desk_has_left_itself_is_news_only_to_one_that_has_forgotten_it(
    tmp_path: Path,
) -> None:
    own = GivenReason("MANUAL_STOP: lunch, heard at 14:03:20.000 KST", DESK, AT)

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            stop(desk)
            await asyncio.sleep(1)
        async with bench.desk() as desk:
            paused(desk, own, ENTRY, SIGNAL_INTAKE)
            await asyncio.sleep(20)
            assert sentences(desk) == dict.fromkeys((ENTRY, SIGNAL_INTAKE), "lunch")

    async def forgotten(bench: Bench) -> None:
        async with bench.desk() as desk:
            paused(desk, own, ENTRY)
            await asyncio.sleep(1)
            assert sentences(desk) == {ENTRY: own.told()}

    async def over(bench: Bench) -> None:
        async with bench.desk() as desk:
            await switched(desk, ENTRY, on=False)
            await switched(desk, ENTRY, on=True)
        async with bench.still_desk() as desk:
            paused(desk, own, ENTRY)
            await run_for(desk, 20)
            assert sentences(desk) == {ENTRY: own.told()}

    async def over_by_now(bench: Bench) -> None:
        async with bench.desk() as desk:
            await switched(desk, ENTRY, on=False)
        async with bench.desk() as desk:  # its switches are all on
            await asyncio.sleep(2)
            assert sentences(desk) == {}
            paused(desk, own, ENTRY)
            await asyncio.sleep(20)
            assert sentences(desk) == {ENTRY: own.told()}

    async def remembered_by_hand_alone(bench: Bench) -> None:
        async with bench.desk() as desk:
            await switched(desk, ENTRY, on=False)
        async with bench.still_desk() as desk:
            paused(desk, own, ENTRY)
            await run_for(desk, 20)
            assert sentences(desk) == {ENTRY: "paused in Prefect by hand"}

    async def remembered_by_hand(bench: Bench) -> None:
        async with bench.desk() as desk:
            await switched(desk, ENTRY, on=False)
            desk.parts.stopping.automatic.system_error("the feeds failed")
            await asyncio.sleep(1)
        async with bench.desk() as desk:
            paused(desk, own, ENTRY)
            await asyncio.sleep(20)
            told = {item.sentence for item in desk.parts.stopping.board.of(ENTRY)}
            assert told == {"paused in Prefect by hand", "the feeds failed"}

    run(tmp_path / "remembered", scenario)
    run(tmp_path / "remembered by hand", remembered_by_hand)
    run(tmp_path / "remembered by hand alone", remembered_by_hand_alone)
    run(tmp_path / "over", over)
    run(tmp_path / "over by now", over_by_now)
    run(tmp_path / "forgotten", forgotten)


def test_a_reason_that_is_left_after_the_pause_was_heard_puts_the_first_word_right(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            paused(desk, None, ENTRY)
            await asyncio.sleep(0.5)
            at_first = sentences(desk)
            paused(desk, LUNCH, ENTRY)
            await asyncio.sleep(5)

            assert at_first == {ENTRY: "paused in Prefect by hand"}
            assert sentences(desk) == {ENTRY: LUNCH.told()}
            [row] = desk.parts.alerts.rows.open()
            assert LUNCH_TOLD in row.message
        async with bench.still_desk() as desk:
            assert sentences(desk) == {ENTRY: LUNCH.told()}

    run(tmp_path, scenario)


def test_a_prefect_that_is_slow_delays_neither_the_stop_nor_the_word_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [False, False, True]

    async def slowly(switches: MemorySwitches, name: str) -> GivenReason | None:
        if answers and not answers.pop(0):
            await asyncio.sleep(60)
        if not answers:
            return switches.reasons.get(name)
        raise SwitchesUnreadable("nobody answers")

    monkeypatch.setattr(MemorySwitches, "given", slowly)

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            paused(desk, LUNCH, ENTRY)
            await desk.parts.guard.look()
            at_once, told_at_once = await entered(desk), stops_told(bench)
            await asyncio.sleep(AT_ONCE_S + 0.1)
            told = stops_told(bench)
            await asyncio.sleep(60)

            assert f"MANUAL_STOP: {FOUND}, heard at" in (at_once.reason or "")
            assert told_at_once == []
            assert [BY_HAND_TOLD in text for text in told] == [True]
            assert LUNCH_TOLD in stops_told(bench)[-1]

    run(tmp_path, scenario)


def test_a_pause_that_is_over_before_its_reason_is_known_was_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MemorySwitches, "given", never)

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            for on in (True, False):
                desk.switches.paused[ENTRY] = on
                await desk.parts.guard.look()
            await asyncio.sleep(2)

            assert types(bench) == ["STOP_ACTIVATED", "RESUMED"]
            assert desk.parts.alerts.rows.open() == []

    run(tmp_path, scenario)


def test_a_pause_whose_reason_is_asked_for_while_the_look_at_the_switches_fails_is_told(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            paused(desk, LUNCH, ENTRY)
            running = asyncio.create_task(desk.parts.run(asyncio.Event()))
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(desk.switches, "given", never)
                await asyncio.sleep(0.5)
                assert stops_told(bench) == []
                patch.setattr(desk.switches, "read", fails)
                await asyncio.sleep(0.3)
            await asyncio.sleep(5)
            running.cancel()

            assert [LUNCH_TOLD in text for text in stops_told(bench)].count(True) == 1

    run(tmp_path, scenario)


def test_a_pause_is_told_although_the_question_for_its_reason_fails_as_nobody_has_foreseen(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(desk.switches, "given", fails)
                paused(desk, LUNCH, ENTRY)
                await asyncio.sleep(1)
                assert [BY_HAND_TOLD in text for text in stops_told(bench)] == [True]
            await asyncio.sleep(5)

            assert sentences(desk) == {ENTRY: LUNCH.told()}

    run(tmp_path, scenario)


def test_a_pause_that_a_person_ends_before_its_reason_is_known_was_one_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MemorySwitches, "given", never)

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            desk.switches.paused[ENTRY] = True
            await desk.parts.guard.look()
            answer = await desk.parts.stopping.resuming.resume("go on")

            assert answer["resumed"] is True
            assert types(bench) == ["STOP_ACTIVATED", "RESUMED"]
            said = [record.body["switch"] for record in bench.records(RecordType.SWITCH)]
            assert said == ["resume", "stop", "on"]

    run(tmp_path, scenario)


def test_what_an_earlier_desk_has_left_is_news_also_after_a_slow_first_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = GivenReason("SYSTEM_ERROR: the feeds failed, heard at 14:03:20.000 KST", DESK, AT)
    questions: list[str] = []

    async def slowly(switches: MemorySwitches, name: str) -> GivenReason | None:
        questions.append(name)
        if len(questions) == 1:
            await asyncio.sleep(60)
        return switches.reasons.get(name)

    monkeypatch.setattr(MemorySwitches, "given", slowly)

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            paused(desk, own, ENTRY)
            await asyncio.sleep(AT_ONCE_S + 0.5)
            at_first = sentences(desk)
            await asyncio.sleep(10)

            assert at_first == {ENTRY: "paused in Prefect by hand"}
            assert sentences(desk) == {ENTRY: own.told()}

    run(tmp_path, scenario)
