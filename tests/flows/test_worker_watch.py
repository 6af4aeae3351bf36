"""The executor misses its hot worker, and says when one is back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from prefect import Flow
from prefect.client.orchestration import get_client

import flows.worker_watch as module
from deployments.register import register
from tests.deployments.hot_runs import until
from tests.fake_executor import FakeExecutor, running_fake_executor
from tests.prefect_runs import PREFECT_MARKS, working

pytestmark = PREFECT_MARKS
ALERTS = "POST /v1/alerts"
NOTHING: dict[str, Flow[..., object]] = {}


@pytest.fixture
async def executor(kimp_home: Path) -> AsyncIterator[FakeExecutor]:
    async with running_fake_executor(kimp_home / "run" / "executor.sock") as fake:
        fake.answers[ALERTS] = {}
        yield fake


async def test_a_hot_worker_that_is_gone_is_missed_until_one_is_back(
    executor: FakeExecutor, prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SILENT", timedelta(seconds=6))
    await register(prefect_api, [])
    async with get_client() as client:
        await client.send_worker_heartbeat("hot", "hot-worker", heartbeat_interval_seconds=5)
    watching = asyncio.create_task(
        module.watch_hot_worker(executor.socket_file, first_s=0, poll_s=0.2)
    )
    await until(lambda: len(executor.bodies(ALERTS)) == 1)
    async with working(executor, NOTHING):
        await until(lambda: len(executor.bodies(ALERTS)) == 2)
    watching.cancel()
    missed, back = executor.bodies(ALERTS)

    assert (missed["level"], missed["is_over"]) == ("critical", False)
    assert missed["message"].startswith("No hot worker has been heard for 6 s")
    assert (back["level"], back["is_over"]) == ("info", True)
    assert missed["subject"] == back["subject"] == "hot-worker"
