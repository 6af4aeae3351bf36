"""A run is claimed because an event names it, be it a moment before it can be read."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect import Flow
from prefect.client.orchestration import PrefectClient

from deployments import hot_worker, run_intake
from deployments.run_events import SCHEDULED, run_events
from flows.prefect_api import PrefectApi
from tests.deployments.hot_runs import (
    a_signal,
    brief_intake,
    create,
    deploy,
    quick,
    signal_deployment,
    until,
    until_heard,
)
from tests.fake_executor import FakeExecutor
from tests.prefect_runs import PREFECT_MARKS, end_of, working

pytestmark = PREFECT_MARKS
FLOWS: dict[str, Flow[..., Any]] = {item.name: item for item in (brief_intake, quick)}


@pytest.mark.parametrize("early", [0, 2], ids=["there", "not there yet"])
async def test_a_run_that_no_list_has_is_run_because_an_event_names_it(
    executor: FakeExecutor, early: int, named: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = await signal_deployment()
    ask = PrefectApi.ask
    refused: Counter[str] = Counter()

    async def ask_early(api: PrefectApi, method: str, path: str, body: Any = None) -> object:
        if path.startswith("/flow_runs/") and method == "GET" and refused[path] < early:
            refused[path] += 1
            path = f"/flow_runs/{uuid4()}"
        return await ask(api, method, path, body)

    async def nothing_is_due(*_: Any, **__: Any) -> list[Any]:
        return []

    async with working(executor, FLOWS):
        await until_heard(named)
        monkeypatch.setattr(PrefectApi, "ask", ask_early)
        monkeypatch.setattr(PrefectClient, "get_scheduled_flow_runs_for_work_pool", nothing_is_due)
        run = await end_of(await create(deployment, parameters={"signal": a_signal()}))

    assert run.state_name == "Hedged"
    assert refused[f"/flow_runs/{run.id}"] == early


@pytest.mark.usefixtures("patient_worker")
async def test_a_signal_that_is_not_there_yet_does_not_queue_behind_a_crowd_once_more(
    executor: FakeExecutor, named: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_intake, "CLAIMS_AT_ONCE", 1)
    deployment = await signal_deployment()
    ask = PrefectApi.ask
    runs: list[UUID] = []
    reads: list[str] = []
    crowd_is_here, first_is_asked_again = asyncio.Event(), asyncio.Event()

    async def ask_early(api: PrefectApi, method: str, path: str, body: Any = None) -> object:
        if path.startswith("/flow_runs/") and method == "GET":
            await crowd_is_here.wait()
            reads.append(path)
            first = f"/flow_runs/{runs[0]}"
            if path != first and first in reads:
                await first_is_asked_again.wait()
            elif reads.count(first) > 1:
                first_is_asked_again.set()
            elif path == first:
                path = f"/flow_runs/{uuid4()}"
        return await ask(api, method, path, body)

    async with working(executor, FLOWS):
        await until_heard(named)
        monkeypatch.setattr(PrefectApi, "ask", ask_early)
        signals = [a_signal() for _ in range(3)]
        runs += [await create(deployment, parameters={"signal": signal}) for signal in signals]
        await until(lambda: set(runs) <= set(named))
        crowd_is_here.set()
        ended = [await end_of(run) for run in runs]

    assert [run.state_name for run in ended] == ["Hedged"] * len(runs)
    assert executor.bodies("POST /v1/signals") == signals


@pytest.fixture
def _gone_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before each other event the worker hears of runs that are deleted."""

    async def events(pool_id: UUID) -> AsyncIterator[tuple[str, UUID]]:
        for _ in range(3):
            yield SCHEDULED, uuid4()
        async for event in run_events(pool_id):
            yield event

    monkeypatch.setattr(hot_worker, "run_events", events)
    monkeypatch.setattr(run_intake, "CLAIMS_AT_ONCE", 1)


@pytest.mark.usefixtures("_gone_are_named")
async def test_runs_that_are_gone_keep_no_other_from_being_claimed(
    executor: FakeExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A run that is there, and only cannot be read yet, has been asked for again before.
    monkeypatch.setattr(run_intake, "PAUSES_S", (*run_intake.PAUSES_S, 60.0))
    async with working(executor, FLOWS):
        run = await end_of(await create(await deploy(quick)))

    assert run.state_name == "Completed"


@pytest.mark.usefixtures("_gone_are_named")
async def test_runs_that_are_gone_are_given_up_and_signals_go_on(
    executor: FakeExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_intake, "PAUSES_S", (0.05,))
    deployment = await signal_deployment()
    async with working(executor, FLOWS):
        run = await end_of(await create(deployment, parameters={"signal": a_signal()}))

    assert run.state_name == "Hedged"
