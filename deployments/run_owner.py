"""The name that a worker leaves on the runs it has claimed, and whether it still lives."""

from __future__ import annotations

import os
import secrets
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prefect.client.schemas.objects import FlowRun

CLAIMED_BY = "Claimed by "
# A claim without an owner's name is one that died between two requests.
NAMELESS = timedelta(seconds=60)
# Whether a worker on another machine lives cannot be seen; no run of the hot pool takes so long.
ELSEWHERE = timedelta(minutes=15)


def new_owner() -> str:
    """Machine, process, when that process began, and which of its workers."""
    pid = os.getpid()
    return f"{socket.gethostname()}:{pid}:{_began(pid)}:{secrets.token_hex(4)}"


def owner_of(run: FlowRun) -> str | None:
    """Who has claimed ``run``: as the claim's own message says, later as signed. A run that was
    given back still carries the signature of the worker before."""
    message = (run.state.message if run.state else None) or ""
    if message.startswith(CLAIMED_BY):
        return message.removeprefix(CLAIMED_BY).removesuffix(".")
    return run.infrastructure_pid


def is_abandoned(run: FlowRun) -> bool:
    """No worker works on this unfinished run any more."""
    since = datetime.now(UTC) - run.state.timestamp if run.state else timedelta(0)
    owner = owner_of(run)
    if owner is None:
        return since > NAMELESS
    host, _, rest = owner.partition(":")
    pid, _, rest = rest.partition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return since > ELSEWHERE
    began = _began(int(pid))
    return began is None or began != rest.partition(":")[0]  # else the number is another's by now


def _began(pid: int) -> str | None:
    """When a process of this machine began, in the kernel's ticks; None: there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]
