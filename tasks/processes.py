"""Processes of this machine, as ``/proc`` tells of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Process:
    """One process; its id alone may be another's by now."""

    pid: int
    birth: str
    """As :func:`birth_of`."""

    @property
    def lives(self) -> bool:
        return is_alive(self.pid) and birth_of(self.pid) == self.birth

    @property
    def cpu_s(self) -> float:
        """Seconds of computing that it has used."""
        fields = _fields(self.pid)
        ticks = int(fields[11]) + int(fields[12]) if fields else 0
        return ticks / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """SIGKILL, which a stopped process hears too. Goes through a descriptor of the process, so
        it cannot meet one that was given the id meanwhile."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            if self.lives:
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        finally:
            os.close(descriptor)


def _fields(pid: int) -> Sequence[str]:
    """State, parent and so on: what follows "pid (name)" (proc(5), /proc/pid/stat)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()  # the name may hold anything
