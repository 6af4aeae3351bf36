"""The hot worker against a real Prefect server and a stand-in executor."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from prefect import Flow, flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import WorkerStatus
from prefect.states import Scheduled

import deployments.hot_worker as module
from deployments.project import DeploymentEntry, read_entries
from flows.decision_reports import FAST_DOOR_TAG
from flows.signal_intake import signal_intake
from tests.deployments.hot_runs import (
    a_signal,
    create,
    deploy,
    no_events,
    quick,
    signal_deployment,
)
from tests.fake_executor import FakeExecutor
from tests.prefect_runs import PREFECT_MARKS, end_of, working

pytestmark = PREFECT_MARKS


@flow(name="signal-intake-that-exits")
async def leaves() -> None:
    """A flow that ends its process, or would."""
    sys.exit(3)


FLOWS: dict[str, Flow[..., Any]] = {item.name: item for item in (signal_intake, leaves, quick)}


@pytest.fixture
async def deployment(prefect_api: str) -> UUID:
    return await signal_deployment()


async def test_a_run_made_through_the_api_is_decided_by_the_executor(
    executor: FakeExecutor, deployment: UUID
) -> None:
    signal = a_signal()
    async with working(executor, FLOWS):
        run = await end_of(await create(deployment, parameters={"signal": signal}))

    assert run.state_name == "Hedged"
    assert run.name.startswith("enter-BTC-0.010-")
    assert executor.bodies("POST /v1/signals") == [signal]


async def test_two_workers_run_each_run_once(executor: FakeExecutor, deployment: UUID) -> None:
    async with working(executor, FLOWS), working(executor, FLOWS, name="two"):
        ids = [await create(deployment, parameters={"signal": a_signal()}) for _ in range(5)]
        runs = [await end_of(run_id) for run_id in ids]

    assert [run.state_name for run in runs] == ["Hedged"] * 5
    assert [run.run_count for run in runs] == [1] * 5
    heard = [body["id"] for body in executor.bodies("POST /v1/signals")]
    assert len(heard) == len(set(heard)) == 5


async def test_a_worker_is_online_in_prefect_by_its_name(
    executor: FakeExecutor, deployment: UUID
) -> None:
    async with working(executor, FLOWS, name="shown"), get_client() as client:
        async with asyncio.timeout(30):
            shown = None
            while shown is None:
                workers = await client.read_workers_for_work_pool("hot")
                shown = next((it for it in workers if it.name == "shown"), None)
                await asyncio.sleep(0.05)

    assert shown.status is WorkerStatus.ONLINE
    assert shown.heartbeat_interval_seconds == module.HEARTBEAT_S


async def test_without_the_event_stream_polling_finds_the_run(
    executor: FakeExecutor, deployment: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "run_events", no_events)
    async with working(executor, FLOWS):
        run = await end_of(await create(deployment, parameters={"signal": a_signal()}))

    assert run.state_name == "Hedged"


async def test_a_flow_that_exits_is_reported_and_harms_no_other(
    executor: FakeExecutor, deployment: UUID
) -> None:
    async with working(executor, FLOWS):
        crashed = await end_of(await create(await deploy(leaves)))
        after = await end_of(await create(await deploy(quick)))

    assert crashed.state is not None
    assert crashed.state.is_crashed()
    assert after.state is not None
    assert after.state.message == "done"


async def test_a_flow_that_the_worker_does_not_have_is_reported(
    executor: FakeExecutor, deployment: UUID
) -> None:
    async with working(executor, {"signal-intake": signal_intake}):
        run = await end_of(await create(await deploy(quick)))

    assert run.state is not None
    assert run.state.is_crashed()
    assert run.state.message == "This pool runs only signal-intake."


async def test_a_run_for_later_waits(executor: FakeExecutor, deployment: UUID) -> None:
    later = datetime.now(UTC) + timedelta(seconds=2.5)
    async with working(executor, FLOWS):
        run = await end_of(
            await create(
                deployment,
                parameters={"signal": a_signal()},
                state=Scheduled(scheduled_time=later),
            )
        )

    assert run.start_time is not None
    assert run.start_time >= later


async def test_a_report_of_the_fast_door_is_not_handed_over_a_second_time(
    executor: FakeExecutor, deployment: UUID
) -> None:
    signal = a_signal()
    executor.decided[signal["id"]] = {"signal_id": signal["id"], "status": "unwound"}
    async with working(executor, FLOWS):
        run = await end_of(
            await create(deployment, parameters={"signal": signal}, tags=[FAST_DOOR_TAG])
        )

    assert run.state_name == "Unwound"
    assert len(executor.bodies("POST /v1/signals")) == 1


def test_every_hot_flow_of_the_file_is_warm() -> None:
    hot: list[DeploymentEntry] = [entry for entry in read_entries() if entry.pool == "hot"]

    assert set(module.hot_flows()) == {entry.load_flow().name for entry in hot}
