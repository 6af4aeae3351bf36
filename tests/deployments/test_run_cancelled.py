"""An operator cancels a run, at each step of it; and flows that harm the worker that runs them."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from prefect import Flow, flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.states import Cancelling, Completed

from deployments.hot_worker import FlowLoopBlocked, HotWorker
from flows.signal_intake import signal_intake
from tasks.executor_client import ExecutorClient
from tests.deployments.hot_runs import a_signal, create, deploy, signal_deployment, until
from tests.fake_executor import FakeExecutor
from tests.prefect_runs import PREFECT_MARKS, end_of, log_of, working

pytestmark = PREFECT_MARKS
BLOCKED = threading.Event()
"""Set by the flow that blocks; cleared, it gives way."""
LONGEST_S = 30.0


@flow(name="waits-for-ever")
async def waits() -> None:
    await asyncio.Event().wait()


@flow(name="blocks-its-loop")
async def blocks() -> Any:
    BLOCKED.set()
    deadline = time.monotonic() + LONGEST_S
    while BLOCKED.is_set() and time.monotonic() < deadline:
        time.sleep(0.05)  # noqa: ASYNC251 (what a careless flow does)
    return Completed(message="done")


@flow(name="leaves-a-task-that-exits")
async def leaves_a_task() -> Any:
    async def exits() -> None:
        sys.exit(3)

    asyncio.create_task(exits())  # noqa: RUF006 (nobody looks after it)
    await asyncio.sleep(0.1)
    return Completed(message="done")


FLOWS: dict[str, Flow[..., Any]] = {
    item.name: item for item in (signal_intake, waits, blocks, leaves_a_task)
}


@pytest.fixture
async def client() -> AsyncIterator[PrefectClient]:
    async with get_client() as open_client:
        yield open_client


async def in_state(client: PrefectClient, run_id: UUID, name: str) -> FlowRun:
    async with asyncio.timeout(30):
        while True:
            run = await client.read_flow_run(run_id)
            if run.state_name == name:
                return run
            await asyncio.sleep(0.05)


async def test_a_signal_cancelled_before_a_worker_took_it_is_not_sent(
    executor: FakeExecutor, client: PrefectClient
) -> None:
    deployment = await signal_deployment()
    cancelled = await create(deployment, parameters={"signal": a_signal()})
    await client.set_flow_run_state(cancelled, Cancelling())

    async with working(executor, FLOWS):
        after = await end_of(await create(deployment, parameters={"signal": a_signal()}))

    assert (await client.read_flow_run(cancelled)).state_name == "Cancelled"
    assert after.state_name == "Hedged"
    assert len(executor.decided) == 1


async def test_a_signal_cancelled_while_it_is_decided_ends_with_what_became_of_it(
    executor: FakeExecutor, client: PrefectClient
) -> None:
    deployment = await signal_deployment()
    async with working(executor, FLOWS):
        async with executor.holding():
            run_id = await create(deployment, parameters={"signal": a_signal()})
            await in_state(client, run_id, "Running")
            await client.set_flow_run_state(run_id, Cancelling())
        run = await end_of(run_id)
        log = await log_of(client, run_id)

    assert run.state is not None
    assert run.state.name == "Cancelled"
    assert "could not be taken back. Hedged" in (run.state.message or "")
    assert "Hedged" in log


async def test_a_cancelled_signal_that_ended_badly_fails_its_run(
    executor: FakeExecutor, client: PrefectClient
) -> None:
    executor.outcome = {"status": "naked"}
    deployment = await signal_deployment()
    async with working(executor, FLOWS):
        async with executor.holding():
            run_id = await create(deployment, parameters={"signal": a_signal()})
            await in_state(client, run_id, "Running")
            await client.set_flow_run_state(run_id, Cancelling())
        run = await end_of(run_id)

    assert run.state is not None
    assert run.state.is_failed()
    assert run.state.name == "Naked"


async def test_a_running_flow_is_ended_when_its_run_is_cancelled(
    executor: FakeExecutor, client: PrefectClient
) -> None:
    async with working(executor, FLOWS):
        run_id = await create(await deploy(waits))
        await in_state(client, run_id, "Running")
        await client.set_flow_run_state(run_id, Cancelling())
        run = await in_state(client, run_id, "Cancelled")

    assert run.state is not None
    assert run.state.message == "Cancelled by an operator."


async def test_a_flow_that_blocks_its_loop_holds_up_no_signal(
    executor: FakeExecutor, client: PrefectClient
) -> None:
    deployment = await signal_deployment()
    async with working(executor, FLOWS):
        blocking = await create(await deploy(blocks))
        await until(BLOCKED.is_set)
        run_id = await create(deployment, parameters={"signal": a_signal()})
        await until(lambda: bool(executor.decided))
        decided_in_time = BLOCKED.is_set()
        BLOCKED.clear()
        runs = [await end_of(blocking), await end_of(run_id)]

    assert decided_in_time
    assert [run.state_name for run in runs] == ["Completed", "Hedged"]


async def test_a_worker_whose_flow_does_not_give_way_ends_and_names_the_run(
    executor: FakeExecutor, client: PrefectClient
) -> None:
    async with ExecutorClient(executor.socket_file) as door:
        worker = HotWorker("hot", flows=FLOWS, executor=door, blocked_s=1.0)
        serving = asyncio.create_task(worker.serve(asyncio.Event()))
        run_id = await create(await deploy(blocks))
        with pytest.raises(FlowLoopBlocked):
            await asyncio.wait_for(serving, 60)
    BLOCKED.clear()
    run = await client.read_flow_run(run_id)

    assert run.state is not None
    assert run.state.is_crashed()
    assert "kept its worker from going on" in (run.state.message or "")


async def test_a_task_that_a_flow_leaves_behind_cannot_end_the_worker(
    executor: FakeExecutor, client: PrefectClient
) -> None:
    deployment = await signal_deployment()
    async with working(executor, FLOWS):
        await end_of(await create(await deploy(leaves_a_task)))
        run = await end_of(await create(deployment, parameters={"signal": a_signal()}))

    assert run.state_name == "Hedged"
