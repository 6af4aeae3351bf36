"""The executor as a run of a real Prefect server: what its page tells, and that it is true."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import FlowRun, State
from prefect.settings import PREFECT_API_URL
from prefect.states import Cancelling, Crashed, Running

from deployments.automations import RESTART, register_restart
from deployments.project import read_entries
from deployments.register import register
from flows import executor_runs, prefect_api, run_truth
from flows.executor import executor
from flows.executor_runs import ExecutorRuns
from flows.executor_watch import executor_watch
from flows.prefect_api import PrefectApi
from flows.run_owner import owned_by
from tasks import executor_pulse
from tasks.executor_client import ExecutorClient
from tasks.switch_guard import ENTRY
from tests.child_process import child_process
from tests.prefect_runs import PREFECT_MARKS, log_of, runs_of, state_of
from tests.tasks.alerting import providers
from tests.tasks.executors import KEY, Served, served_venues, until_accepting

pytestmark = [*PREFECT_MARKS, pytest.mark.timeout(300)]

WITHIN_S = 60.0
SWITCHED = ("executor", "entry", "signal_intake", "exit_validation")


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever answers is waited for; that nobody does is found out soon."""
    limits = {"ASK_S": WITHIN_S, "LATE_S": WITHIN_S, "BACK_S": 0.5, "PAUSE_S": 0.1}
    for name, seconds in limits.items():
        monkeypatch.setattr(executor_pulse, name, seconds)
    monkeypatch.setattr(prefect_api, "TIMEOUT_S", WITHIN_S)


@pytest.fixture
async def executor_id(prefect_api: str) -> AsyncIterator[UUID]:
    """The deployment executor/live, with what its flow needs beside it and no run left over.

    Nothing restarts it by itself: a restart that came late would be a run of the next test.
    """
    entries = [item for item in read_entries() if item.entrypoint.partition(":")[2] in SWITCHED]
    deployment_id = UUID((await register(prefect_api, entries))["executor/live"])
    async with get_client() as client:
        await forget_restart(client)
    yield deployment_id
    async with get_client() as client:
        await forget_restart(client)
        for run in await asked_for(client, deployment_id):
            await client.delete_flow_run(run.id)


async def forget_restart(client: PrefectClient) -> None:
    for automation in await client.read_automations_by_name(RESTART):
        await client.delete_automation(automation.id)


async def asked_for(client: PrefectClient, deployment_id: UUID) -> list[FlowRun]:
    """Its runs but those of the schedule."""
    return [run for run in await runs_of(client, deployment_id) if not run.auto_scheduled]


async def until_log(client: PrefectClient, run_id: UUID, text: str) -> str:
    only = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id]))
    async with asyncio.timeout(WITHIN_S):
        while True:
            log = "\n".join(line.message for line in await client.read_logs(only))
            if text in log:
                return log
            await asyncio.sleep(0.1)


BLOCKED = """
import asyncio, time
from pathlib import Path
from tasks.alerting.alert_api import AlertApi
from tasks.settings_loading import load_settings

async def block(self, request):
    Path(load_settings().home, "blocked").touch()
    time.sleep(600)

AlertApi._list = block
from flows.executor import executor
asyncio.run(executor())
"""
"""An executor that stands still for ever once it is asked for its alerts."""


def executor_run(served: Served) -> AbstractAsyncContextManager[Process]:
    """A run of the executor in a process of its own."""
    api = {"PREFECT_API_URL": PREFECT_API_URL.value() or ""}
    return child_process(sys.executable, "-c", BLOCKED, env={**served.environment, **api})


async def until_blocked(home: Path, desk: ExecutorClient) -> None:
    asking = asyncio.create_task(desk.alerts())
    async with asyncio.timeout(WITHIN_S):
        while not (home / "blocked").exists():  # noqa: ASYNC110 - another process tells
            await asyncio.sleep(0.05)
    asking.cancel()
    with suppress(asyncio.CancelledError):
        await asking


@contextmanager
def environment(monkeypatch: pytest.MonkeyPatch, names: dict[str, str]) -> Iterator[None]:
    with monkeypatch.context() as patch:
        for name, value in names.items():
            if name.startswith("KIMP_"):
                patch.setenv(name, value)
        yield


