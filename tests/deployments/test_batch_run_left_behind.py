"""Runs of pool batch whose process and worker are gone: what the hot worker makes of them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.states import Cancelling, Pending, Running

from deployments import hot_worker, run_process
from deployments.batch_sweep import BatchSweep
from deployments.process_workers import BATCH_NAME, BATCH_WORKER
from deployments.project import BATCH
from deployments.run_process import CLAIMED_BY
from tests.child_process import child_process
from tests.deployments.hot_runs import create, signal_deployment
from tests.fake_executor import FakeExecutor
from tests.prefect_runs import PREFECT_MARKS, end_of, working

pytestmark = [*PREFECT_MARKS, pytest.mark.timeout(300)]

WITHIN_S = 90.0
LONG = """
import time
from pathlib import Path
from prefect import flow
from prefect.runtime import flow_run

@flow(name="a-long-one")
def long():
    Path(flow_run.get_id()).touch()
    time.sleep(300)
"""


@pytest.fixture
async def client(prefect_api: str) -> AsyncIterator[PrefectClient]:
    async with get_client() as open_client:
        yield open_client


@pytest.fixture
async def deployment(client: PrefectClient, tmp_path: Path) -> UUID:
    """A flow that takes long, in pool batch."""
    await signal_deployment()  # the pools are made with it
    (tmp_path / "long.py").write_text(LONG)
    return await client.create_deployment(
        await client.create_flow_from_name("a-long-one"),
        name="live",
        work_pool_name=BATCH,
        entrypoint="long.py:long",
        pull_steps=[
            {"prefect.deployments.steps.set_working_directory": {"directory": str(tmp_path)}}
        ],
    )


def batch_worker(api_url: str, home: Path) -> AbstractAsyncContextManager[Process]:
    """As the desk starts it."""
    variables = {"PREFECT_HOME": str(home), "PREFECT_WORKER_QUERY_SECONDS": "1"}
    environment = {**os.environ, **variables, "PREFECT_API_URL": api_url}
    return child_process(sys.executable, *BATCH_WORKER, env=environment)


async def process_of(client: PrefectClient, run_id: UUID, folder: Path) -> int:
    """The process of a run, once the run is in its middle."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            run = await client.read_flow_run(run_id)
            if (folder / str(run_id)).exists() and run.infrastructure_pid is not None:
                return int(run.infrastructure_pid)
            await asyncio.sleep(0.1)


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


async def test_a_run_that_is_killed_together_with_its_worker_is_crashed_and_a_living_one_is_left(
    executor: FakeExecutor,
    client: PrefectClient,
    prefect_api: str,
    deployment: UUID,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hot_worker, "BATCH_SWEEP_S", 0.5)
    ids = [await create(deployment) for _ in range(3)]
    pids: list[int] = []
    try:
        async with batch_worker(prefect_api, tmp_path) as worker:
            for run_id in ids:
                pids.append(await process_of(client, run_id, tmp_path))
        assert worker.returncode == -signal.SIGKILL
        await client.set_flow_run_state(ids[1], Cancelling(), force=True)
        for pid in pids[:2]:
            kill(pid)
        async with working(executor, {}):
            crashed, cancelled = [await end_of(run_id, within_s=WITHIN_S) for run_id in ids[:2]]
        living = await client.read_flow_run(ids[2])
    finally:
        for pid in pids:
            kill(pid)

    assert crashed.state is not None
    assert crashed.state.is_crashed()
    assert "look before you run it again" in (crashed.state.message or "")
    assert cancelled.state_type == StateType.CANCELLED
    assert living.state is not None
    assert living.state.is_running(), living.state.message


async def test_a_run_that_never_got_a_process_is_crashed_at_the_second_look(
    client: PrefectClient, deployment: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = await create(deployment)
    await client.set_flow_run_state(run_id, Pending())
    sweep = BatchSweep(client)
    for _ in range(3):
        await sweep.look()
    young = await client.read_flow_run(run_id)
    monkeypatch.setattr(run_process, "UNBEGUN", timedelta(0))

    await sweep.look()
    seen_once = await client.read_flow_run(run_id)
    await sweep.look()
    ended = await client.read_flow_run(run_id)

    assert [young.state_type, seen_once.state_type] == [StateType.PENDING] * 2
    assert ended.state is not None
    assert ended.state.is_crashed()
    assert "before it began" in (ended.state.message or "")


async def test_a_run_that_changes_between_two_looks_is_left_alone_until_it_does_not(
    client: PrefectClient, deployment: UUID
) -> None:
    run_id = await create(deployment)
    await client.update_flow_run_labels(run_id, {CLAIMED_BY: BATCH_NAME})
    sweep = BatchSweep(client)
    for _ in range(3):
        await client.set_flow_run_state(run_id, Running(), force=True)
        await sweep.look()
    left = await client.read_flow_run(run_id)
    await sweep.look()
    ended = await client.read_flow_run(run_id)

    assert [left.state_type, ended.state_type] == [StateType.RUNNING, StateType.CRASHED]
