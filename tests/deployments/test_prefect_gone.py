"""Prefect's server killed while runs are under way, and started again: every run gets its true end.

What the desk itself does meanwhile is in ``whole_desk/test_prefect_gone.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from prefect import Flow, flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.flow_engine import run_flow
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import Completed, Crashed

from deployments import hot_worker, warm_flow
from flows.signal_intake import signal_intake
from tests.deployments.hot_runs import a_signal, create, deploy, signal_deployment, until
from tests.fake_executor import FakeExecutor
from tests.prefect_runs import PREFECT_MARKS, end_of, log_of, working
from tests.prefect_server import PrefectServer, running_prefect_server

pytestmark = [*PREFECT_MARKS, pytest.mark.timeout(300)]

under_way, go_on = asyncio.Event(), asyncio.Event()


@flow(name="asked-for-by-a-person")
async def by_hand() -> Any:
    """Has done what it was asked for when it cannot tell so."""
    under_way.set()
    await go_on.wait()
    return Completed(message="done")


UNHEARD = "Prefect does not hear how flow run"
"""What the worker logs of a flow that could not tell its end, and gave up."""

FLOWS: dict[str, Flow[..., Any]] = {item.name: item for item in (signal_intake, by_hand)}


@pytest.fixture(scope="module")
def server(
    prefect_database: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrefectServer]:
    folder = tmp_path_factory.mktemp("prefect-that-goes")
    with running_prefect_server(folder, prefect_database) as server:
        yield server


@pytest.fixture(scope="module")
def prefect_server(server: PrefectServer) -> str:
    """What the shared fixture ``prefect_api`` points this process at."""
    return server.url


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch, prefect_api: str) -> Iterator[None]:
    """Prefect's client gives up after a minute; an outage of a few seconds is then a long one."""
    monkeypatch.setattr(hot_worker, "SWEEP_S", 0.5)
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):
        yield


async def becomes(run_id: UUID, name: str) -> None:
    async with asyncio.timeout(30), get_client() as client:
        while True:
            if (await client.read_flow_run(run_id)).state_name == name:
                return
            await asyncio.sleep(0.05)


async def test_what_happens_while_prefect_is_gone_is_told_once_it_is_back(
    executor: FakeExecutor, server: PrefectServer, caplog: pytest.LogCaptureFixture
) -> None:
    executor.hold = asyncio.Event()
    deployment = await signal_deployment()
    signals = [a_signal() for _ in range(3)]
    async with working(executor, FLOWS):
        ids = [await create(deployment, parameters={"signal": signal}) for signal in signals]
        other_id = await create(await deploy(by_hand))
        await until(lambda: len(executor.bodies("POST /v1/signals")) >= len(signals))
        await until(under_way.is_set)
        await asyncio.to_thread(server.kill)
        executor.hold.set()
        go_on.set()
        await until(lambda: len(executor.decided) == len(signals))
        await until(lambda: caplog.text.count(UNHEARD) == len(signals) + 1)
        await asyncio.to_thread(server.start)
        runs = [await end_of(run_id, within_s=40) for run_id in ids]
        other = await end_of(other_id, within_s=40)
        async with get_client() as client:
            told = await log_of(client, ids[0])

    assert [run.state_name for run in runs] == ["Hedged"] * 3
    assert executor.decided.keys() == {signal["id"] for signal in signals}
    assert "Hedged" in told
    assert other.state is not None
    assert other.state.is_crashed()
    assert "look before you run it again" in (other.state.message or "")


async def test_a_telling_that_prefects_engine_calls_a_crash_is_told_again(
    executor: FakeExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does when the server is back between its last try and its giving up."""
    lost = [True]

    async def run_flow_and_lose_prefect(a_flow: Any, **options: Any) -> Any:
        if not lost:
            running: Any = run_flow(a_flow, **options)
            return await running
        lost.clear()
        async with get_client() as client:
            state: State[Any] = Crashed(message="ConnectError")
            await client.set_flow_run_state(options["flow_run"].id, state, force=True)
        raise httpx.ConnectError("All connection attempts failed")

    monkeypatch.setattr(warm_flow, "run_flow", run_flow_and_lose_prefect)
    signal = a_signal()
    async with working(executor, FLOWS):
        run_id = await create(await signal_deployment(), parameters={"signal": signal})
        await becomes(run_id, "Hedged")

    assert list(executor.decided) == [signal["id"]]
