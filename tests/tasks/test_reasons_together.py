"""What several say of one stop: a person and the desk, two people, an executor and Prefect."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest

from tasks.paper_desk import PaperDesk
from tasks.stop_board import FOUND
from tasks.stop_reason import DESK, GivenReason, StopReason
from tasks.switch_guard import ENTRY
from tests.tasks.desks import Bench, run
from tests.tasks.test_given_reasons import (
    AT,
    BY_HAND_TOLD,
    LUNCH,
    LUNCH_TOLD,
    ODD,
    paused,
    run_for,
    sentences,
    stops_told,
)
from tests.tasks.test_resuming import types
from tests.tasks.test_stop_board import stop
from warehouse.records import RecordType


def heard_by_hand_and_stopped(desk: PaperDesk) -> None:
    """A part of the desk fails while it is not known yet why somebody has paused."""
    [stop] = desk.parts.stopping.board.of(ENTRY)
    assert stop.sentence == FOUND
    desk.parts.stopping.automatic.system_error("the feeds failed")


def test_a_pause_by_hand_is_told_though_the_desk_stopped_before_its_reason_was_asked_for(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            own = GivenReason(f"MANUAL_STOP: {FOUND}, heard at 14:03:20", DESK, AT)
            paused(desk, own, ENTRY)
            await desk.parts.guard.look()
            heard_by_hand_and_stopped(desk)
            running = asyncio.create_task(desk.parts.run(asyncio.Event()))
            await asyncio.sleep(0.5)
            at_first = [stop.sentence for stop in desk.parts.stopping.board.of(ENTRY)]
            paused(desk, LUNCH, ENTRY)  # the pause was set first
            await asyncio.sleep(5)
            running.cancel()

            assert at_first == ["paused in Prefect by hand", "the feeds failed"]
            of_desk, by_hand, told = stops_told(bench)
            assert "the feeds failed" in of_desk
            assert BY_HAND_TOLD in by_hand
            assert LUNCH_TOLD in told

    run(tmp_path, scenario)


def test_a_pause_whose_reason_was_not_asked_for_is_left_to_the_next_desk(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            paused(desk, LUNCH, ENTRY)
            await desk.parts.guard.look()
            heard_by_hand_and_stopped(desk)
            await desk.parts.stopping.setter.deliver()

            kept = [record.body for record in bench.records(RecordType.SWITCH)]
            assert [(body["reason"], body["is_set"]) for body in kept] == [
                ("the feeds failed", False),
                ("the feeds failed", True),
            ]
        async with bench.still_desk() as desk:
            paused(desk, LUNCH, ENTRY)
            await run_for(desk, 1)

            told = {stop.sentence for stop in desk.parts.stopping.board.of(ENTRY)}
            assert told == {LUNCH.told(), "the feeds failed"}

    run(tmp_path, scenario)


def test_the_last_word_in_prefect_is_the_newest_though_a_pause_takes_longer_than_a_word(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            at_once, setter = desk.switches.pause, desk.parts.stopping.setter

            async def slowly(names: Iterable[str], reason: str) -> None:
                await asyncio.sleep(1)
                await at_once(names, reason)

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(desk.switches, "pause", slowly)
                paused(desk, None, ENTRY)
                await desk.parts.guard.look()
                heard_by_hand_and_stopped(desk)
                desk.parts.stopping.board.answered(ENTRY, LUNCH)

                assert await setter.deliver()

            assert "the feeds failed" in desk.switches.notes[ENTRY]
            assert LUNCH_TOLD in desk.switches.notes[ENTRY]

    run(tmp_path, scenario)


def test_a_stop_of_the_desk_that_prefect_never_heard_of_outlives_a_pause_by_hand_beside_it(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            paused(desk, None, ENTRY)
            await desk.parts.guard.look()
            heard_by_hand_and_stopped(desk)
            desk.parts.stopping.board.answered(ENTRY, None)  # of a Prefect that is silent by now
        async with bench.desk() as desk:  # whoever had paused has switched it on again
            await asyncio.sleep(2)

            assert desk.switches.paused[ENTRY]
            assert "the feeds failed" in desk.switches.notes[ENTRY]
            assert "RESUMED" not in types(bench)

    run(tmp_path, scenario)


def test_an_emergency_stop_that_the_desk_was_told_of_is_not_told_again_for_its_note(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        sentence = "emergency stop: the venue is odd"
        async with bench.still_desk() as desk:
            desk.parts.stopping.board.stop((ENTRY,), StopReason.MANUAL_STOP, sentence)
        async with bench.still_desk() as desk:
            paused(desk, GivenReason(sentence, "the run emergency-stop 14:10", AT), ENTRY)
            await run_for(desk, 1)

            assert sentences(desk) == {ENTRY: sentence}
            assert len(stops_told(bench)) == 1

    run(tmp_path, scenario)


def test_what_two_people_have_said_is_kept_also_when_the_second_found_no_executor(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            stop(desk)
            await asyncio.sleep(1)
        for _ in range(2):
            async with bench.still_desk() as desk:
                paused(desk, ODD, ENTRY)
                await run_for(desk, 1)

                told = desk.parts.stopping.board.why()[ENTRY]
                assert "MANUAL_STOP: lunch, heard at" in told
                assert f"once more, last at 09:00:02.000 KST: {ODD.told()}" in told
        *_, last = [text for text in stops_told(bench) if ENTRY in text]
        assert "lunch" in last
        assert ODD.told() in last
        assert len(stops_told(bench)) == 3

    run(tmp_path, scenario)


def test_an_emergency_stop_beside_what_a_person_said_is_not_told_again_for_its_note(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        sentence = "emergency stop: the venue is odd"
        async with bench.still_desk() as desk:
            for words in ("lunch", sentence):
                desk.parts.stopping.board.stop((ENTRY,), StopReason.MANUAL_STOP, words)
        async with bench.still_desk() as desk:
            paused(desk, GivenReason(sentence, "the run emergency-stop 14:10", AT), ENTRY)
            await run_for(desk, 1)

            assert sentences(desk) == {ENTRY: "lunch"}
            assert len(stops_told(bench)) == 1

    run(tmp_path, scenario)


def test_an_emergency_stop_whose_note_is_read_before_it_comes_is_one_stop(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        sentence = "emergency stop: the venue is odd"
        async with bench.still_desk() as desk:
            paused(desk, GivenReason(sentence, "the run emergency-stop 14:10", AT), ENTRY)
            await run_for(desk, 1)
            desk.parts.stopping.board.stop((ENTRY,), StopReason.MANUAL_STOP, sentence)

            [told] = desk.parts.view.state()["stops"]
            assert told["again"] is None

    run(tmp_path, scenario)


def test_a_kill_whose_pause_is_heard_before_itself_keeps_its_reason(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            paused(desk, None, ENTRY)
            await desk.parts.guard.look()
            sentence = "emergency stop: the venue is odd"
            desk.parts.stopping.board.stop((ENTRY,), StopReason.MANUAL_STOP, sentence)

            assert sentences(desk) == {ENTRY: sentence}
            assert len(stops_told(bench)) == 1

    run(tmp_path, scenario)
