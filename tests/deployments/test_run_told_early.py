"""A run is claimed because an event names it, be it a moment before it can be read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prefect import Flow
from prefect.client.orchestration import PrefectClient

from deployments import run_claim
from deployments.run_claim import read_run
from flows.prefect_api import PrefectApi, PrefectRefused
from tests.deployments.hot_runs import a_signal, brief_intake, create, signal_deployment
from tests.fake_executor import FakeExecutor, running_fake_executor
from tests.prefect_runs import PREFECT_MARKS, end_of, working

pytestmark = PREFECT_MARKS
FLOWS: dict[str, Flow[..., Any]] = {brief_intake.name: brief_intake}


@pytest.fixture
async def executor(kimp_home: Path) -> AsyncIterator[FakeExecutor]:
    async with running_fake_executor(kimp_home / "run" / "executor.sock") as fake:
        yield fake


@pytest.fixture
async def api() -> AsyncIterator[PrefectApi]:
    door = PrefectApi()
    yield door
    await door.aclose()


@pytest.mark.parametrize("early", [0, 2], ids=["there", "not there yet"])
async def test_a_run_that_no_list_has_is_run_because_an_event_names_it(
    executor: FakeExecutor, early: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = await signal_deployment()
    ask = PrefectApi.ask
    refused: list[str] = []

    async def ask_early(api: PrefectApi, method: str, path: str, body: Any = None) -> object:
        if path.startswith("/flow_runs/") and method == "GET" and len(refused) < early:
            refused.append(path)
            path = f"/flow_runs/{uuid4()}"
        return await ask(api, method, path, body)

    async def nothing_is_due(*_: Any, **__: Any) -> list[Any]:
        return []

    monkeypatch.setattr(PrefectApi, "ask", ask_early)
    monkeypatch.setattr(PrefectClient, "get_scheduled_flow_runs_for_work_pool", nothing_is_due)
    async with working(executor, FLOWS):
        run = await end_of(await create(deployment, parameters={"signal": a_signal()}))

    assert run.state_name == "Hedged"
    assert len(refused) == early


async def test_a_run_that_nobody_made_is_not_asked_for_for_ever(
    api: PrefectApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_claim, "UNREADABLE_S", 0.1)

    with pytest.raises(PrefectRefused, match="404"):
        await read_run(api, uuid4())