async def test_a_run_tells_each_signal_is_true_and_ends_when_another_takes_over(
    executor_id: UUID, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_truth, "LOOK_S", 0.3)
    home = tmp_path_factory.mktemp("k")
    async with served_venues(home) as served, get_client() as client:
        with environment(monkeypatch, served.environment):
            first = asyncio.create_task(state_of(executor))
            async with ExecutorClient(served.settings.socket_file) as desk:
                await until_accepting(desk)
                [owner] = served.settings.executor_runs_dir.iterdir()
                run_id = UUID(owner.stem)
                signal = served.signal(action="ENTER", quantity="0.010")
                outcome = await desk.submit(signal.to_json(), door="fast")
                await until_log(client, run_id, f"signal {signal.id} through the fast door")

                await client.set_flow_run_state(run_id, Crashed(message="a lie"), force=True)
                async with asyncio.timeout(WITHIN_S):
                    while not await is_running(client, run_id):  # noqa: ASYNC110 - the server says
                        await asyncio.sleep(0.05)

                not_needed = await state_of(executor, only_if_none=True)
                second = asyncio.create_task(state_of(executor))
                handed_over = await asyncio.wait_for(first, WITHIN_S)
                await until_accepting(desk)
                [owner] = served.settings.executor_runs_dir.iterdir()
                await client.set_flow_run_state(UUID(owner.stem), Cancelling(), force=True)
                await asyncio.wait_for(second, WITHIN_S)

        log = await log_of(client, run_id)

    assert (handed_over.name, handed_over.is_completed()) == ("HandedOver", True)
    assert (not_needed.name, not_needed.is_cancelled()) == ("NotNeeded", True)
    assert str(served.settings.journal_dir) in (not_needed.message or "")
    [story] = [entry for entry in log.split("signal ") if entry.startswith(f"{signal.id} through")]
    assert "ENTER BTC 0.01, signed by strategy" in story
    assert "gate: passed" in story
    assert f"Hedged: pair {outcome.pair_id}" in story
    for leg in outcome.legs:
        assert f"{leg.venue}: {leg.side} 0.01" in story
        assert leg.client_order_ids[0] in story
    assert " ms: received to gate " in story
    assert "it is Running again" in log
    assert not any(served.settings.executor_runs_dir.iterdir())


@pytest.fixture
async def entry_id(executor_id: UUID) -> AsyncIterator[UUID]:
    """The deployment entry/live, on again at the end."""
    async with get_client() as client:
        deployment_id = (await client.read_deployment_by_name(ENTRY)).id
        yield deployment_id
        await client.resume_deployment(deployment_id)


async def test_the_log_of_a_run_says_why_a_resume_is_refused(
    entry_id: UUID, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_truth, "LOOK_S", 0.3)
    async with served_venues(tmp_path_factory.mktemp("k")) as served, get_client() as client:
        with environment(monkeypatch, served.environment):
            running = asyncio.create_task(state_of(executor))
            async with ExecutorClient(served.settings.socket_file) as desk:
                await until_accepting(desk)
                [owner] = served.settings.executor_runs_dir.iterdir()
                await client.pause_deployment(entry_id)
                await until_stops(desk, [ENTRY])
                account = served.simulation.upbit.account(KEY)
                assert account is not None
                account.ledger.credit("BTC", Decimal("0.001"))
                await client.resume_deployment(entry_id)
                log = await until_log(client, UUID(owner.stem), f"the resume of {ENTRY} is refused")
                state = await desk.state()
            await client.set_flow_run_state(UUID(owner.stem), Cancelling(), force=True)
            await asyncio.wait_for(running, WITHIN_S)

    [refusal] = [line for line in log.splitlines() if "is refused" in line]
    assert "BTC at upbit: journal 0, venue 0.001, 0.001 BTC difference" in refusal
    assert not state["accepting_entries"]


