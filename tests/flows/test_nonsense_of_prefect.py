"""An answer of Prefect that makes no sense ends none of what runs beside the desk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.run_truth import keep_run_true
from flows.worker_watch import watch_hot_worker
from tests.deployments.hot_runs import until
from tests.fake_executor import running_fake_executor

ALERTS = "POST /v1/alerts"


@pytest.fixture
async def answers() -> AsyncIterator[list[Any]]:
    """What Prefect answers, whatever it is asked: the first each time, the last for ever."""
    left: list[Any] = []

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(left.pop(0) if len(left) > 1 else left[0])

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    with temporary_settings({PREFECT_API_URL: f"http://{host}:{port}/api"}):
        yield left
    await runner.cleanup()


@pytest.mark.parametrize("nonsense", [[], "down for a moment", {"state": 3}])
async def test_a_cancel_is_heard_after_an_answer_that_makes_no_sense(
    answers: list[Any], nonsense: object
) -> None:
    answers += [nonsense, {"state": {"type": "CANCELLING", "name": "Cancelling"}}]
    cancelled = asyncio.Event()
    keeping = asyncio.create_task(keep_run_true("a-run", cancelled.set, look_s=0.01))

    async with asyncio.timeout(10):
        await cancelled.wait()

    keeping.cancel()


@pytest.mark.parametrize("nonsense", [["no worker"], {"workers": 0}, [{"name": "hot"}]])
async def test_a_worker_is_missed_after_an_answer_that_makes_no_sense(
    answers: list[Any], nonsense: object, kimp_home: Path
) -> None:
    answers += [nonsense, []]
    async with running_fake_executor(kimp_home / "run" / "executor.sock") as executor:
        executor.answers[ALERTS] = {}
        watching = asyncio.create_task(
            watch_hot_worker(executor.socket_file, first_s=0, poll_s=0.01)
        )

        await until(lambda: len(executor.bodies(ALERTS)) == 1)

        watching.cancel()
    [missed] = executor.bodies(ALERTS)
    assert missed["subject"] == "hot-worker"
