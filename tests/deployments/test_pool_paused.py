"""The hot pool, or its queue, is paused: nothing is claimed, and what waits keeps its order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType

import deployments.hot_worker as module
from deployments.pool_door import Paused, PoolDoor
from flows.prefect_api import PrefectApi
from tests.deployments.hot_runs import a_signal, brief_intake, create, signal_deployment, until
from tests.fake_executor import FakeExecutor, running_fake_executor
from tests.prefect_runs import PREFECT_MARKS, end_of, working

pytestmark = PREFECT_MARKS

FLOWS: dict[str, Flow[..., Any]] = {brief_intake.name: brief_intake}
POLL_S = 0.2
PLACES = {"pool": "/work_pools/hot", "queue": "/work_pools/hot/queues/default"}


@pytest.fixture
async def executor(kimp_home: Path) -> AsyncIterator[FakeExecutor]:
    async with running_fake_executor(kimp_home / "run" / "executor.sock") as fake:
        yield fake


@pytest.fixture
async def api() -> AsyncIterator[PrefectApi]:
    door = PrefectApi()
    yield door
    await door.aclose()


@asynccontextmanager
async def paused(api: PrefectApi, place: str) -> AsyncIterator[None]:
    """As the switch in the UI does it."""
    await api.ask("PATCH", PLACES[place], {"is_paused": True})
    try:
        yield
    finally:
        await api.ask("PATCH", PLACES[place], {"is_paused": False})


async def made(deployment: UUID, signal: Mapping[str, object]) -> UUID:
    return await create(deployment, parameters={"signal": signal})


async def no_events(_pool_id: UUID) -> AsyncIterator[tuple[str, UUID]]:
    await asyncio.Event().wait()
    yield "", uuid4()


@pytest.mark.parametrize(
    ("place", "has_events"),
    [("pool", True), ("queue", True), ("queue", False)],
    ids=["pool", "queue", "queue, and no events"],
)
async def test_nothing_is_claimed_while_it_is_paused_and_then_in_order_of_creation(
    executor: FakeExecutor,
    api: PrefectApi,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    has_events: bool,
) -> None:
    monkeypatch.setattr(module, "POLL_S", POLL_S)
    if not has_events:
        monkeypatch.setattr(module, "run_events", no_events)
    deployment = await signal_deployment()
    before, *waiting, after = (a_signal() for _ in range(5))
    async with working(executor, FLOWS), get_client() as client:
        await end_of(await made(deployment, before))
        async with paused(api, place):
            await asyncio.sleep(2 * POLL_S)
            ids = [await made(deployment, signal) for signal in waiting]
            await asyncio.sleep(5 * POLL_S)
            left = [await client.read_flow_run(run_id) for run_id in ids]
        last = await made(deployment, after)
        runs = [await end_of(run_id) for run_id in (*ids, last)]

    assert {run.state_type for run in left} == {StateType.SCHEDULED}
    assert [run.state_name for run in runs] == ["Hedged"] * 4
    assert executor.bodies("POST /v1/signals") == [before, *waiting, after]


async def test_a_pause_is_heard_before_the_worker_looks_again(
    executor: FakeExecutor, api: PrefectApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[PoolDoor] = []
    shut = PoolDoor.shut

    def hear(door: PoolDoor) -> None:
        shut(door)
        heard.append(door)

    async def blind(door: PoolDoor) -> Paused:
        await asyncio.Event().wait()
        raise AssertionError

    deployment = await signal_deployment()
    async with working(executor, FLOWS), get_client() as client:
        await end_of(await made(deployment, a_signal()))
        monkeypatch.setattr(PoolDoor, "shut", hear)
        monkeypatch.setattr(PoolDoor, "look", blind)
        async with paused(api, "queue"):
            await until(lambda: bool(heard), within_s=10)
            run_id = await made(deployment, a_signal())
            await asyncio.sleep(1.0)
            left = await client.read_flow_run(run_id)
            await client.delete_flow_run(run_id)

    assert left.state_type == StateType.SCHEDULED
    assert len(executor.bodies("POST /v1/signals")) == 1
