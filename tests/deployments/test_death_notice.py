"""What is told when a program of the desk died and came back."""

from __future__ import annotations

import asyncio
import io
import os
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from deployments import death_notice
from deployments.child_process import ChildProcess
from deployments.death_notice import DeathNotice
from deployments.looks import pauses_between_looks
from deployments.progress import Progress
from tasks.executor_client import ExecutorClient
from tests.fake_executor import FakeExecutor, running_fake_executor


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(death_notice, "ALERT_S", 60.0)
    monkeypatch.setattr(death_notice, "AGAIN_S", 0.02)


@pytest.fixture
async def child(tmp_path: Path) -> ChildProcess:
    child = await ChildProcess.start(
        "Prefect server", ("true",), os.environ, tmp_path / "log", tmp_path
    )
    await child.wait()
    return child


async def until_raised(executor: FakeExecutor, alerts: int) -> None:
    async with asyncio.timeout(60):
        while len(executor.bodies("POST /v1/alerts")) < alerts:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_death_and_its_end_are_one_trouble(kimp_home: Path, child: ChildProcess) -> None:
    stream = io.StringIO()
    socket_file = kimp_home / "executor.sock"
    async with running_fake_executor(socket_file) as executor:
        executor.answers["POST /v1/alerts"] = {"raised": True}
        notice = DeathNotice(Progress(Console(file=stream, width=200)), socket_file)

        await notice.died(child, -9)
        await notice.back(child)

    raised = executor.bodies("POST /v1/alerts")
    assert [(alert["level"], alert["is_over"]) for alert in raised] == [
        ("critical", False),
        ("info", True),
    ]
    assert {alert["subject"] for alert in raised} == {"prefect-server"}
    told = "Prefect server ended unexpectedly (killed by SIGKILL); it is started again"
    assert raised[0]["message"] == f"{told}."
    assert told in stream.getvalue()


async def test_what_no_executor_was_there_to_take_is_raised_once_when_one_is(
    kimp_home: Path, child: ChildProcess
) -> None:
    stream = io.StringIO()
    socket_file = kimp_home / "executor.sock"
    notice = DeathNotice(Progress(Console(file=stream, width=200)), socket_file)

    await notice.died(child, -9)
    await notice.back(child)
    async with running_fake_executor(socket_file) as executor:
        executor.answers["POST /v1/alerts"] = {"raised": True}
        await until_raised(executor, 2)
        pauses = pauses_between_looks()
        async with asyncio.timeout(60):  # the tries end a moment after what they have raised
            while "(at " in executor.bodies("POST /v1/alerts")[-1]["message"]:
                await asyncio.sleep(next(pauses))
                await notice.died(child, 1)

    died, back, *_, again = executor.bodies("POST /v1/alerts")
    told = r"Prefect server ended .* \(killed by SIGKILL\); it is started again \(at .* KST\)\."
    assert re.fullmatch(told, died["message"])
    assert (died["is_over"], back["is_over"]) == (False, True)
    assert again["message"].endswith("it is started again.")
    assert stream.getvalue().count("no alert yet") == 1


async def test_deaths_at_once_that_nobody_takes_wait_together(
    kimp_home: Path, child: ChildProcess
) -> None:
    stream = io.StringIO()
    socket_file = kimp_home / "executor.sock"
    notice = DeathNotice(Progress(Console(file=stream, width=200)), socket_file)

    await asyncio.gather(notice.died(child, 1), notice.died(child, 2))
    async with running_fake_executor(socket_file) as executor:
        executor.answers["POST /v1/alerts"] = {"raised": True}
        await until_raised(executor, 2)

    told = [alert["message"] for alert in executor.bodies("POST /v1/alerts")]
    assert [text[text.index("code") :][:6] for text in told] == ["code 1", "code 2"]
    assert stream.getvalue().count("no alert yet") == 1


async def test_news_that_pushes_out_what_is_being_raised_is_raised_too(
    kimp_home: Path,
    child: ChildProcess,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(death_notice, "MOST", 2)
    socket_file = kimp_home / "executor.sock"
    notice = DeathNotice(Progress(Console(file=io.StringIO())), socket_file)

    await notice.died(child, 1)
    async with running_fake_executor(socket_file) as executor:
        executor.answers["POST /v1/alerts"] = {"raised": True}
        async with executor.holding():
            await until_raised(executor, 1)
            for exit_code in (2, 3):
                await notice.died(child, exit_code)
        await until_raised(executor, 3)

    told = [alert["message"] for alert in executor.bodies("POST /v1/alerts")]
    assert [text[text.index("code") :][:6] for text in told] == ["code 1", "code 2", "code 3"]
    assert [record for record in caplog.records if record.exc_info] == []


async def test_a_failure_that_nobody_has_foreseen_does_not_end_the_tries(
    kimp_home: Path,
    child: ChildProcess,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    stream, socket_file = io.StringIO(), kimp_home / "executor.sock"
    notice = DeathNotice(Progress(Console(file=stream, width=200)), socket_file)
    send, failures = ExecutorClient.raise_alert, [RuntimeError("unforeseen")] * 3

    async def send_or_fail(*arguments: Any, **named: Any) -> None:
        if failures:
            raise failures.pop()
        await send(*arguments, **named)

    monkeypatch.setattr(ExecutorClient, "raise_alert", send_or_fail)
    async with running_fake_executor(socket_file) as executor:
        executor.answers["POST /v1/alerts"] = {"raised": True}
        await notice.died(child, -9)
        await until_raised(executor, 1)

    assert "no alert yet: it failed as nobody has foreseen" in stream.getvalue()
    assert [record.message for record in caplog.records if record.exc_info] == [
        "the alert of a death failed"
    ]


async def test_without_an_executor_it_is_still_told(tmp_path: Path, child: ChildProcess) -> None:
    stream = io.StringIO()

    await DeathNotice(Progress(Console(file=stream, width=200)), tmp_path / "nobody.sock").died(
        child, 3
    )

    assert "Prefect server ended unexpectedly (exit code 3)" in stream.getvalue()
    assert "no alert yet: the executor is not running" in stream.getvalue()
