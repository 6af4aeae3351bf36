"""Processes of this machine, as ``/proc`` tells of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path


def is_alive(pid: int) -> bool:
    """One that has ended and was not waited for yet is not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # another user's
    fields = _fields(pid)
    return bool(fields) and fields[0] not in ("Z", "X")


def birth_of(pid: int) -> str:
    """When the process began, in ticks since the machine did; empty: there is none."""
    fields = _fields(pid)
    return fields[19] if fields else ""


def _fields(pid: int) -> Sequence[str]:
    """State, parent and so on: what follows "pid (name)" (proc(5), /proc/pid/stat)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()  # the name may hold anything
