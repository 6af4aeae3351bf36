"""What tests ask a Prefect server about runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from prefect import Flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    DeploymentFilter,
    DeploymentFilterId,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import FlowRun, State

from deployments.hot_worker import LIMIT, HotWorker
from tasks.executor_client import ExecutorClient
from tests.fake_executor import FakeExecutor

PREFECT_MARKS = [
    pytest.mark.prefect,
    pytest.mark.usefixtures("prefect_api"),
    # Prefect's client leaves its connections to the garbage collector when a loop ends.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


async def end_of(run_id: UUID, *, within_s: float = 60.0) -> FlowRun:
    """The run once it has ended."""
    async with asyncio.timeout(within_s), get_client() as client:
        while True:
            run = await client.read_flow_run(run_id)
            if run.state is not None and run.state.is_final():
                return run
            await asyncio.sleep(0.05)


async def runs_of(client: PrefectClient, deployment_id: UUID) -> list[FlowRun]:
    only = DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id]))
    return await client.read_flow_runs(deployment_filter=only)


async def state_of(flow: Flow[..., Any], **parameters: Any) -> State[Any]:
    """Run the flow in this process, to its last state."""
    run: Any = flow  # every flow of ours is async; Prefect's own types cannot say so
    state: State[Any] = await run(**parameters, return_state=True)
    return state


async def artifacts_of(client: PrefectClient, run_id: UUID) -> dict[str, Any]:
    """Key → data of the artifacts that a run has left."""
    only = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run_id]))
    return {item.key or "": item.data for item in await client.read_artifacts(artifact_filter=only)}


async def log_of(client: PrefectClient, run_id: UUID) -> str:
    """The log of an ended run. Prefect sends it in the background: wait for its last line."""
    only = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id]))
    async with asyncio.timeout(60):
        while True:
            text = "\n".join(line.message for line in await client.read_logs(only))
            if "Finished in state" in text:
                return text
            await asyncio.sleep(0.1)


@asynccontextmanager
async def working(
    fake: FakeExecutor,
    flows: dict[str, Flow[..., Any]],
    *,
    pool: str = "hot",
    name: str = "one",
    limit: int = LIMIT,
) -> AsyncIterator[HotWorker]:
    """A hot worker at work in this loop."""
    stop = asyncio.Event()
    async with ExecutorClient(fake.socket_file) as executor:
        worker = HotWorker(pool, flows=flows, executor=executor, name=name, limit=limit)
        task = asyncio.create_task(worker.serve(stop))
        try:
            async with asyncio.timeout(60):
                await worker.ready.wait()
            yield worker
        finally:
            stop.set()
            await asyncio.wait_for(task, 30)
