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
from tasks.standstill import LONGEST_S, LOST_S, START_S, Standstill
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
    found: dict[str, list[bool]] = {"still": [], "reads": []}
    with child("import time; time.sleep(600)") as still, child("while True: pass") as reads:
        os.kill(still.pid, signal.SIGSTOP)
        for name, process in {"still": still, "reads": reads}.items():
            for _ in range(5):
                found[name].append(process in Standstill(tmp_path, clock).look([process]))
                deadline, used = time.monotonic() + 60, process.cpu_s
                while name == "reads" and process.cpu_s - used < 0.3:
                    assert time.monotonic() < deadline
                    time.sleep(0.01)
                clock.advance(5)

    assert found["still"] == [False] * 4 + [True]
    assert found["reads"] == [False] * 5


@pytest.fixture
def me() -> Process:
    return Process(os.getpid(), birth_of(os.getpid()))


def looks(
    home: Path, monkeypatch: pytest.MonkeyPatch, me: Process, *steps: tuple[float, float]
) -> list[str | None]:
    """What each look finds; a step: seconds since the look before, and what was computed in them.

    Each look is a run of its own.
    """
    clock, used, found = ManualClock(), 0.0, []
    monkeypatch.setattr(Process, "cpu_s", property(lambda _: used))
    for wait_s, cpu_s in steps:
        clock.advance(wait_s)
        used += cpu_s
        found.append(Standstill(home, clock).look([me]).get(me))
    return found


def test_time_that_a_process_computed_in_is_no_standstill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, me: Process
) -> None:
    assert START_S == 3 * 60
    idle = [(60.0, 0.0), (60.0, 0.0)]

    found = looks(
        *(tmp_path, monkeypatch, me, (0, 0)), *idle, (59, 3), *idle, (59, 0), (1, 0), (60, 0)
    )

    still = f"has computed nothing for {START_S:g} s"
    assert found == [None] * 7 + [still, still]


def test_what_computes_for_ever_is_no_start_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, me: Process
) -> None:
    minutes = int(LONGEST_S / 60)
    steps = [(0, 0), *[(60, 60)] * (minutes - 1), (59, 59), (1, 1)]

    found = looks(tmp_path, monkeypatch, me, *steps)

    assert found == [None] * (minutes + 1) + ["has been at it for 30 minutes"]


@pytest.mark.parametrize("share", [0.0, 0.03, 1.0])
def test_what_happened_while_nobody_looked_is_not_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, me: Process, share: float
) -> None:
    gaps = (LOST_S + 1, START_S, LONGEST_S, 2 * LONGEST_S)

    found = looks(tmp_path, monkeypatch, me, (0, 0), *((gap, share * gap) for gap in gaps))

    assert found == [None] * len(found)


def test_looks_that_are_just_near_enough_make_a_standstill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, me: Process
) -> None:
    found = looks(tmp_path, monkeypatch, me, (0, 0), (LOST_S, 0), (START_S - LOST_S, 0))

    assert [how is not None for how in found] == [False, False, True]


def test_a_process_that_could_be_asked_meanwhile_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, me: Process
) -> None:
    monkeypatch.setattr(Process, "cpu_s", property(lambda _: 0.0))
    other = Process(os.getppid(), birth_of(os.getppid()))
    clock, candidates = ManualClock(), [[me, other]] * 6 + [[other]] + [[me, other]] * 7
    found = []
    for processes in candidates:
        found.append(set(Standstill(tmp_path, clock).look(processes)))
        clock.advance(30)

    assert found == [set()] * 6 + [{other}] * 7 + [{me, other}]


@pytest.mark.parametrize("text", ["", "{", '{"1": 2}'])
def test_looks_that_cannot_be_read_begin_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, me: Process, text: str
) -> None:
    monkeypatch.setattr(standstill, "START_S", 30.0)
    clock = ManualClock()
    Standstill(tmp_path, clock).look([me])
    [file] = (tmp_path / "run" / "alone").iterdir()
    file.write_text(text)
    clock.advance(30)

    assert Standstill(tmp_path, clock).look([me]) == {}
