"""Whether an executor lives: one that answers, one that starts, one that stands still."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from tasks import executor_pulse
from tasks.executor_pulse import Pulse, feel_pulse, listener
from tests.child_process import child_process
from tests.fake_executor import running_fake_executor

LISTEN = """
import asyncio, sys
async def main():
    await (await asyncio.start_unix_server(lambda r, w: None, sys.argv[1])).serve_forever()
asyncio.run(main())
"""


WITHIN_S = 60.0


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever answers is waited for, and nobody is asked in vain for long."""
    limits = {"ASK_S": WITHIN_S, "LATE_S": WITHIN_S, "PAUSE_S": 0.02, "BACK_S": 0.3}
    for name, seconds in limits.items():
        monkeypatch.setattr(executor_pulse, name, seconds)


@asynccontextmanager
async def stopped_listener(socket_file: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that listens and was stopped."""
    async with child_process(sys.executable, "-c", LISTEN, str(socket_file)) as process:
        async with asyncio.timeout(WITHIN_S):
            while await asyncio.to_thread(listener, socket_file) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        os.kill(process.pid, signal.SIGSTOP)
        yield process


async def test_one_that_answers_is_asked_once(tmp_path: Path) -> None:
    async with running_fake_executor(tmp_path / "s") as fake:
        fake.answers["GET /healthz"] = {"ok": True}

        pulse = await feel_pulse(fake.socket_file)

        assert pulse is Pulse.ANSWERS
        assert len(fake.heard) == 1


async def test_a_stopped_process_is_mute_after_three_questions_and_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor_pulse, "ASK_S", 0.2)
    began = time.monotonic()
    async with stopped_listener(tmp_path / "s") as process:
        pulse = await feel_pulse(tmp_path / "s")

        assert pulse is Pulse.MUTE
        assert time.monotonic() - began >= executor_pulse.ASKS * executor_pulse.ASK_S
        assert await asyncio.to_thread(listener, tmp_path / "s") == process.pid


async def test_one_that_was_slow_twice_and_answers_then_is_not_mute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor_pulse, "ASK_S", 3.0)
    asked = []

    async def alive(_: web.Request) -> web.Response:
        asked.append(1)
        await asyncio.sleep(10 * executor_pulse.ASK_S if len(asked) < executor_pulse.ASKS else 0)
        return web.json_response({"ok": True})

    app = web.Application()
    app.router.add_get("/healthz", alive)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "s")).start()

    pulse = await feel_pulse(tmp_path / "s")
    await runner.cleanup()

    assert pulse is Pulse.ANSWERS
    assert len(asked) == executor_pulse.ASKS


@pytest.mark.parametrize("left", ["nothing", "a socket of a dead process"])
async def test_nobody_is_absent_and_whoever_comes_meanwhile_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    if left != "nothing":
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(tmp_path / "s"))

    absent = await feel_pulse(tmp_path / "s")
    monkeypatch.setattr(executor_pulse, "BACK_S", WITHIN_S)
    feeling = asyncio.create_task(feel_pulse(tmp_path / "t"))
    await asyncio.sleep(0.1)
    async with running_fake_executor(tmp_path / "t"):
        taken_over = await feeling

    assert (absent, taken_over) == (Pulse.ABSENT, Pulse.ANSWERS)


async def test_questions_of_a_machine_that_stands_still_count_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in {"ASK_S": 0.2, "LATE_S": 0.1}.items():
        monkeypatch.setattr(executor_pulse, name, seconds)

    async def hold_everything_up() -> None:
        while True:
            await asyncio.sleep(0.01)
            time.sleep(executor_pulse.ASK_S + 0.3)  # noqa: ASYNC251 - the whole loop stands still

    async with stopped_listener(tmp_path / "s"):
        holding = asyncio.create_task(hold_everything_up())
        pulse = await feel_pulse(tmp_path / "s")
        holding.cancel()

    assert pulse is Pulse.UNSURE
