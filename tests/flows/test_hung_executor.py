"""Which process counts as a hung executor: one that a run has named, and never one that starts."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from deployments.project import PROJECT
from flows.hung_executor import hung_executor
from flows.run_owner import disown_dead, owned_by, run_of
from tasks.executor_absence import START_S, ExecutorAbsence
from tasks.executor_pulse import Pulse
from tasks.settings import Settings
from tests.exchanges.manual_clock import ManualClock
from warehouse.lease import holder

STARTING = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from warehouse import Journal
journal = Journal.open(Path(sys.argv[1]), lambda: datetime.now(UTC))
print("taken", flush=True)
while True:
    if sys.argv[2] == "waits":
        time.sleep(600)
"""
"""Holds the lease and does not listen, as an executor that reads its journal does."""


@asynccontextmanager
async def starting(settings: Settings, doing: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", STARTING, str(settings.journal_dir), doing),
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            assert await process.stdout.readline() == b"taken\n"
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def looks(settings: Settings, clock: ManualClock, process_id: int) -> list[bool]:
    """What each half minute's look finds, until a start has had its time."""
    found = []
    for _ in range(int(START_S / 30) + 1):
        absence = ExecutorAbsence(settings, clock)
        hung = await hung_executor(settings, Pulse.ABSENT, absence)
        found.append(hung is not None)
        if hung is not None:
            assert (hung.process.pid, hung.run_id) == (process_id, "run-1")
        clock.advance(30)
        await asyncio.sleep(0.05)
    return found


async def test_a_start_that_stands_still_is_found_when_its_time_is_over(tmp_path: Path) -> None:
    settings, clock = Settings(home=tmp_path), ManualClock()
    async with starting(settings, "waits") as process:
        with owned_by(process.pid, "run-1", settings.executor_runs_dir):
            found = await looks(settings, clock, process.pid)

    assert found == [False] * (len(found) - 1) + [True]


async def test_a_process_that_no_run_has_named_is_left_alone(tmp_path: Path) -> None:
    settings, clock = Settings(home=tmp_path), ManualClock()
    async with starting(settings, "waits") as process:
        with owned_by(os.getpid(), "run-1", settings.executor_runs_dir):
            found = await looks(settings, clock, process.pid)
        assert holder(settings.journal_dir) == process.pid

    assert not any(found)


async def test_the_name_of_a_process_before_it_is_not_its_own(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    async with starting(settings, "waits") as process:
        with owned_by(process.pid, "run-1", settings.executor_runs_dir):
            [file] = settings.executor_runs_dir.iterdir()
            file.write_text(f"{process.pid} 1\n")

            assert run_of(process.pid, settings.executor_runs_dir) is None


async def test_only_names_of_the_dead_are_taken_away(tmp_path: Path) -> None:
    gone = await asyncio.create_subprocess_exec("true")
    await gone.wait()
    with (
        owned_by(os.getpid(), "living", tmp_path / "runs"),
        owned_by(gone.pid, "dead", tmp_path / "runs"),
    ):
        dead = [disown_dead(tmp_path / "runs") for _ in range(2)]
        left = [file.stem for file in (tmp_path / "runs").iterdir()]

    assert (dead, left) == ([1, 0], ["living"])


async def test_the_end_is_waited_for_and_the_name_goes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, clock = Settings(home=tmp_path), ManualClock()
    async with starting(settings, "waits") as process:
        with owned_by(process.pid, "run-1", settings.executor_runs_dir):
            absence = ExecutorAbsence(settings, clock)
            os.kill(process.pid, signal.SIGSTOP)
            monkeypatch.setattr("flows.hung_executor.listener", lambda _: process.pid)
            hung = await hung_executor(settings, Pulse.MUTE, absence)
            assert hung is not None

            assert await hung.end(settings)

            assert not any(settings.executor_runs_dir.iterdir())
        assert await asyncio.wait_for(process.wait(), 10) == -signal.SIGKILL
