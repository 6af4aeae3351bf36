"""What is done when the executor below ``up`` is gone, with a Prefect API that can be moody."""

from __future__ import annotations

import asyncio
import io
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import SecretStr
from rich.console import Console

from deployments import absence_notice, executor_watch
from deployments.executor_watch import watch_executor
from deployments.failure import CommandFailed
from deployments.http_json import HttpJson
from deployments.prefect_door import PrefectDoor
from deployments.progress import Progress
from exchanges.clock import SystemClock
from tasks import executor_pulse
from tasks.settings import Settings
from tests.fake_executor import running_fake_executor
from tests.tasks.alerting import providers
from warehouse import Journal

WITHIN_S = 30.0
RUN = {"id": "r", "name": "executor", "state": {"type": "SCHEDULED", "name": "Scheduled"}}


@dataclass
class Api:
    """The two calls that the watch makes."""

    status: int = 200
    paused: bool = False
    heard: list[str] = field(default_factory=list)

    async def deployment(self, _: web.Request) -> web.Response:
        self.heard.append("deployment")
        body = {"id": "d", "paused": self.paused, "schedules": []}
        return web.json_response(body, status=self.status)

    async def create(self, _: web.Request) -> web.Response:
        self.heard.append("create")
        return web.json_response(RUN, status=self.status)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor_watch, "POLL_S", 0.02)
    monkeypatch.setattr(executor_watch, "GONE_S", 0.1)


@pytest.fixture
def settings(kimp_home: Path) -> Settings:
    return Settings(home=kimp_home)


@asynccontextmanager
async def watching(api: Api, settings: Settings, mute_s: float = 60) -> AsyncIterator[Watch]:
    app = web.Application()
    app.router.add_get("/api/deployments/name/executor/live", api.deployment)
    app.router.add_post("/api/deployments/d/create_flow_run", api.create)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    said = io.StringIO()
    async with HttpJson("the Prefect server", f"http://127.0.0.1:{port}/api") as http:
        progress = Progress(Console(file=said, width=200))
        task = asyncio.create_task(
            watch_executor(settings, PrefectDoor(http), progress, mute_s=mute_s)
        )
        try:
            yield Watch(task, said)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, CommandFailed):
                await task
            await runner.cleanup()


@dataclass
class Watch:
    task: asyncio.Task[None]
    said: io.StringIO

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not condition():
                if self.task.done():
                    self.task.result()
                await asyncio.sleep(0.01)


async def test_a_prefect_that_does_not_answer_is_asked_again(settings: Settings) -> None:
    api = Api(status=500)

    async with watching(api, settings) as watch:
        await watch.until(lambda: len(api.heard) > 3)
        api.status = 200
        await watch.until(lambda: "create" in api.heard)
        async with running_fake_executor(settings.socket_file):
            await watch.until(lambda: "is back" in watch.said.getvalue())

    assert api.heard.count("create") == 1
    assert watch.said.getvalue().count("it is asked again") == 1
    assert watch.said.getvalue().count("one is started") == 1


async def test_while_prefect_is_mute_people_hear_here_that_nobody_guards(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(absence_notice, "AGAIN_S", 0.05)
    Journal.open(settings.journal_dir, SystemClock().now).close()  # ended without a word
    async with providers.slack() as slack:
        told = settings.model_copy(update={"slack_webhook_url": SecretStr(slack.url)})
        api = Api(status=500)
        async with watching(api, told) as watch:
            await watch.until(lambda: "nobody guards" in slack.text())
            asked = len(api.heard)
            await watch.until(lambda: len(api.heard) > asked + 10)
            async with running_fake_executor(settings.socket_file):
                await watch.until(lambda: "lives again" in slack.text())
                await asyncio.sleep(0.2)

    assert slack.text().count("nobody guards") == 1
    assert slack.text().count("lives again") == 1


async def test_a_hand_over_is_no_end(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor_watch, "GONE_S", 30.0)
    api = Api()

    async with watching(api, settings) as watch:
        await asyncio.sleep(0.1)
        async with running_fake_executor(settings.socket_file) as fake:
            await watch.until(lambda: len(fake.heard) > 2)

    assert api.heard == []


async def test_a_prefect_that_stays_mute_ends_the_watch(settings: Settings) -> None:
    async with watching(Api(status=500), settings, mute_s=0.1) as watch:
        with pytest.raises(CommandFailed, match="the Prefect server"):
            await watch.until(lambda: False)


async def test_an_executor_that_does_not_come_back_ends_the_watch(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor_watch, "PATIENCE_S", 0.1)

    api = Api()

    async with watching(api, settings) as watch:
        with pytest.raises(CommandFailed, match="no executor lives yet: none answered"):
            await watch.until(lambda: False)

    assert api.heard.count("create") == executor_watch.ASKED
    assert "try 3 of 3" in watch.said.getvalue()


async def test_the_first_start_is_no_end_and_a_later_one_is(settings: Settings) -> None:
    api = Api()

    async with watching(api, settings) as watch:
        await watch.until(lambda: "create" in api.heard)
        first = watch.said.getvalue()
        async with running_fake_executor(settings.socket_file):
            await watch.until(lambda: "is back" in watch.said.getvalue())
        await watch.until(lambda: api.heard.count("create") == 2)

    assert "no executor lives yet; one is started" in first
    assert "ended" not in first
    assert "the executor has ended; one is started" in watch.said.getvalue()


async def test_an_executor_that_is_hung_is_left_to_who_can_replace_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor_pulse, "ASK_S", 0.1)
    api = Api()
    listening = socket.socket(socket.AF_UNIX)
    settings.socket_file.parent.mkdir()
    listening.bind(str(settings.socket_file))
    listening.listen()

    async with watching(api, settings) as watch:
        await watch.until(lambda: "does not answer" in watch.said.getvalue())
    listening.close()

    assert "create" not in api.heard


async def test_a_paused_executor_is_started_once_it_is_on_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor_watch, "PATIENCE_S", 0.2)
    api = Api(paused=True)

    async with watching(api, settings) as watch:
        await watch.until(lambda: len(api.heard) > 20)
        created_while_paused = "create" in api.heard
        api.paused = False
        await watch.until(lambda: "create" in api.heard)

    assert not created_while_paused
    assert watch.said.getvalue().count("is paused") == 1
