"""The hot pool, or its queue, is paused: nothing is claimed, and what waits keeps its order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, StateType

import deployments.hot_worker as module
from deployments.pool_door import Paused, PoolDoor
from deployments.run_events import run_events
from deployments.run_intake import RunIntake
from flows.prefect_api import PrefectApi
from tests.deployments.hot_runs import (
    a_signal,
    brief_intake,
    create,
    no_events,
    signal_deployment,
    until,
)
from tests.fake_executor import FakeExecutor
from tests.prefect_runs import PREFECT_MARKS, end_of, working

pytestmark = [*PREFECT_MARKS, pytest.mark.usefixtures("patient_worker")]

FLOWS: dict[str, Flow[..., Any]] = {brief_intake.name: brief_intake}
POLL_S = 0.2
FURTHER_LOOKS = 3
"""The last two at least have begun after what came before the first."""
PLACES = {"pool": "/work_pools/hot", "queue": "/work_pools/hot/queues/default"}


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


@dataclass(slots=True)
class Seen:
    """What the worker has done about what it saw of Prefect."""

    looks: list[Paused] = field(default_factory=list)
    """What was paused at each poll, once the runs that it found were offered."""
    events: list[UUID] = field(default_factory=list)
    """Of which run, or pool or queue, each event was, once it was dealt with."""
    offered: list[UUID] = field(default_factory=list)

    @property
    def is_paused(self) -> bool:
        return bool(self.looks) and (self.looks[-1].pool or bool(self.looks[-1].queues))


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Seen]:
    """Of the worker that the test starts, which works as ever and meets no error."""
    seen, take_in, offer, listen = Seen(), PoolDoor.set, RunIntake.offer, run_events

    def looked(door: PoolDoor, paused: Paused) -> None:
        take_in(door, paused)
        seen.looks.append(paused)

    def offered(intake: RunIntake, run_id: UUID, run: FlowRun | None = None, **turn: bool) -> None:
        seen.offered.append(run_id)
        offer(intake, run_id, run, **turn)

    async def heard(pool_id: UUID) -> AsyncIterator[tuple[str, UUID]]:
        async for event, resource_id in listen(pool_id):
            yield event, resource_id
            seen.events.append(resource_id)

    monkeypatch.setattr(PoolDoor, "set", looked)
    monkeypatch.setattr(RunIntake, "offer", offered)
    monkeypatch.setattr(module, "run_events", heard)
    yield seen
    assert "the hot worker goes on after an error" not in caplog.text


@pytest.mark.parametrize(
    ("place", "has_events"),
    [("pool", True), ("queue", True), ("queue", False)],
    ids=["pool", "queue", "queue, and no events"],
)
async def test_nothing_is_claimed_while_it_is_paused_and_then_in_order_of_creation(
    executor: FakeExecutor,
    api: PrefectApi,
    monkeypatch: pytest.MonkeyPatch,
    seen: Seen,
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
            await until(lambda: seen.is_paused)
            ids = [await made(deployment, signal) for signal in waiting]
            looks = len(seen.looks)
            await until(lambda: len(seen.looks) >= looks + FURTHER_LOOKS)
            await until(lambda: not has_events or set(ids) <= set(seen.events))
            left = [await client.read_flow_run(run_id) for run_id in ids]
        last = await made(deployment, after)
        runs = [await end_of(run_id) for run_id in (*ids, last)]

    assert {run.state_type for run in left} == {StateType.SCHEDULED}
    assert [run.state_name for run in runs] == ["Hedged"] * 4
    assert executor.bodies("POST /v1/signals") == [before, *waiting, after]


async def test_a_pause_is_heard_before_the_worker_looks_again(
    executor: FakeExecutor, api: PrefectApi, monkeypatch: pytest.MonkeyPatch, seen: Seen
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
            await until(lambda: run_id in seen.events, within_s=10)
            left = await client.read_flow_run(run_id)
            await client.delete_flow_run(run_id)

    assert run_id not in seen.offered
    assert left.state_type == StateType.SCHEDULED
    assert len(executor.bodies("POST /v1/signals")) == 1
