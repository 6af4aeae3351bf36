"""Which process counts as a hung executor: one that a run has named, and never one that starts."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.executor_watch import _look
from flows.hung_executor import hung_executor, hung_heir
from flows.run_owner import disown_dead, owned_by, run_of
from tasks import executor_pulse, standstill
from tasks.alert import AlertLevel
from tasks.executor_pulse import Pulse
from tasks.settings import Settings
from tasks.standby import HEIR
from tasks.standstill import START_S, Standstill
from tests.child_process import child_process
from tests.exchanges.manual_clock import ManualClock
from tests.flows.fake_prefect import prefect_saying
from tests.tasks.alerting.served_book import served_book
from warehouse.lease import holder

WITHIN_S = 60.0

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


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever answers or ends here does so in the end."""
    for limit in ("hung_executor.END_S", "prefect_api.TIMEOUT_S"):
        monkeypatch.setattr(f"flows.{limit}", WITHIN_S)
    monkeypatch.setattr(executor_pulse, "ASK_S", WITHIN_S)


@asynccontextmanager
async def starting(settings: Settings, doing: str) -> AsyncIterator[asyncio.subprocess.Process]:
    program = (sys.executable, "-c", STARTING, str(settings.journal_dir), doing)
    async with child_process(*program, stdout=asyncio.subprocess.PIPE) as process:
        assert process.stdout is not None
        async with asyncio.timeout(WITHIN_S):
            assert await process.stdout.readline() == b"taken\n"
        yield process


async def looks(settings: Settings, clock: ManualClock, process_id: int) -> list[bool]:
    """What each half minute's look finds, until a start has had its time."""
    found = []
    for _ in range(int(START_S / 30) + 1):
        standstill = Standstill(settings.home, clock)
        hung = await hung_executor(settings, Pulse.ABSENT, standstill)
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


async def test_whoever_looks_is_not_what_is_hung(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, me = Settings(home=tmp_path), os.getpid()
    monkeypatch.setattr("flows.hung_executor.listener", lambda _: me)
    with owned_by(me, "run-1", settings.executor_runs_dir):
        found = await hung_executor(settings, Pulse.MUTE, Standstill(tmp_path, ManualClock()))
        assert run_of(me, settings.executor_runs_dir) is not None

    assert found is None


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
            standstill = Standstill(settings.home, clock)
            os.kill(process.pid, signal.SIGSTOP)
            monkeypatch.setattr("flows.hung_executor.listener", lambda _: process.pid)
            hung = await hung_executor(settings, Pulse.MUTE, standstill)
            assert hung is not None

            assert await hung.end(settings)

            assert not any(settings.executor_runs_dir.iterdir())
        assert await asyncio.wait_for(process.wait(), WITHIN_S) == -signal.SIGKILL


@asynccontextmanager
async def standing_by(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    """An heir that was stopped: run ``run-heir`` lives in it, and it has no lease."""
    async with child_process("sleep", "600") as process:
        os.kill(process.pid, signal.SIGSTOP)
        with owned_by(process.pid, "run-heir", settings.executor_runs_dir):
            yield process


async def test_an_heir_that_never_takes_the_lease_is_ended_beside_the_living_executor(
    kimp_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=kimp_home)
    heard: list[tuple[str, Any]] = []
    async with (
        prefect_saying({"flow_runs": []}, heard=heard) as url,
        served_book(kimp_home) as book,  # listens and holds the lease, as the living one does
        standing_by(settings) as heir,
    ):
        with (
            temporary_settings({PREFECT_API_URL: url}),
            owned_by(os.getpid(), "run-living", settings.executor_runs_dir),
        ):
            before = await _look()
            was_left = heir.returncode is None
            monkeypatch.setattr(standstill, "START_S", 0.0)
            ended = await _look()
            code = await asyncio.wait_for(heir.wait(), WITHIN_S)
            after = await _look()
            left = [file.stem for file in settings.executor_runs_dir.iterdir()]
        [row] = book.rows.open()
        who_guards = holder(settings.journal_dir)
        looks_left = list((kimp_home / "run").rglob("executor-looks*"))

    assert [state.name for state in (before, ended, after)] == ["Lives", "HeirEnded", "Lives"]
    assert (was_left, code) == (True, -signal.SIGKILL)
    told = f"A process beside the executor of epoch 1 (process {heir.pid}) is hung: it has no lease"
    assert told in (ended.message or "")
    assert (row.message, row.level, row.subject) == (ended.message, AlertLevel.WARNING, HEIR)
    [crashed] = [body for path, body in heard if path == "/flow_runs/run-heir/set_state"]
    assert crashed["state"]["type"] == "CRASHED"
    assert told in crashed["state"]["message"]
    assert (who_guards, left, looks_left) == (os.getpid(), ["run-living"], [])


async def test_an_heir_that_has_taken_the_lease_meanwhile_is_not_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standstill, "START_S", 0.0)
    settings = Settings(home=tmp_path)
    async with standing_by(settings) as heir:
        holders = iter([1, 1, heir.pid])
        monkeypatch.setattr("flows.hung_executor.holder", lambda _: next(holders))

        assert await hung_heir(settings, Standstill(tmp_path, ManualClock())) is None

        monkeypatch.setattr("flows.hung_executor.holder", lambda _: 1)
        found = await hung_heir(settings, Standstill(tmp_path, ManualClock()))
        assert found is not None
        assert found.process.pid == heir.pid


async def test_an_heir_that_hangs_where_nobody_guards_any_more_is_found_too(
    tmp_path: Path,
) -> None:
    settings, clock = Settings(home=tmp_path), ManualClock()
    async with starting(settings, "waits") as before:
        before.kill()
        await before.wait()
    async with standing_by(settings) as heir:
        found = []
        for _ in range(int(START_S / 30) + 1):
            found.append(
                await hung_executor(settings, Pulse.ABSENT, Standstill(settings.home, clock))
            )
            clock.advance(30)

    *earlier, hung = found
    assert earlier == [None] * len(earlier)
    assert hung is not None
    assert (hung.process.pid, hung.run_id, hung.has_lease) == (heir.pid, "run-heir", False)


async def test_an_heir_is_looked_at_beside_the_holder_that_stands_still(tmp_path: Path) -> None:
    settings, clock = Settings(home=tmp_path), ManualClock()
    async with starting(settings, "waits") as holds, standing_by(settings) as heir:
        with owned_by(holds.pid, "run-1", settings.executor_runs_dir):
            await looks(settings, clock, holds.pid)
        holds.kill()
        await holds.wait()
        hung = await hung_executor(settings, Pulse.ABSENT, Standstill(settings.home, clock))

    assert hung is not None
    assert (hung.process.pid, hung.has_lease) == (heir.pid, False)
