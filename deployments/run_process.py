"""Whether a run of pool ``batch`` has a process on this machine.

Its process worker leaves the run's id in the environment of the process, and of what that starts
(Prefect 3.8.8: ``PREFECT__FLOW_RUN_ID``). The process's number, which it leaves on the run, may be
another's by now, or of the time before a retry.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prefect.client.schemas.objects import FlowRun, StateType

from deployments.process_workers import BATCH_NAME, EXECUTOR_QUEUE

UNBEGUN = timedelta(minutes=5)
"""A worker's time to start a process for what it has claimed, over a server that is away."""
CLAIMED_BY = "prefect.worker.name"
RUN_ID = b"PREFECT__FLOW_RUN_ID="


def without_process(runs: Sequence[FlowRun]) -> list[FlowRun]:
    """Those of ``runs``, all unfinished, that nobody runs any more. Not among them: runs of the
    executor, which its own watch looks after, and of a worker of another name, which may be
    elsewhere."""
    runs = [run for run in runs if _is_ours(run) and not _begins(run)]
    if not runs:
        return []
    living, unread = _processes()
    return [it for it in runs if str(it.id) not in living and it.infrastructure_pid not in unread]


def _is_ours(run: FlowRun) -> bool:
    # A worker leaves its name before it starts a process; who runs a run without one is unknown.
    worker = run.labels.get(CLAIMED_BY, BATCH_NAME if run.start_time is None else None)
    return run.work_queue_name != EXECUTOR_QUEUE and worker == BATCH_NAME


def _begins(run: FlowRun) -> bool:
    """Was it claimed just now, or cancelled at that moment? Its process may yet come."""
    if run.state is None or (run.state_type != StateType.PENDING and run.start_time is not None):
        return False
    return datetime.now(UTC) - run.state.timestamp < UNBEGUN


def _processes() -> tuple[set[str], set[str]]:
    """Ids of the runs whose processes live here; and numbers of the processes of our user that
    cannot be read, and so may be those of the runs that they are signed with."""
    living, unread = set(), set()
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal():
            continue
        try:
            variables = (process / "environ").read_bytes().split(b"\0")
        except PermissionError:
            if _is_of_our_user(process):
                unread.add(process.name)
        except OSError:
            continue  # it has ended, or is the kernel's
        else:
            living |= {
                it.removeprefix(RUN_ID).decode() for it in variables if it.startswith(RUN_ID)
            }
    return living, unread


def _is_of_our_user(process: Path) -> bool:
    try:
        return process.stat().st_uid == os.getuid()
    except OSError:
        return False
