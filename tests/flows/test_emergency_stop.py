"""The flow ``emergency-stop`` on a real Prefect: both stops are made, whatever becomes of one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.exceptions import ParameterBindError, ParameterTypeError

from deployments.project import read_entries
from deployments.register import register
from flows.emergency_stop import emergency_stop
from flows.prefect_switches import SWITCHES, PrefectSwitches
from tasks.switch_guard import ENTRY, SIGNAL_INTAKE
from tests.fake_executor import FakeExecutor, running_fake_executor
from tests.flows.test_ways_to_stop import SWITCHED, all_on
from tests.prefect_runs import PREFECT_MARKS, state_of

pytestmark = PREFECT_MARKS

KILL = "POST /v1/kill"
NONE = dict.fromkeys(SWITCHES, False)
BOTH = NONE | {ENTRY: True, SIGNAL_INTAKE: True}


@pytest.fixture
async def switches(prefect_api: str) -> AsyncIterator[PrefectSwitches]:
    entries = [entry for entry in read_entries() if entry.entrypoint.endswith(SWITCHED)]
    await register(prefect_api, entries)
    async with PrefectSwitches() as switches:
        yield switches
        await all_on(switches)


@pytest.fixture
async def executor(kimp_home: Path) -> AsyncIterator[FakeExecutor]:
    async with running_fake_executor(kimp_home / "run" / "executor.sock") as fake:
        fake.answers[KILL] = killed("kimp-p0123456789ab-s001")
        yield fake


def killed(
    *cancelled: str, outcomes: tuple[str, ...] = (), not_cancelled: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The executor's report, with liquidations that ended so."""
    ended = [{"signal_id": "s", "status": it, "reason": f"{it}: drill"} for it in outcomes]
    orders = {"cancelled": list(cancelled), "not_cancelled": list(not_cancelled)}
    return {"killed": True, **orders, "outcomes": ended}


async def test_a_confirmed_stop_cancels_keeps_positions_and_pauses_both_doors(
    executor: FakeExecutor, switches: PrefectSwitches
) -> None:
    state = await state_of(emergency_stop, reason="the venue is odd", confirm=" STOP ")

    assert (state.name, state.is_completed()) == ("Stopped", True)
    assert "1 orders cancelled, 0 pairs liquidated; the desk takes no" in (state.message or "")
    asked = {"reason": "the venue is odd", "liquidate": False, "symbol": None}
    assert executor.bodies(KILL) == [asked]
    assert await switches.read() == BOTH
    async with get_client() as client:
        told = [str(artifact.data) for artifact in await client.read_artifacts()]
    assert any("emergency stop: the venue is odd" in text for text in told)


async def test_a_stop_of_one_coin_pauses_no_deployment(
    executor: FakeExecutor, switches: PrefectSwitches
) -> None:
    executor.answers[KILL] = killed(outcomes=("closed",))
    fields = {"reason": "delisted", "liquidate": True, "symbol": "BTC"}

    wrong = await state_of(emergency_stop, **fields, confirm="LIQUIDATE")
    state = await state_of(emergency_stop, **fields, confirm="LIQUIDATE BTC")

    assert wrong.name == "NotConfirmed"
    assert state.name == "Stopped"
    assert "1 pairs liquidated; BTC takes no entries" in (state.message or "")
    assert executor.bodies(KILL) == [fields]
    assert await switches.read() == NONE


async def test_a_pair_that_could_not_be_closed_makes_the_stop_incomplete(
    executor: FakeExecutor, switches: PrefectSwitches
) -> None:
    executor.answers[KILL] = killed(outcomes=("closed", "naked"))

    state = await state_of(emergency_stop, reason="get out", confirm="LIQUIDATE", liquidate=True)

    assert (state.name, state.is_failed()) == ("StopIncomplete", True)
    assert await switches.read() == BOTH


async def test_an_order_that_could_not_be_cancelled_makes_the_stop_incomplete(
    executor: FakeExecutor, switches: PrefectSwitches
) -> None:
    failure = "upbit: resting orders cannot be read: the venue did not answer"
    executor.answers[KILL] = killed(not_cancelled=(failure,))

    state = await state_of(emergency_stop, reason="get out", confirm="STOP")

    assert (state.name, state.is_failed()) == ("StopIncomplete", True)
    assert (state.message or "").startswith("The executor takes no entries (0 orders cancelled")
    assert (state.message or "").endswith(f"{failure}.")
    assert await switches.read() == BOTH


async def test_without_an_executor_the_doors_are_paused_all_the_same(
    kimp_home: Path, switches: PrefectSwitches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.emergency_stop.PATIENCE_S", 0.5)

    state = await state_of(emergency_stop, reason="a drill", confirm="STOP")

    assert (state.name, state.is_failed()) == ("StopIncomplete", True)
    assert "Open orders may still stand" in (state.message or "")
    assert "entry/live and signal-intake/live are paused." in (state.message or "")
    assert await switches.read() == BOTH


async def test_an_executor_that_is_back_is_stopped_and_the_doors_are_paused_meanwhile(
    kimp_home: Path, switches: PrefectSwitches
) -> None:
    stop = asyncio.create_task(state_of(emergency_stop, reason="a drill", confirm="STOP"))
    async with asyncio.timeout(60):
        while await switches.read() != BOTH:  # noqa: ASYNC110 - Prefect is another process
            await asyncio.sleep(0.1)
    was_waiting = not stop.done()
    async with running_fake_executor(kimp_home / "run" / "executor.sock") as executor:
        executor.answers[KILL] = killed("kimp-p0123456789ab-s001")
        state = await asyncio.wait_for(stop, 60)

    assert was_waiting
    assert state.name == "Stopped"
    assert (state.message or "").startswith("1 orders cancelled")
    assert executor.bodies(KILL) == [{"reason": "a drill", "liquidate": False, "symbol": None}]


async def test_without_switches_the_executor_is_stopped_all_the_same(
    executor: FakeExecutor, monkeypatch: pytest.MonkeyPatch, prefect_api: str
) -> None:
    monkeypatch.setattr(
        "flows.emergency_stop.PrefectSwitches",
        lambda **_: PrefectSwitches("http://127.0.0.1:9/api"),
    )

    state = await state_of(emergency_stop, reason="a drill", confirm="STOP")

    assert state.name == "StopIncomplete"
    assert "The executor takes no entries (1 orders cancelled, 0 pairs" in (state.message or "")
    assert "could not be paused" in (state.message or "")
    assert len(executor.bodies(KILL)) == 1


async def test_an_empty_coin_is_every_coin(
    executor: FakeExecutor, switches: PrefectSwitches
) -> None:
    state = await state_of(emergency_stop, reason=" a drill ", confirm="STOP", symbol=" ")

    assert state.name == "Stopped"
    asked = {"reason": "a drill", "liquidate": False, "symbol": None}
    assert executor.bodies(KILL) == [asked]
    assert await switches.read() == BOTH


@pytest.mark.parametrize("reason", [None, "", "no", "    ", " no "])
async def test_a_stop_without_a_reason_is_none(executor: FakeExecutor, reason: str | None) -> None:
    stop: Any = emergency_stop  # Prefect's types know no call that lacks a parameter
    given = {} if reason is None else {"reason": reason}

    with pytest.raises((ParameterBindError, ParameterTypeError), match="reason"):
        await stop(confirm="STOP", **given)

    assert executor.heard == []
