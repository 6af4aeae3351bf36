"""A person asks to trade again: looked at, then accepted or refused; nobody else ever does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchanges.instrument import Venue
from tasks.errors import SwitchesUnreadable
from tasks.outcome import OutcomeStatus
from tasks.paper_desk import MemorySwitches, PaperDesk
from tasks.switch_guard import (
    BATCH_POOL,
    ENTRY,
    EXECUTOR,
    EXIT_VALIDATION,
    HOT_POOL,
    SIGNAL_INTAKE,
    STOPS_ENTRIES,
)
from tests.tasks.desks import Bench, entered, run
from warehouse.records import RecordType


def types(bench: Bench) -> list[str]:
    return [record.body["type"] for record in bench.records(RecordType.ALERT)]


async def switched(desk: PaperDesk, *names: str, on: bool) -> None:
    """Somebody clicks, and the desk has had its time to answer."""
    desk.switches.paused.update(dict.fromkeys(names, not on))
    await asyncio.sleep(2)


@pytest.mark.parametrize("name", STOPS_ENTRIES)
def test_what_is_switched_on_again_is_looked_at_and_accepted(tmp_path: Path, name: str) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await switched(desk, name, on=False)
            stopped = await entered(desk)
            await switched(desk, name, on=True)

            assert stopped.status is OutcomeStatus.DENIED
            assert f"{name} is paused in Prefect" in (stopped.reason or "")
            assert "paused in Prefect by hand, heard at 09:00:01." in (stopped.reason or "")
            assert types(bench) == ["STOP_ACTIVATED", "RESUMED"]
            assert desk.switches.notes[name].startswith(f"`{name}` is on: ")
            assert desk.parts.view.state()["stops"] == []
            assert (await entered(desk)).status is OutcomeStatus.HEDGED

    run(tmp_path, scenario)


def test_a_refused_resume_puts_the_switch_back_says_why_and_is_accepted_later(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await entered(desk)
            await switched(desk, ENTRY, on=False)
            bench.coin_vanishes("0.001")
            await switched(desk, ENTRY, on=True)

            state = desk.parts.view.state()
            assert desk.switches.paused[ENTRY]
            assert types(bench).count("RESUME_REFUSED") == 1
            assert "RESUMED" not in types(bench)
            [refusal] = [
                reason
                for reason in state["resume_refused"]["reasons"]
                if reason["code"] == "position_mismatch"
            ]
            assert "BTC at upbit" in refusal["message"]
            assert "-0.001 BTC difference" in refusal["message"]
            assert "-0.001 BTC difference" in desk.switches.notes[ENTRY]
            assert any("POSITION_MISMATCH" in text for text in state_sentences(desk))
            refused = await entered(desk)
            assert "-0.001 BTC difference" in (refused.reason or "")

            bench.upbit().ledger.credit("BTC", Decimal("0.001"))
            await switched(desk, ENTRY, on=True)
            assert not desk.switches.paused[ENTRY]
            assert types(bench).count("RESUMED") == 1
            assert desk.parts.view.state()["resume_refused"] is None
            assert (await entered(desk)).status is OutcomeStatus.HEDGED

    run(tmp_path, scenario)


def state_sentences(desk: PaperDesk) -> list[str]:
    return [block["message"] for block in desk.parts.view.state()["blocks"]]


def test_there_are_no_entries_while_the_desk_is_looking(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await switched(desk, ENTRY, on=False)
            bench.fault(Venue.UPBIT, "delay", endpoint="GET /v1/accounts", times=10, ms=900)
            desk.switches.paused[ENTRY] = False
            await desk.parts.guard.look()

            during = await entered(desk)
            await asyncio.sleep(5)
            after = await entered(desk)

            assert (during.reason or "").startswith("not_ready: somebody asks to trade again")
            assert after.status is OutcomeStatus.HEDGED, after.reason

    run(tmp_path, scenario)


def test_switches_that_go_on_together_are_one_question(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            names = (ENTRY, SIGNAL_INTAKE, HOT_POOL, BATCH_POOL)
            await switched(desk, *names, on=False)
            compared = len(bench.records(RecordType.RECONCILIATION))
            await switched(desk, *names, on=True)

            assert types(bench)[:4] == ["STOP_ACTIVATED"] * 4
            assert types(bench).count("RESUMED") == 1
            assert desk.parts.alerts.rows.open() == []
            assert len(bench.records(RecordType.RECONCILIATION)) - compared <= 2
            assert (await entered(desk)).status is OutcomeStatus.HEDGED

    run(tmp_path, scenario)


def test_one_of_two_that_goes_on_leaves_the_other_stop_standing(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await switched(desk, ENTRY, SIGNAL_INTAKE, on=False)
            await switched(desk, ENTRY, on=True)

            assert "RESUMED" not in types(bench)
            assert [stop["switch"] for stop in desk.parts.view.state()["stops"]] == [SIGNAL_INTAKE]
            assert (await entered(desk)).status is OutcomeStatus.DENIED
            await switched(desk, SIGNAL_INTAKE, on=True)
            assert types(bench)[-1] == "RESUMED"

    run(tmp_path, scenario)


def test_a_resume_leaves_the_row_of_a_switch_that_keeps_no_entries_away(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await switched(desk, EXIT_VALIDATION, ENTRY, on=False)

            await switched(desk, ENTRY, on=True)

            [row] = desk.parts.alerts.rows.open()
            assert row.subject == EXIT_VALIDATION
            await switched(desk, EXIT_VALIDATION, on=True)
            assert desk.parts.alerts.rows.open() == []

    run(tmp_path, scenario)


def test_a_pause_during_the_look_stays(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await switched(desk, ENTRY, on=False)
            bench.fault(Venue.UPBIT, "delay", endpoint="GET /v1/accounts", times=10, ms=900)
            desk.switches.paused[ENTRY] = False
            await asyncio.sleep(0.4)
            await switched(desk, ENTRY, on=False)
            await asyncio.sleep(5)

            assert desk.switches.paused[ENTRY]
            assert "RESUMED" not in types(bench)
            assert [block["code"] for block in desk.parts.view.state()["blocks"]] == [
                "paused:entry/live"
            ]

    run(tmp_path, scenario)


def test_a_resume_of_the_desk_switches_everything_on_that_kept_entries_away(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await desk.parts.killing.kill("drill", liquidate=False)
            await switched(desk, EXECUTOR, HOT_POOL, on=False)
            answer = await desk.parts.stopping.resuming.resume("the drill is over")
            await asyncio.sleep(2)

            assert answer == {"resumed": True, "reasons": []}
            assert not any(desk.switches.paused.values())
            assert types(bench).count("RESUMED") == 1
            assert (await entered(desk)).status is OutcomeStatus.HEDGED

    run(tmp_path, scenario)


def test_a_resume_that_prefect_does_not_take_is_no_resume(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await switched(desk, ENTRY, on=False)

            async def away(names: Iterable[str]) -> None:
                raise SwitchesUnreadable("nobody answers")

            desk.switches.resume = away  # type: ignore[method-assign]
            answer = await desk.parts.stopping.resuming.resume("go on")

            assert answer["resumed"] is False
            assert [reason["code"] for reason in answer["reasons"]] == ["switches"]
            assert (await entered(desk)).status is OutcomeStatus.DENIED

    run(tmp_path, scenario)


async def resume_that_prefect_is_told_of(desk: PaperDesk) -> asyncio.Task[dict[str, Any]]:
    """It has been looked at, and Prefect takes its time for it."""

    async def slow(names: Iterable[str]) -> None:
        await asyncio.sleep(1)
        desk.switches.paused.update(dict.fromkeys(names, False))

    await switched(desk, ENTRY, on=False)
    desk.switches.resume = slow  # type: ignore[method-assign]
    resume = asyncio.create_task(desk.parts.stopping.resuming.resume("go on"))
    await asyncio.sleep(0.9)
    assert not resume.done()
    return resume


def test_a_stop_that_comes_while_prefect_is_told_of_a_resume_stands(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            resume = await resume_that_prefect_is_told_of(desk)
            desk.parts.stopping.automatic.system_error("the feeds failed")
            answer = await resume
            await asyncio.sleep(2)

            assert [reason["code"] for reason in answer["reasons"]] == ["stopped"]
            assert "the feeds failed" in answer["reasons"][0]["message"]
            assert desk.switches.paused[ENTRY]
            assert "RESUMED" not in types(bench)
            assert "the feeds failed" in ((await entered(desk)).reason or "")

    run(tmp_path, scenario)


def test_an_emergency_stop_while_the_desk_looks_is_not_lifted_with_the_one_before(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await desk.parts.killing.kill("drill", liquidate=False)
            bench.fault(Venue.UPBIT, "delay", endpoint="GET /v1/accounts", times=10, ms=900)
            resume = asyncio.create_task(desk.parts.stopping.resuming.resume("the drill is over"))
            await asyncio.sleep(0.4)
            await desk.parts.killing.kill("now it is real", liquidate=False)
            answer = await resume

            assert [reason["code"] for reason in answer["reasons"]] == ["stopped"]
            assert "killed (now it is real)" in ((await entered(desk)).reason or "")
            assert desk.switches.paused[ENTRY]

    run(tmp_path, scenario)


def test_a_resume_that_prefect_does_not_take_lifts_no_emergency_stop_and_prefect_hears_of_it(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:

            async def refuse_to_pause(names: Iterable[str], reason: str) -> None:
                raise SwitchesUnreadable("nobody answers")

            async def refuse_to_resume(names: Iterable[str]) -> None:
                raise SwitchesUnreadable("nobody answers")

            desk.switches.pause = refuse_to_pause  # type: ignore[method-assign]
            desk.switches.resume = refuse_to_resume  # type: ignore[method-assign]
            await desk.parts.killing.kill("drill", liquidate=False)
            answer = await desk.parts.stopping.resuming.resume("the drill is over")
            desk.switches.pause = MemorySwitches.pause.__get__(  # type: ignore[method-assign]
                desk.switches
            )
            await asyncio.sleep(2)

            assert answer["resumed"] is False
            assert desk.switches.paused[ENTRY]
            assert "drill" in desk.switches.notes[ENTRY]
            assert "killed (drill)" in ((await entered(desk)).reason or "")

    run(tmp_path, scenario)


def test_a_look_that_fails_is_a_no(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await switched(desk, ENTRY, on=False)

            async def broken() -> Mapping[str, object]:
                raise RuntimeError("out of order")

            desk.parts.stopping.resuming._reconcile = broken
            await switched(desk, ENTRY, on=True)

            assert desk.switches.paused[ENTRY]
            assert "RuntimeError: out of order" in desk.switches.notes[ENTRY]

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    ("venue", "endpoint", "old_after_s", "code"),
    [
        (Venue.UPBIT, "GET /v1/forex/recent", 40, "unhealthy:fx"),
        (Venue.BINANCE, "GET /fapi/v1/depth", 2, "unhealthy:binance"),
    ],
    ids=["rates", "book"],
)
def test_a_resume_asks_for_fresh_rates_and_books(
    tmp_path: Path, venue: Venue, endpoint: str, old_after_s: float, code: str
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await switched(desk, ENTRY, on=False)
            bench.fault(venue, "http_500", endpoint=endpoint, times=10_000)
            bench.fault(venue, "drop_stream", endpoint="*", times=10_000)
            await asyncio.sleep(old_after_s)
            await switched(desk, ENTRY, on=True)

            refused = desk.parts.view.state()["resume_refused"]
            assert [item["code"] for item in refused["reasons"]] == [code]
            assert desk.switches.paused[ENTRY]
            assert "API_CONNECTION_LOST" in desk.switches.notes[ENTRY]
            assert "RESUMED" not in types(bench)

    run(tmp_path, scenario, max_fx_age_s=30, fx_poll_s=10)


def test_a_difference_below_a_ten_thousandth_of_a_coin_is_none(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await entered(desk)
            await switched(desk, ENTRY, on=False)
            bench.coin_vanishes("0.0001")
            await switched(desk, ENTRY, on=True)
            assert desk.switches.paused[ENTRY]

            bench.upbit().ledger.credit("BTC", Decimal("0.00001"))
            await switched(desk, ENTRY, on=True)

            assert not desk.switches.paused[ENTRY]
            assert types(bench)[-1] == "RESUMED"

    run(tmp_path, scenario)


def test_what_was_switched_on_while_no_desk_ran_is_looked_at_by_the_next(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await entered(desk)
            await switched(desk, ENTRY, on=False)
        bench.coin_vanishes("0.001")
        async with bench.desk() as desk:  # its switches are all on
            await asyncio.sleep(2)

            assert desk.switches.paused[ENTRY]
            assert types(bench).count("RESUME_REFUSED") == 1

    run(tmp_path, scenario)
