"""Runs whose hot worker died, at each step: what the next worker makes of them."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect import Flow, flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Cancelling, Completed, Running

from deployments.run_claim import claim, read_run
from deployments.run_owner import is_abandoned, new_owner
from flows.prefect_api import PrefectApi
from flows.signal_intake import signal_intake
from tests.child_process import child_process
from tests.deployments.hot_runs import (
    a_signal,
    create,
    dead_owner,
    deploy,
    signal_deployment,
    until,
)
from tests.fake_executor import FakeExecutor
from tests.prefect_runs import PREFECT_MARKS, end_of, working

pytestmark = PREFECT_MARKS


@flow(name="asked-for-by-a-person")
async def by_hand() -> Any:
    """May have done something when its worker died."""
    return Completed(message="done")


FLOWS: dict[str, Flow[..., Any]] = {item.name: item for item in (signal_intake, by_hand)}


@pytest.fixture
async def client() -> AsyncIterator[PrefectClient]:
    async with get_client() as open_client:
        yield open_client


@pytest.mark.parametrize("step", ["claimed", "handed over", "running"])
async def test_a_signal_of_a_dead_worker_ends_with_what_became_of_it(
    step: str, executor: FakeExecutor, api: PrefectApi, client: PrefectClient
) -> None:
    sent = a_signal()
    run_id = await create(await signal_deployment(), parameters={"signal": sent})
    assert await claim(api, run_id, dead_owner())
    if step != "claimed":
        executor.decided[sent["id"]] = {"signal_id": sent["id"], "status": "unwound"}
    if step == "running":
        await client.update_flow_run(run_id, infrastructure_pid=dead_owner())
        await client.set_flow_run_state(run_id, Running())

    async with working(executor, FLOWS):
        run = await end_of(run_id, within_s=60)

    assert run.state_name == ("Hedged" if step == "claimed" else "Unwound")
    assert len(executor.decided) == 1


async def test_what_a_person_asked_for_is_not_done_twice(
    executor: FakeExecutor, api: PrefectApi, client: PrefectClient
) -> None:
    run_id = await create(await deploy(by_hand))
    assert await claim(api, run_id, dead_owner())
    await client.update_flow_run(run_id, infrastructure_pid=dead_owner())
    await client.set_flow_run_state(run_id, Running())

    async with working(executor, FLOWS):
        run = await end_of(run_id, within_s=60)

    assert run.state is not None
    assert run.state.is_crashed()
    assert "look before you run it again" in (run.state.message or "")


async def test_a_cancelled_run_of_a_dead_worker_is_cancelled(
    executor: FakeExecutor, api: PrefectApi, client: PrefectClient
) -> None:
    run_id = await create(await signal_deployment(), parameters={"signal": a_signal()})
    assert await claim(api, run_id, dead_owner())
    await client.update_flow_run(run_id, infrastructure_pid=dead_owner())
    await client.set_flow_run_state(run_id, Cancelling())

    async with working(executor, FLOWS):
        run = await end_of(run_id, within_s=60)

    assert run.state_type == StateType.CANCELLED
    assert executor.decided == {}


async def test_a_worker_that_is_killed_while_it_waits_for_the_executor_is_followed_by_the_next(
    executor: FakeExecutor, kimp_home: Path, prefect_api: str, api: PrefectApi
) -> None:
    deployment = await signal_deployment()
    environment = {**os.environ, "PREFECT_API_URL": prefect_api, "KIMP_HOME": str(kimp_home)}
    async with (
        executor.holding(),
        child_process(sys.executable, "-m", "deployments.hot_worker", env=environment),
    ):
        run_id = await create(deployment, parameters={"signal": a_signal()})
        await until(lambda: bool(executor.bodies("POST /v1/signals")), within_s=60)
    left = await read_run(api, run_id)

    async with working(executor, FLOWS):
        run = await end_of(run_id, within_s=60)

    assert left.state_type in (StateType.PENDING, StateType.RUNNING)
    assert run.state_name == "Hedged"
    assert len(executor.decided) == 1


def run_of(owner: str | None) -> FlowRun:
    return FlowRun(flow_id=UUID(int=1), infrastructure_pid=owner, state=Running())


def test_a_process_number_that_was_given_to_another_is_not_the_owner() -> None:
    host, pid, began, token = new_owner().split(":")

    assert not is_abandoned(run_of(f"{host}:{pid}:{began}:{token}"))
    assert is_abandoned(run_of(f"{host}:{pid}:{int(began) - 1}:{token}"))


def test_a_worker_on_another_machine_is_given_time() -> None:
    assert not is_abandoned(run_of("elsewhere:1:1:0000"))
