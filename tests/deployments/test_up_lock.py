"""One desk a folder; a killed one does not keep the next from starting."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deployments.up_lock import AlreadyRunning, RunningDesk, UpLock, lock_file, running_desk

PROJECT = Path(__file__).resolve().parents[2]
DESK = RunningDesk(pid=os.getpid(), mode="paper", prefect_url="http://127.0.0.1:4200")


def test_a_second_up_is_told_who_runs_and_where(tmp_path: Path) -> None:
    lock = UpLock.take(tmp_path)
    lock.publish(DESK)

    expected = re.escape(f"pid {DESK.pid}, UI at http://127.0.0.1:4200; stop it: kimp down")
    with pytest.raises(AlreadyRunning, match=expected):
        UpLock.take(tmp_path)

    lock.release()


def test_others_find_the_running_desk_until_it_is_released(tmp_path: Path) -> None:
    assert running_desk(tmp_path) is None
    lock = UpLock.take(tmp_path)
    lock.publish(DESK)
    assert running_desk(tmp_path) == DESK

    lock.release()

    assert running_desk(tmp_path) is None
    assert not lock_file(tmp_path).exists()


def test_what_is_published_later_replaces_what_was(tmp_path: Path) -> None:
    lock = UpLock.take(tmp_path)
    lock.publish(DESK)
    shorter = RunningDesk(pid=1, mode="live")

    lock.publish(shorter)

    assert running_desk(tmp_path) == shorter
    lock.release()


def test_the_file_of_a_killed_desk_is_no_lock(tmp_path: Path) -> None:
    program = (
        "import os, pathlib, signal; from deployments.up_lock import *; "
        f"lock = UpLock.take(pathlib.Path({str(tmp_path)!r})); "
        "lock.publish(RunningDesk(pid=os.getpid(), mode='paper')); "
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=PROJECT, check=False)
    assert lock_file(tmp_path).exists()

    assert running_desk(tmp_path) is None
    UpLock.take(tmp_path).release()
