"""Real programs: a death is noticed and said, and nothing is left behind, however it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deployments.child_process import ChildProcess
from deployments.failure import CommandFailed
from deployments.supervisor import ChildDied, Supervisor

PROJECT = Path(__file__).resolve().parents[2]

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('up', flush=True); time.sleep(600)"
)
# A grandchild in a session of its own, as a worker starts flow runs.
PARENT = (
    "import subprocess, sys, time; "
    f"child = subprocess.Popen([sys.executable, '-c', {SLEEPER!r}], start_new_session=True); "
    "print('up', child.pid, flush=True); time.sleep(600)"
)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(condition: Callable[[], bool], timeout_s: float = 60) -> bool:
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


async def first_line(log_file: Path) -> str:
    written = await asyncio.to_thread(wait_until, lambda: log_file.read_text().endswith("\n"))
    assert written
    return log_file.read_text().splitlines()[0]


async def test_leaving_stops_what_was_started_even_what_ignores_sigterm(tmp_path: Path) -> None:
    async with Supervisor(tmp_path, PROJECT, grace_s=0.3) as supervisor:
        children = [
            await supervisor.start("sleeper", ("-c", SLEEPER), os.environ),
            await supervisor.start("stubborn", ("-c", STUBBORN), os.environ),
        ]
        for child in children:
            await first_line(child.log_file)
        assert all(alive(child.pid) for child in children)

    assert not any(alive(child.pid) for child in children)


async def test_leaving_ends_grandchildren_in_other_sessions(tmp_path: Path) -> None:
    async with Supervisor(tmp_path, PROJECT) as supervisor:
        parent = await supervisor.start("parent", ("-c", PARENT), os.environ)
        grandchild = int((await first_line(parent.log_file)).split()[1])
        assert alive(grandchild)

    assert not alive(grandchild)


async def test_a_death_ends_the_work_at_hand_with_name_code_log_and_last_lines(
    tmp_path: Path,
) -> None:
    dying = "import sys; print('no market data', file=sys.stderr); sys.exit(3)"

    async with Supervisor(tmp_path, PROJECT) as supervisor:
        await supervisor.start("simulators", ("-c", dying), os.environ)
        with pytest.raises(ChildDied) as caught:
            await supervisor.guarded(asyncio.sleep(60))

    assert str(caught.value) == (
        "simulators ended unexpectedly (exit code 3), so everything is stopped; its log is "
        f"{tmp_path}/simulators.log and ends with:\n    no market data"
    )


async def test_a_killed_program_is_named_with_its_signal(tmp_path: Path) -> None:
    async with Supervisor(tmp_path, PROJECT) as supervisor:
        child = await supervisor.start("hot worker", ("-c", SLEEPER), os.environ)
        os.kill(child.pid, signal.SIGKILL)
        with pytest.raises(ChildDied, match=r"^hot worker ended .* \(killed by SIGKILL\)"):
            await supervisor.guarded(asyncio.sleep(60))


async def test_what_does_not_become_ready_in_time_is_said(tmp_path: Path) -> None:
    async def never() -> None:
        return None

    async with Supervisor(tmp_path, PROJECT) as supervisor:
        with pytest.raises(CommandFailed, match=r"^Prefect was not ready within 0\.3 s"):
            await supervisor.ready("Prefect", never, 0.3)


async def test_what_takes_longer_to_become_ready_is_looked_at_less_often(tmp_path: Path) -> None:
    looks: list[float] = []

    async def at_last() -> bool | None:
        looks.append(time.monotonic())
        return True if len(looks) == 6 else None

    async with Supervisor(tmp_path, PROJECT) as supervisor:
        assert await supervisor.ready("Prefect", at_last, 120)

    assert looks[-1] - looks[0] > 0.7  # a tenth of a second between any two would be 0.5


async def test_a_program_that_is_run_to_its_end_must_end_well(tmp_path: Path) -> None:
    async with Supervisor(tmp_path, PROJECT) as supervisor:
        await supervisor.run("registration", ("-c", "pass"), os.environ)
        with pytest.raises(ChildDied, match=r"^registration ended unexpectedly \(exit code 1\)"):
            await supervisor.run("registration", ("-c", "raise SystemExit(1)"), os.environ)


def test_a_killed_supervisor_leaves_no_process_behind(tmp_path: Path) -> None:
    program = f"""
import asyncio, os, pathlib
from deployments.supervisor import Supervisor
async def main():
    folder = pathlib.Path({str(tmp_path)!r})
    async with Supervisor(folder, pathlib.Path({str(PROJECT)!r})) as supervisor:
        child = await supervisor.start("parent", ("-c", {PARENT!r}), os.environ)
        while not child.log_file.read_text().endswith("\\n"):
            await asyncio.sleep(0.02)
        print(child.pid, child.log_file.read_text().split()[1], flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    ) as up:
        assert up.stdout is not None
        pids = [int(word) for word in up.stdout.readline().split()]
        assert len(pids) == 2
        assert all(alive(pid) for pid in pids)

        up.kill()
        up.wait()

        assert wait_until(lambda: not any(alive(pid) for pid in pids))


class Heard:
    """What a mourner hears."""

    def __init__(self) -> None:
        self.news: list[str] = []

    async def died(self, child: ChildProcess, exit_code: int) -> None:
        self.news.append(f"{child.name}: {exit_code}")
        raise RuntimeError("what goes wrong in telling keeps nothing from being started")

    async def back(self, child: ChildProcess) -> None:
        self.news.append(f"{child.name} is back")


async def test_what_is_kept_alive_is_started_again_and_its_log_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deployments.supervisor.STEADY_S", 0.3)
    heard = Heard()
    async with Supervisor(tmp_path, PROJECT, grace_s=0.3) as supervisor:
        child = await supervisor.start("sleeper", ("-c", SLEEPER), os.environ)
        supervisor.keep_alive(child, heard)
        await first_line(child.log_file)
        dead = child.pid

        os.kill(dead, signal.SIGKILL)

        def is_back() -> bool:
            return "sleeper is back" in heard.news

        assert await supervisor.guarded(asyncio.to_thread(wait_until, is_back))
        assert child.pid != dead
        assert child.log_file.read_text() == "up\nup\n"
        assert heard.news == ["sleeper: -9", "sleeper is back"]
    assert not alive(child.pid)


async def test_what_dies_again_and_again_is_started_again_ever_more_slowly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deployments.supervisor.REVIVAL_PAUSES_S", (0.01, 0.02, 600.0))
    heard = Heard()
    async with Supervisor(tmp_path, PROJECT, grace_s=0.3) as supervisor:
        child = await supervisor.start("broken", ("-c", "raise SystemExit(3)"), os.environ)
        supervisor.keep_alive(child, heard)

        def has_died_thrice() -> bool:
            return len(heard.news) == 3

        assert await supervisor.guarded(asyncio.to_thread(wait_until, has_died_thrice))
        await asyncio.sleep(0.1)
        assert heard.news == ["broken: 3"] * 3