async def until_stops(desk: ExecutorClient, names: list[str]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while [stop["switch"] for stop in (await desk.state())["stops"]] != names:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def is_running(client: PrefectClient, run_id: UUID) -> bool:
    state = (await client.read_flow_run(run_id)).state
    return state is not None and state.is_running()


async def test_a_crashed_run_is_followed_by_another(executor_id: UUID) -> None:
    async with get_client() as client:
        await register_restart(client, str(executor_id))
        run = await client.create_flow_run_from_deployment(executor_id)
        await set_state(client, run.id, Crashed(message="killed"))

        async with asyncio.timeout(WITHIN_S):
            while len(runs := await asked_for(client, executor_id)) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    [restart] = [item for item in runs if item.id != run.id]
    assert restart.parameters == {"only_if_none": True}


async def set_state(client: PrefectClient, run_id: UUID, state: State[Any]) -> None:
    await client.set_flow_run_state(run_id, state, force=True)


async def test_a_run_without_a_process_is_found_out_and_one_with_a_process_is_left(
    executor_id: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor_runs, "YOUNG", -executor_runs.YOUNG)
    api = PrefectApi()
    async with get_client() as client:
        dead = await client.create_flow_run_from_deployment(executor_id)
        living = await client.create_flow_run_from_deployment(executor_id)
        for run in (dead, living):
            await set_state(client, run.id, Running())
        gone = await asyncio.create_subprocess_exec("true")
        await gone.wait()
        with owned_by(1, str(living.id), tmp_path), owned_by(gone.pid, str(dead.id), tmp_path):
            ended = await ExecutorRuns(api, tmp_path).end_zombies()

        states = [(await client.read_flow_run(run.id)).state for run in (dead, living)]
        await set_state(client, living.id, Cancelling())
    await api.aclose()
    assert ended == [dead.name]
    assert [state.type.value for state in states if state] == ["CRASHED", "RUNNING"]


async def test_the_watch_starts_one_executor_unless_it_is_to_stay_stopped(
    executor_id: UUID, kimp_home: Path
) -> None:
    async with get_client() as client:
        await client.pause_deployment(executor_id)
        stays = await state_of(executor_watch)
        await client.resume_deployment(executor_id)
        started = await state_of(executor_watch)
        again = await state_of(executor_watch)
        runs = await asked_for(client, executor_id)

        await client.pause_deployment(executor_id)
        refused = await state_of(executor, only_if_none=True)
        await client.resume_deployment(executor_id)

    assert [state.name for state in (stays, started, again)] == [
        "StaysStopped",
        "Restarted",
        "Starting",
    ]
    assert len(runs) == 1
    assert (refused.name, refused.is_cancelled()) == ("NotStarted", True)


@pytest.mark.parametrize("how", ["stopped", "blocked"])
async def test_a_hung_executor_is_replaced_once_it_may_be_and_people_hear_of_it_once(
    executor_id: UUID,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    monkeypatch.setattr(run_truth, "LOOK_S", 0.3)
    async with (
        served_venues(tmp_path_factory.mktemp("k")) as served,
        providers.slack() as slack,
        get_client() as client,
        ExecutorClient(served.settings.socket_file) as desk,
        executor_run(served) as process,
    ):
        await until_accepting(desk)
        [owner] = served.settings.executor_runs_dir.iterdir()
        if how == "stopped":
            os.kill(process.pid, signal.SIGSTOP)
        else:
            await until_blocked(served.settings.home, desk)
        monkeypatch.setenv("KIMP_SLACK_WEBHOOK_URL", slack.url)
        monkeypatch.setattr(executor_pulse, "ASK_S", 0.5)
        with environment(monkeypatch, served.environment):
            await client.pause_deployment(executor_id)
            left = await state_of(executor_watch)
            was_left = process.returncode is None
            await client.resume_deployment(executor_id)
            replaced = await state_of(executor_watch)
            code = await asyncio.wait_for(process.wait(), WITHIN_S)
            starting = await state_of(executor_watch)
            heard = [slack.text().count("is hung"), slack.text().count("lives again")]

            monkeypatch.setattr(executor_pulse, "ASK_S", WITHIN_S)
            next_one = asyncio.create_task(state_of(executor, only_if_none=True))
            await until_accepting(desk)
            lives = await state_of(executor_watch)
            await state_of(executor_watch)
            rows = (await desk.alerts(every=True))["others"]
            heard += [slack.text().count("is hung"), slack.text().count("lives again")]
            [living] = served.settings.executor_runs_dir.iterdir()
            await client.set_flow_run_state(UUID(living.stem), Cancelling(), force=True)
            await asyncio.wait_for(next_one, WITHIN_S)
        hung = await client.read_flow_run(UUID(owner.stem))
        log = await until_log(client, hung.id, "SIGKILL")
        [restart] = await asked_for(client, executor_id)

    assert [state.name for state in (left, replaced, starting, lives)] == [
        "Hung",
        "Replaced",
        "Starting",
        "Lives",
    ]
    assert was_left
    assert code == -signal.SIGKILL
    told = f"The executor of epoch 1 (process {process.pid}) is hung: it has answered none of 3"
    assert told in (replaced.message or "")
    assert hung.state is not None
    assert hung.state.type.value == "CRASHED"
    assert told in (hung.state.message or "")
    assert told in log
    assert restart.parameters == {"only_if_none": True}
    assert "epoch 2 answers" in (lives.message or "")
    assert heard == [1, 0, 1, 1]
    [row] = [row for row in rows if row["subject"] == "executor"]
    assert row["message"].startswith("An executor lives again, of epoch 2.")
    assert (row["level"], row["recovered_at"] is not None) == ("critical", True)


async def test_after_three_failures_nothing_is_started_again_by_itself(
    executor_id: UUID, kimp_home: Path
) -> None:
    async with get_client() as client:
        for _ in range(executor_runs.FAILURES):
            run = await client.create_flow_run_from_deployment(executor_id)
            await set_state(client, run.id, Crashed())

    state = await state_of(executor, only_if_none=True)

    assert state.name == "NotStarted"
    assert "3 runs have failed within 10 minutes" in (state.message or "")
