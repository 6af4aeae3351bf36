"""A process that nobody can ask: does it still do anything?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tasks import standstill
from tasks.processes import Process, birth_of
from tasks.standstill import LONGEST_S, START_S, Standstill
from tests.exchanges.manual_clock import ManualClock


@contextmanager
def child(code: str) -> Iterator[Process]:
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        yield Process(process.pid, birth_of(process.pid))
    finally:
        process.kill()
        process.wait()


def test_a_start_that_stands_still_is_told_from_one_that_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standstill, "START_S", 20.0)
    clock = ManualClock()
    looks: dict[str, list[bool]] = {"still": [], "reads": []}
    with child("import time; time.sleep(600)") as still, child("while True: pass") as reads:
        os.kill(still.pid, signal.SIGSTOP)
        for name, process in {"still": still, "reads": reads}.items():
            for _ in range(5):
                stands = Standstill(tmp_path, clock).of(process) is not None
                looks[name].append(stands)
                deadline, used = time.monotonic() + 60, process.cpu_s
                while name == "reads" and process.cpu_s - used < 0.3:
                    assert time.monotonic() < deadline
                    time.sleep(0.01)
                clock.advance(5)

    assert looks["still"] == [False] * 4 + [True]
    assert looks["reads"] == [False] * 5


def test_time_that_a_process_computed_in_is_no_standstill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = [0.0, 100.0, 100.0, 100.0]
    monkeypatch.setattr(Process, "cpu_s", property(lambda _: used.pop(0)))
    clock, process = ManualClock(), Process(os.getpid(), birth_of(os.getpid()))
    found = []
    for wait_s in (START_S, START_S - 1, 1, 0):
        found.append(Standstill(tmp_path, clock).of(process))
        clock.advance(wait_s)

    assert found == [None, None, None, f"has computed nothing for {START_S:g} s"]


def test_what_computes_for_ever_is_no_start_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = [0.0, LONGEST_S - 1, LONGEST_S]
    monkeypatch.setattr(Process, "cpu_s", property(lambda _: used.pop(0)))
    clock, process = ManualClock(), Process(os.getpid(), birth_of(os.getpid()))
    found = []
    for wait_s in (LONGEST_S - 1, 1, 0):
        found.append(Standstill(tmp_path, clock).of(process))
        clock.advance(wait_s)

    assert found == [None, None, "has been at it for 30 minutes"]


@pytest.mark.parametrize("text", ["", "{", '{"1": 2}'])
def test_looks_that_cannot_be_read_begin_anew(tmp_path: Path, text: str) -> None:
    clock, process = ManualClock(), Process(os.getpid(), birth_of(os.getpid()))
    Standstill(tmp_path, clock).of(process)
    [file] = (tmp_path / "run" / "alone").iterdir()
    file.write_text(text)
    clock.advance(LONGEST_S)

    assert Standstill(tmp_path, clock).of(process) is None
