"""The executor misses its hot worker, and says when one is back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

import flows.worker_watch as module
from deployments.register import register
from tasks.alerting.notice import Notice
from tests.deployments.hot_runs import until
from tests.fake_executor import FakeExecutor, running_fake_executor
from tests.prefect_runs import PREFECT_MARKS, working
from tests.tasks.alerting.served_book import served_book

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
    await register(prefect_api, [])
    async with get_client() as client:
        await client.send_worker_heartbeat("hot", "hot-worker", heartbeat_interval_seconds=5)
    watch = asyncio.create_task(
        module.watch_hot_worker(executor.socket_file, first_s=0, poll_s=0.2)
    )
    await until(lambda: len(executor.bodies(ALERTS)) == 1)
    monkeypatch.setattr(module, "SILENT", timedelta(seconds=6))
    await until(lambda: len(executor.bodies(ALERTS)) == 2)
    async with working(executor, NOTHING):
        await until(lambda: len(executor.bodies(ALERTS)) == 3)
        watch.cancel()
    first, missed, back = executor.bodies(ALERTS)

    assert first["is_over"]  # of what the life before may have missed
    assert (missed["level"], missed["is_over"]) == ("critical", False)
    assert missed["message"].startswith("No hot worker has been heard for 6 s")
    assert (back["level"], back["is_over"]) == ("info", True)
    assert missed["subject"] == back["subject"] == "hot-worker"


@asynccontextmanager
async def watching(socket_file: Path, *looks: bool) -> AsyncIterator[None]:
    """A life of the watch that hears a worker, or none, look by look, the last for ever."""
    left = list(looks)

    async def answer(_: web.Request) -> web.Response:
        is_heard = left.pop(0) if len(left) > 1 else left[0]
        heard = [{"last_heartbeat_time": datetime.now(UTC).isoformat()}]
        return web.json_response(heard if is_heard else [])

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as prefect:
        with temporary_settings({PREFECT_API_URL: str(prefect.make_url("/api"))}):
            watch = module.watch_hot_worker(socket_file, first_s=0, poll_s=0.01)
            task = asyncio.create_task(watch)
            yield
            task.cancel()
            await asyncio.wait([task])


async def test_the_next_life_says_that_a_missed_worker_is_back_and_nothing_where_none_was(
    kimp_home: Path,
) -> None:
    socket_file = kimp_home / "run" / "executor.sock"
    told: list[Notice] = []
    async with served_book(kimp_home) as book:
        book.listeners.append(told.append)
        async with watching(socket_file, False):
            await until(lambda: len(told) == 1)
        async with watching(socket_file, True):
            await until(lambda: len(told) == 2)
        [row] = book.rows.others()
        assert row.recovered_at is not None
        async with watching(socket_file, True, False):
            await until(lambda: len(told) == 3)

    assert [notice.is_over for notice in told] == [False, True, False]
