"""More runs than the hot worker has room for: what it cannot take waits where every worker can."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from prefect import Flow, flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.states import Completed

from deployments import hot_worker, run_intake
from tests.deployments.hot_runs import (
    a_signal,
    brief_intake,
    create,
    deploy,
    signal_deployment,
    until,
)
from tests.fake_executor import FakeExecutor
from tests.prefect_runs import PREFECT_MARKS, end_of, working

pytestmark = [*PREFECT_MARKS, pytest.mark.usefixtures("patient_worker")]

POLL_S = 0.2
LOOKS_S = 5 * POLL_S
go_on = asyncio.Event()
under_way: list[int] = []


@flow(name="takes-its-time")
async def slow(number: int) -> Any:
    under_way.append(number)
    while not go_on.is_set():  # noqa: ASYNC110 - set by another loop
        await asyncio.sleep(0.02)
    return Completed(message="done")


FLOWS: dict[str, Flow[..., Any]] = {item.name: item for item in (brief_intake, slow)}


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hot_worker, "POLL_S", POLL_S)


async def states(client: PrefectClient, run_ids: list[UUID]) -> Counter[str]:
    runs = [await client.read_flow_run(run_id) for run_id in run_ids]
    return Counter(run.state_type.value for run in runs if run.state_type is not None)


async def test_runs_beyond_the_workers_room_wait_and_hold_up_no_signal(
    executor: FakeExecutor, prefect_api: str
) -> None:
    go_on.clear()
    under_way.clear()
    signals, others = await signal_deployment(), await deploy(slow)
    async with working(executor, FLOWS, limit=2), get_client() as client:
        run_ids = [await create(others, parameters={"number": number}) for number in range(5)]
        await until(lambda: len(under_way) == 2)
        await asyncio.sleep(LOOKS_S)
        waiting = await states(client, run_ids)
        signal = await end_of(await create(signals, parameters={"signal": a_signal()}))
        taken = sorted(under_way)
        go_on.set()
        ended = [await end_of(run_id, within_s=40) for run_id in run_ids]

    assert waiting == {"RUNNING": 2, "SCHEDULED": 3}
    assert signal.state_name == "Hedged"
    assert len(taken) == 2
    assert [run.state_name for run in ended] == ["Completed"] * 5
    assert sorted(under_way) == [0, 1, 2, 3, 4]


async def test_signals_beyond_the_executors_room_wait_in_prefect_and_keep_their_order(
    executor: FakeExecutor, prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_intake, "SIGNALS_IN_HAND", 3)
    deployment = await signal_deployment()
    signals = [a_signal() for _ in range(7)]
    async with working(executor, FLOWS), get_client() as client:
        async with executor.holding():
            run_ids = [await create(deployment, parameters={"signal": it}) for it in signals]
            await until(lambda: len(executor.bodies("POST /v1/signals")) == 3)
            await asyncio.sleep(LOOKS_S)
            asked = len(executor.bodies("POST /v1/signals"))
            waiting = await states(client, run_ids)
        ended = [await end_of(run_id, within_s=40) for run_id in run_ids]

    assert asked == 3
    assert waiting["SCHEDULED"] == 4
    assert [run.state_name for run in ended] == ["Hedged"] * 7
    assert executor.bodies("POST /v1/signals") == signals
