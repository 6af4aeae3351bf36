"""Stops that the desk sets: at once here, in Prefect when it answers, and over restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from tasks.assembled_desk import AssembledDesk
from tasks.errors import SwitchesUnreadable
from tasks.outcome import OutcomeStatus
from tasks.paper_desk import MemorySwitches, PaperDesk
from tasks.stop_reason import StopReason
from tasks.switch_guard import ENTRY, EXIT_VALIDATION, SIGNAL_INTAKE
from tests.tasks.desks import Bench, entered, run
from tests.tasks.test_resuming import resume_that_prefect_is_told_of, switched, types
from warehouse import LeaseLost
from warehouse.records import RecordType

PREFECT_AWAY = SwitchesUnreadable("nobody answers")


def prefect_is_away(desk: PaperDesk) -> None:
    async def refuse(names: Iterable[str], reason: str) -> None:
        raise PREFECT_AWAY

    desk.switches.pause = refuse  # type: ignore[method-assign]


def prefect_is_back(desk: PaperDesk) -> None:
    desk.switches.pause = MemorySwitches.pause.__get__(desk.switches)  # type: ignore[method-assign]


def stop(desk: PaperDesk, sentence: str = "lunch") -> None:
    desk.parts.stopping.board.stop((ENTRY, SIGNAL_INTAKE), StopReason.MANUAL_STOP, sentence)


def test_a_stop_holds_before_prefect_knows_and_prefect_is_told_when_it_is_back(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            prefect_is_away(desk)
            stop(desk)
            refused = await entered(desk)
            await asyncio.sleep(3)
            told = desk.parts.view.state()["stops"]

            assert "MANUAL_STOP: lunch, heard at 09:00:01.000 KST" in (refused.reason or "")
            assert not desk.switches.paused[ENTRY]
            assert (await entered(desk)).status is OutcomeStatus.DENIED  # what Prefect says is old
            assert [item["known_to_prefect"] for item in told] == [False, False]
            prefect_is_back(desk)
            await asyncio.sleep(1)
            assert desk.switches.paused[ENTRY]
            assert desk.switches.paused[SIGNAL_INTAKE]
            assert "MANUAL_STOP: lunch" in desk.switches.notes[ENTRY]
            assert types(bench) == ["STOP_ACTIVATED", "STOP_ACTIVATED"]

    run(tmp_path, scenario)


def test_a_reason_that_says_how_is_a_reason(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            stop(desk, "paused in Prefect")
            await asyncio.sleep(1)
            assert desk.switches.paused[ENTRY]
        async with bench.desk() as desk:  # whoever it was has switched it on again
            await asyncio.sleep(2)

            assert types(bench)[-1] == "RESUMED"
            assert not desk.switches.paused[ENTRY]

    run(tmp_path, scenario)


def test_a_resume_that_is_refused_once_prefect_has_taken_it_stays_refused_over_a_death(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            resume = await resume_that_prefect_is_told_of(desk)
            prefect_is_away(desk)
            board = desk.parts.stopping.board
            board.stop((EXIT_VALIDATION,), StopReason.MANUAL_STOP, "no exits for now")
            answer = await resume
            assert [reason["code"] for reason in answer["reasons"]] == ["stopped"]
            assert not desk.switches.paused[ENTRY]
        async with bench.desk() as desk:
            await asyncio.sleep(2)

            assert desk.switches.paused[ENTRY]
            assert "RESUMED" not in types(bench)

    run(tmp_path, scenario)


def test_a_stop_that_prefect_never_heard_of_outlives_the_desk(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            prefect_is_away(desk)
            stop(desk)
            await asyncio.sleep(1)
        async with bench.desk() as desk:  # a Prefect that shows everything on
            await asyncio.sleep(1)

            assert desk.switches.paused[ENTRY]
            assert "lunch" in desk.switches.notes[ENTRY]
            assert "RESUME_REFUSED" not in types(bench)
            assert (await entered(desk)).status is OutcomeStatus.DENIED

    run(tmp_path, scenario)


def test_a_stop_keeps_its_reason_over_a_restart_and_is_alerted_once(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            stop(desk)
            await asyncio.sleep(1)
        async with bench.still_desk() as desk:
            desk.switches.paused.update({ENTRY: True, SIGNAL_INTAKE: True})
            desk.parts.blocks.clear("resuming")
            await desk.parts.guard.look()

            stops = {item["switch"]: item["sentence"] for item in desk.parts.view.state()["stops"]}
            assert stops == {ENTRY: "lunch", SIGNAL_INTAKE: "lunch"}
            assert types(bench) == ["STOP_ACTIVATED", "STOP_ACTIVATED"]

    run(tmp_path, scenario)


def test_a_stop_that_was_resumed_before_prefect_knew_of_it_is_not_set_later(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            prefect_is_away(desk)
            stop(desk)
            await asyncio.sleep(1)
            assert (await desk.parts.stopping.resuming.resume("it is over"))["resumed"] is True
            prefect_is_back(desk)
            await asyncio.sleep(2)

            assert not any(desk.switches.paused.values())
            assert (await entered(desk)).status is OutcomeStatus.HEDGED

    run(tmp_path, scenario)


def test_a_second_reason_stands_beside_the_first(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await switched(desk, ENTRY, on=False)
            desk.parts.stopping.automatic.system_error("the feeds failed")
            desk.parts.stopping.automatic.system_error("the feeds failed")
            await asyncio.sleep(1)

            reasons = [item["reason"] for item in desk.parts.view.state()["stops"]]
            assert reasons == ["MANUAL_STOP", "SYSTEM_ERROR"]
            assert "SYSTEM_ERROR: the feeds failed" in desk.switches.notes[ENTRY]
            assert types(bench) == ["STOP_ACTIVATED", "STOP_ACTIVATED"]

    run(tmp_path, scenario)


def test_automatic_exits_that_are_off_block_no_entries(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await switched(desk, EXIT_VALIDATION, on=False)
            [told] = desk.parts.view.state()["stops"]
            entry = await entered(desk)
            await switched(desk, EXIT_VALIDATION, on=True)

            assert told["meaning"] == "automatic exits are off"
            assert entry.status is OutcomeStatus.HEDGED
            assert desk.parts.view.state()["stops"] == []

    run(tmp_path, scenario)


def test_a_signal_in_flight_says_on_which_side_of_the_stop_it_was_decided(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.BINANCE, "delay", ms=500)
            before = asyncio.create_task(entered(desk))
            await asyncio.sleep(0.2)
            after = asyncio.create_task(entered(desk))  # waits for the first
            await asyncio.sleep(0.1)
            stop(desk)

            first, second = await before, await after
            assert first.status is OutcomeStatus.HEDGED
            assert first.reason == (
                "before_the_stop: decided at 09:00:01.000 KST before the pause of entry/live was "
                "heard at 09:00:01.300 KST"
            )
            assert second.status is OutcomeStatus.DENIED
            assert "heard at 09:00:01.300 KST" in (second.reason or "")
            assert len(bench.orders_placed()) == 2

    run(tmp_path, scenario)


def test_a_journal_that_takes_no_stop_stops_all_the_same(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            desk.parts.write.on_trouble("the journal cannot be written: input/output error")
            await asyncio.sleep(1)

            assert desk.switches.paused[ENTRY]
            assert "SYSTEM_ERROR" in desk.switches.notes[ENTRY]
            kept = [r.body for r in bench.records(RecordType.SWITCH)]
            assert [(body["code"], body["is_set"]) for body in kept] == [
                ("SYSTEM_ERROR", False),
                ("SYSTEM_ERROR", True),
            ]

    run(tmp_path, scenario)


def test_a_desk_that_ends_by_a_fault_leaves_its_stop_in_prefect_and_in_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "SYSTEM_ERROR: the executor failed: KeyError: 'nobody foresaw this'"

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await end_by(KeyError("nobody foresaw this"), desk, monkeypatch)

            assert desk.switches.paused[ENTRY]
            assert told in desk.switches.notes[ENTRY]
        async with bench.desk() as desk:
            desk.switches.paused[ENTRY] = True  # a Prefect that keeps what it was told
            await asyncio.sleep(1)

            assert told in ((await entered(desk)).reason or "")

    run(tmp_path, scenario)


def test_a_desk_that_has_lost_its_lease_leaves_the_switches_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await end_by(LeaseLost("another executor trades"), desk, monkeypatch)

            assert not any(desk.switches.paused.values())

    run(tmp_path, scenario)


async def end_by(error: Exception, desk: PaperDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run ``desk``, whose start fails."""

    async def broken(_: AssembledDesk) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(AssembledDesk, "recover", broken)
        with pytest.raises(ExceptionGroup):
            await desk.parts.run(asyncio.Event())


def test_a_new_day_ends_the_loss_and_not_the_stop_that_it_led_to(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            automatic = desk.parts.stopping.automatic
            desk.parts.trading.pairs._results.note("lost", bench.clock.now(), Decimal(-50_000_000))
            automatic.enforce_loss_limit()
            assert desk.parts.guard.is_paused(ENTRY)

            await asyncio.sleep(24 * 3600)
            automatic.enforce_loss_limit()

            assert automatic.loss_over_limit() is None
            assert desk.parts.guard.is_paused(ENTRY)
            assert [stop.reason for stop in desk.parts.stopping.board.stops()] == [
                StopReason.DAILY_LOSS_EXCEEDED
            ]

    run(tmp_path, scenario)
