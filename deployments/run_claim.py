"""Which worker runs a flow run: claiming it, passing over it, and clearing what a dead one left."""

from __future__ import annotations

import os
import secrets
import socket
from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import Abort, ObjectNotFound
from prefect.states import Cancelled, Crashed, Pending
from prefect.utilities.engine import propose_state

# A scheduled run that nobody took for so long is passed over: the next one is due.
LATE = timedelta(seconds=30)
# A claim without an owner's name is one that died between two requests.
NAMELESS = timedelta(seconds=60)

OWNER = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
"""This process, as it stands in ``infrastructure_pid`` of the runs it has claimed."""


def is_due(run: FlowRun) -> bool:
    """Scheduled, and not for later."""
    at = run.next_scheduled_start_time or run.expected_start_time
    return run.state_type == StateType.SCHEDULED and (at is None or at <= datetime.now(UTC))


def is_late(run: FlowRun) -> bool:
    """A run of a schedule, not of a person or a signal, that is no longer worth running."""
    at = run.next_scheduled_start_time
    return run.auto_scheduled and at is not None and datetime.now(UTC) - at > LATE


async def claim(client: PrefectClient, run_id: UUID) -> bool:
    """Try to make the run ours. Prefect lets exactly one proposal of Pending through."""
    try:
        state = await propose_state(client, Pending(message="Claimed."), flow_run_id=run_id)
    except (Abort, ObjectNotFound):
        return False  # another worker has it, it was cancelled, or it was deleted
    return state.is_pending()


async def sign_claim(client: PrefectClient, run_id: UUID) -> None:
    """Leave our name on a claimed run."""
    await client.update_flow_run(run_id, infrastructure_pid=OWNER)


async def pass_over(client: PrefectClient, run_id: UUID) -> None:
    """End a late run of a schedule without running it."""
    message = f"Nobody could run it within {LATE.seconds} s; the next one is due."
    try:
        await propose_state(client, Cancelled(name="Skipped", message=message), flow_run_id=run_id)
    except (Abort, ObjectNotFound):
        return


async def report_crashed(client: PrefectClient, run_id: UUID, message: str) -> None:
    """Mark a run that will not report its own end."""
    await client.set_flow_run_state(run_id, Crashed(message=message), force=True)


async def clear_orphans(client: PrefectClient, pool: str) -> int:
    """Report the unfinished runs of workers that are gone from this machine; how many.

    Without this they would be shown as running for ever and hold their concurrency slots.
    """
    runs = await client.read_flow_runs(
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[pool])),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(
                type=FlowRunFilterStateType(
                    any_=[StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
                )
            )
        ),
    )
    orphans = [run for run in runs if _is_orphan(run)]
    for run in orphans:
        await report_crashed(client, run.id, "The hot worker that ran it stopped without an end.")
    return len(orphans)


def _is_orphan(run: FlowRun) -> bool:
    owner = run.infrastructure_pid
    if owner is None:
        since = run.state.timestamp if run.state else None
        return since is not None and datetime.now(UTC) - since > NAMELESS
    host, _, rest = owner.partition(":")
    pid, _, _token = rest.partition(":")
    if host != socket.gethostname() or not pid.isdigit() or owner == OWNER:
        return False
    if int(pid) == os.getpid():
        return True  # our number, but of an earlier process
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
