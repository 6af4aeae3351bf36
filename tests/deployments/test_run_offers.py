"""Signals of which some are heard of by events and some by lists keep the order of creation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from prefect import Flow, flow
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.responses import WorkerFlowRunResponse
from prefect.states import Completed

from deployments import hot_worker, run_intake, run_offers
from tests.deployments.hot_runs import (
    a_signal,
    brief_intake,
    create,
    deploy,
    signal_deployment,
    until,
)
from tests.fake_executor import FakeExecutor, running_fake_executor
from tests.prefect_runs import PREFECT_MARKS, end_of, working

pytestmark = PREFECT_MARKS
DECIDED = "POST /v1/signals"


@flow(name="a-quick-one")
async def quick() -> Any:
    return Completed(message="done")


FLOWS: dict[str, Flow[..., Any]] = {item.name: item for item in (brief_intake, quick)}


@pytest.fixture
async def executor(kimp_home: Path) -> AsyncIterator[FakeExecutor]:
    async with running_fake_executor(kimp_home / "run" / "executor.sock") as fake:
        yield fake


class Lists:
    """Prefect's lists of due runs, on their way to the worker."""

    def __init__(self) -> None:
        self.asked = 0
        self.arrive = asyncio.Event()
        self.arrive.set()
        self.page = run_offers.PAGE


@pytest.fixture
def lists(monkeypatch: pytest.MonkeyPatch) -> Lists:
    lists, ask = Lists(), PrefectClient.get_scheduled_flow_runs_for_work_pool

    async def asked(*place: Any, **options: Any) -> list[WorkerFlowRunResponse]:
        listed = await ask(*place, **options)
        lists.asked += 1
        await lists.arrive.wait()
        return listed[: lists.page]

    monkeypatch.setattr(PrefectClient, "get_scheduled_flow_runs_for_work_pool", asked)
    return lists


async def test_what_is_made_while_the_first_list_is_on_its_way_goes_ahead_of_what_comes_later(
    executor: FakeExecutor, lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = await signal_deployment()
    signals = [a_signal() for _ in range(3)]
    monkeypatch.setattr(hot_worker, "POLL_S", 60.0)
    named = names_of(monkeypatch)
    lists.arrive.clear()
    async with working(executor, FLOWS):
        await until(lambda: lists.asked == 1)
        meanwhile = [await create(deployment, parameters={"signal": it}) for it in signals[:2]]
        await until(lambda: set(meanwhile) <= set(named))
        lists.arrive.set()
        await create(deployment, parameters={"signal": signals[2]})
        await until(lambda: len(executor.bodies(DECIDED)) == len(signals))

    assert executor.bodies(DECIDED) == signals


async def test_more_than_one_list_holds_goes_ahead_of_what_an_event_names(
    executor: FakeExecutor, lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_offers, "PAGE", 2)
    monkeypatch.setattr(hot_worker, "POLL_S", 0.3)
    lists.page = 2
    deployment = await signal_deployment()
    signals = [a_signal() for _ in range(6)]
    for signal in signals[:5]:
        await create(deployment, parameters={"signal": signal})
    named = names_of(monkeypatch)
    lists.arrive.clear()
    async with working(executor, FLOWS):
        await until(lambda: lists.asked == 1)
        last = await create(deployment, parameters={"signal": signals[5]})
        await until(lambda: last in named)
        lists.arrive.set()
        await until(lambda: len(executor.bodies(DECIDED)) == len(signals))

    assert executor.bodies(DECIDED) == signals


async def test_what_is_no_signal_does_not_wait_behind_signals(
    executor: FakeExecutor, lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_intake, "SIGNALS_IN_HAND", 1)
    monkeypatch.setattr(hot_worker, "POLL_S", 60.0)
    deployment, other = await signal_deployment(), await deploy(quick)
    async with working(executor, FLOWS), executor.holding():
        await until(lambda: lists.asked == 1)
        for _ in range(3):
            await create(deployment, parameters={"signal": a_signal()})
        await until(lambda: len(executor.bodies(DECIDED)) == 1)
        run = await end_of(await create(other))
        handed_over = len(executor.bodies(DECIDED))

    assert run.state_name == "Completed"
    assert handed_over == 1


def names_of(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Runs that events have named to the worker, once it has dealt with them."""
    named: list[Any] = []
    name: Callable[..., None] = run_offers.RunOffers.name

    def tell(offers: run_offers.RunOffers, run_id: Any) -> None:
        name(offers, run_id)
        named.append(run_id)

    monkeypatch.setattr(run_offers.RunOffers, "name", tell)
    return named
