"""The executor as a run of a real Prefect server: what its page tells, and that it is true."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import FlowRun, State
from prefect.states import Cancelling, Crashed, Running

from deployments.project import read_entries
from deployments.register import register
from flows import executor_runs, run_truth
from flows.executor import executor
from flows.executor_runs import ExecutorRuns
from flows.executor_watch import executor_watch
from flows.prefect_api import PrefectApi
from flows.run_owner import owned_by
from tasks.executor_client import ExecutorClient
from tests.prefect_runs import PREFECT_MARKS, log_of, state_of
from tests.tasks.executors import served_venues, until_accepting

pytestmark = [pytest.mark.long, *PREFECT_MARKS]

WITHIN_S = 40.0
SWITCHED = ("executor", "entry", "signal_intake", "exit_validation")


@pytest.fixture
async def executor_id(prefect_api: str) -> AsyncIterator[UUID]:
    """The deployment executor/live, with what its flow needs beside it and no run left over."""
    entries = [item for item in read_entries() if item.entrypoint.partition(":")[2] in SWITCHED]
    deployment_id = UUID((await register(prefect_api, entries))["executor/live"])
    yield deployment_id
    async with get_client() as client:
        for run in await runs_of(client, deployment_id):
            await client.delete_flow_run(run.id)


async def runs_of(client: PrefectClient, deployment_id: UUID) -> list[FlowRun]:
    """Runs that somebody asked for; none of the schedule's."""
    runs = await client.read_flow_runs()
    return [run for run in runs if run.deployment_id == deployment_id and not run.auto_scheduled]


async def until_log(client: PrefectClient, run_id: UUID, text: str) -> str:
    only = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id]))
    async with asyncio.timeout(WITHIN_S):
        while True:
            log = "\n".join(line.message for line in await client.read_logs(only))
            if text in log:
                return log
            await asyncio.sleep(0.1)


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
    assert "took received to gate" in story
    assert "it is Running again" in log
    assert not any(served.settings.executor_runs_dir.iterdir())


async def is_running(client: PrefectClient, run_id: UUID) -> bool:
    state = (await client.read_flow_run(run_id)).state
    return state is not None and state.is_running()


async def test_a_crashed_run_is_followed_by_another(executor_id: UUID) -> None:
    async with get_client() as client:
        run = await client.create_flow_run_from_deployment(executor_id)
        await set_state(client, run.id, Crashed(message="killed"))

        async with asyncio.timeout(WITHIN_S):
            while len(runs := await runs_of(client, executor_id)) < 2:  # noqa: ASYNC110
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
        runs = await runs_of(client, executor_id)

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
