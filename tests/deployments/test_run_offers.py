"""Signals of which some are heard of by events and some by lists keep the order of creation."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from prefect import Flow
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.responses import WorkerFlowRunResponse

from deployments import hot_worker, run_intake, run_offers
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

pytestmark = [*PREFECT_MARKS, pytest.mark.usefixtures("patient_worker")]
DECIDED = "POST /v1/signals"


FLOWS: dict[str, Flow[..., Any]] = {item.name: item for item in (brief_intake, quick)}


class Lists:
    """Prefect's lists of due runs, on their way to the worker."""

    def __init__(self) -> None:
        self.asked = 0
        self.arrive = asyncio.Event()
        self.arrive.set()
        self.page = run_offers.PAGE
        self.last: list[WorkerFlowRunResponse] = []

    async def held_up(self) -> None:
        """The next one is on its way from now on, until it may ``arrive``."""
        self.arrive.clear()
        asked = self.asked
        await until(lambda: self.asked > asked)


@pytest.fixture
def lists(monkeypatch: pytest.MonkeyPatch) -> Lists:
    lists, ask = Lists(), PrefectClient.get_scheduled_flow_runs_for_work_pool

    async def asked(*place: Any, **options: Any) -> list[WorkerFlowRunResponse]:
        listed = await ask(*place, **options)
        lists.asked += 1
        await lists.arrive.wait()
        lists.last = listed[: lists.page]
        return lists.last

    monkeypatch.setattr(PrefectClient, "get_scheduled_flow_runs_for_work_pool", asked)
    return lists


async def test_what_is_made_while_a_list_is_on_its_way_goes_ahead_of_what_comes_later(
    executor: FakeExecutor, lists: Lists, named: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_offers, "KNOWN_S", 0.0)  # as long after the last list
    deployment = await signal_deployment()
    signals = [a_signal() for _ in range(3)]
    async with working(executor, FLOWS):
        await until_heard(named)
        await lists.held_up()
        meanwhile = [await create(deployment, parameters={"signal": it}) for it in signals[:2]]
        await until(lambda: set(meanwhile) <= set(named))
        monkeypatch.setattr(run_offers, "KNOWN_S", 60.0)
        lists.arrive.set()
        await create(deployment, parameters={"signal": signals[2]})
        await until(lambda: len(executor.bodies(DECIDED)) == len(signals))

    assert executor.bodies(DECIDED) == signals


async def test_more_than_one_list_holds_goes_ahead_of_what_an_event_names(
    executor: FakeExecutor, lists: Lists, named: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_offers, "PAGE", 2)
    monkeypatch.setattr(run_offers, "KNOWN_S", 0.0)
    monkeypatch.setattr(hot_worker, "POLL_S", 0.3)
    lists.page = 2
    deployment = await signal_deployment()
    signals = [a_signal() for _ in range(6)]
    async with working(executor, FLOWS):
        await until_heard(named)
        await lists.held_up()
        ids = [await create(deployment, parameters={"signal": signal}) for signal in signals]
        await until(lambda: set(ids) <= set(named))
        monkeypatch.setattr(run_offers, "KNOWN_S", 60.0)
        lists.arrive.set()
        await until(lambda: len(executor.bodies(DECIDED)) == len(signals))

    assert executor.bodies(DECIDED) == signals


async def test_late_runs_of_schedules_that_fill_the_list_keep_no_signal_out(
    executor: FakeExecutor,
    lists: Lists,
    named: list[UUID],
    api: PrefectApi,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_offers, "PAGE", 5)
    monkeypatch.setattr(hot_worker, "POLL_S", 0.3)
    monkeypatch.setattr(hot_worker, "LATE_AT_ONCE", 0)
    lists.page = 5
    deployment, scheduled = await signal_deployment(), await deploy(quick)
    schedule = {"schedule": {"interval": 30}, "active": True}
    await api.ask("POST", f"/deployments/{scheduled}/schedules", [schedule])
    now = datetime.now(UTC)
    past = {"start_time": now - timedelta(minutes=10), "end_time": now - timedelta(minutes=5)}
    await api.ask("POST", f"/deployments/{scheduled}/schedule", past)
    async with working(executor, FLOWS):
        asked = lists.asked
        await until(lambda: lists.asked > asked + 1)
        run = await end_of(await create(deployment, parameters={"signal": a_signal()}))
        late = len(lists.last)

    assert late == 5
    assert run.state_name == "Hedged"


async def test_what_is_no_signal_does_not_wait_behind_signals(
    executor: FakeExecutor, named: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment, other = await signal_deployment(), await deploy(quick)
    async with working(executor, FLOWS), executor.holding():
        await until_heard(named)
        await create(deployment, parameters={"signal": a_signal()})
        await until(lambda: len(executor.bodies(DECIDED)) == 1)
        monkeypatch.setattr(run_intake, "SIGNALS_IN_HAND", 1)
        monkeypatch.setattr(PrefectClient, "get_scheduled_flow_runs_for_work_pool", never)
        await create(deployment, parameters={"signal": a_signal()})
        run = await end_of(await create(other))
        handed_over = len(executor.bodies(DECIDED))

    assert run.state_name == "Completed"
    assert handed_over == 1


async def never(*_: Any, **__: Any) -> list[WorkerFlowRunResponse]:
    await asyncio.Event().wait()
    raise AssertionError
