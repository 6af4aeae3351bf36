"""Every process of one ``up``, found by a mark that children inherit in their environment.

Parentage does not do: flow runs are started by the worker in sessions of their own and are
re-parented when it dies. Reads ``/proc``; elsewhere than on Linux nothing is found.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

MARK = "KIMP_UP_MARK"


def marked(mark: str) -> list[int]:
    """The ids of all living processes whose environment holds ``mark``, but not our own."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        try:
            if pid != os.getpid() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(pid)
        except OSError:
            continue  # ended meanwhile, or another user's
    return found


def end_all(mark: str, grace_s: float) -> list[int]:
    """SIGTERM to every marked process, SIGKILL to those left after ``grace_s``; who was met."""
    met = _signal(marked(mark), signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while (left := marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.02)
    while left:
        _signal(left, signal.SIGKILL)
        time.sleep(0.02)
        left = marked(mark)
    return met


def _signal(pids: list[int], number: signal.Signals) -> list[int]:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
    return pids
