"""Ending one process and no other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tasks.processes import Process, birth_of, is_alive


@contextmanager
def sleeper(code: str = "import time; time.sleep(600)") -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_stopped_process_is_killed() -> None:
    with sleeper() as child:
        os.kill(child.pid, signal.SIGSTOP)
        process = Process(child.pid, birth_of(child.pid))
        assert process.lives

        process.kill()

        assert child.wait(10) == -signal.SIGKILL
        assert not process.lives


def test_a_process_that_only_has_the_same_id_is_left_alone() -> None:
    with sleeper() as child:
        before = Process(child.pid, birth_of(os.getpid()))

        before.kill()
        time.sleep(0.1)

        assert not before.lives
        assert is_alive(child.pid)


def test_one_that_is_gone_can_be_asked_and_killed() -> None:
    with sleeper() as child:
        process = Process(child.pid, birth_of(child.pid))

    process.kill()

    assert (process.lives, process.cpu_s) == (False, 0.0)


def test_computing_is_counted_and_waiting_is_not() -> None:
    with sleeper("while True: pass") as busy, sleeper() as idle:
        at_work, at_rest = (Process(child.pid, birth_of(child.pid)) for child in (busy, idle))
        deadline = time.monotonic() + 30
        while at_work.cpu_s < 0.5:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        before = at_rest.cpu_s
        time.sleep(0.2)

        assert at_rest.cpu_s - before < 0.1
