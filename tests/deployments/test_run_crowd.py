"""Many signals created at once, through a real server: none is lost, and they keep their order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect import Flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

from deployments import signal_lane
from flows.prefect_api import PrefectApi
from tests.deployments.hot_runs import a_signal, brief_intake, signal_deployment, until
from tests.fake_executor import FakeExecutor, running_fake_executor
from tests.prefect_runs import PREFECT_MARKS, working

pytestmark = PREFECT_MARKS
CROWD = 200
CONNECTIONS = 10
AT_ONCE = 50
"""The server's bound for one request."""


FLOWS: dict[str, Flow[..., Any]] = {brief_intake.name: brief_intake}


@pytest.fixture
async def executor(kimp_home: Path) -> AsyncIterator[FakeExecutor]:
    async with running_fake_executor(kimp_home / "run" / "executor.sock") as fake:
        yield fake


async def ids_in_order(client: PrefectClient, run_ids: list[UUID]) -> list[str]:
    """Signal ids of the runs, in the order in which the server made the runs."""
    runs = await client.read_flow_runs(
        flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=run_ids))
    )
    made = [(run.created, str(run.parameters["signal"]["id"])) for run in runs if run.created]
    assert len(made) == len(run_ids)
    return [signal_id for _, signal_id in sorted(made)]


async def forget(run_ids: list[UUID]) -> None:
    """Their stories would be told for as long again; the test is over."""
    api = PrefectApi()
    for start in range(0, len(run_ids), AT_ONCE):
        only = {"id": {"any_": [str(run_id) for run_id in run_ids[start : start + AT_ONCE]]}}
        await api.ask("POST", "/flow_runs/bulk_delete", {"flow_runs": only})
    await api.aclose()


@pytest.mark.timeout(300)
async def test_two_hundred_signals_at_once_are_all_decided_in_order_of_creation(
    executor: FakeExecutor, prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a machine that is busy with other things too, one claim may take seconds.
    monkeypatch.setattr(signal_lane, "PATIENCE_S", 60.0)
    deployment = await signal_deployment()
    async with working(executor, FLOWS), get_client() as client:
        connections = asyncio.Semaphore(CONNECTIONS)

        async def sent() -> UUID:
            async with connections:
                run = await client.create_flow_run_from_deployment(
                    deployment, parameters={"signal": a_signal()}
                )
                return run.id

        run_ids = await asyncio.gather(*(sent() for _ in range(CROWD)))
        await until(lambda: len(executor.decided) == CROWD, within_s=200)
        created = await ids_in_order(client, run_ids)
        decided = list(executor.decided)
    await forget(run_ids)

    assert decided == created
    assert len(executor.bodies("POST /v1/signals")) == CROWD
