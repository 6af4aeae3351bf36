"""Which worker runs a flow run: claiming it, passing over it, giving it back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import Abort, ObjectNotFound
from prefect.states import Cancelled, Crashed, Scheduled
from prefect.utilities.engine import propose_state

from deployments.run_owner import CLAIMED_BY
from flows.prefect_api import PrefectApi, PrefectRefused, PrefectSilent

# A scheduled run that nobody took for so long is passed over: the next one is due.
LATE = timedelta(seconds=30)
CLAIM_S = 10.0
"""How long Prefect is asked again when an answer was lost."""
PAUSE_S = 0.2


def is_due(run: FlowRun) -> bool:
    """Scheduled, and not for later."""
    at = run.next_scheduled_start_time or run.expected_start_time
    return run.state_type == StateType.SCHEDULED and (at is None or at <= datetime.now(UTC))


def is_late(run: FlowRun) -> bool:
    """A run of a schedule, not of a person or a signal, that is no longer worth running."""
    at = run.next_scheduled_start_time
    return run.auto_scheduled and at is not None and datetime.now(UTC) - at > LATE


async def read_run(api: PrefectApi, run_id: UUID) -> FlowRun:
    """A run that was heard of.

    Raises PrefectSilent after ten seconds, and PrefectRefused when there is no such run, or none
    yet: Prefect 3.8.8 tells of it just before its transaction ends
    (``InstrumentFlowRunStateTransitions``).
    """
    return FlowRun.model_validate(await _patiently(api, "GET", f"/flow_runs/{run_id}"))


async def read_flow_name(api: PrefectApi, flow_id: UUID) -> str:
    """The name of a run's flow. Raises PrefectSilent after ten seconds."""
    answer: Any = await _patiently(api, "GET", f"/flows/{flow_id}")
    return str(answer["name"])


async def claim(api: PrefectApi, run_id: UUID, owner: str) -> bool:
    """Try to make the run ours. Prefect lets exactly one proposal of Pending through.

    An answer that was lost is asked for again. The claim carries an id of its own, by which the
    server knows it for one that it has had (Prefect's ``PreventDuplicateTransitions``), and so do
    we in its answer.

    Raises:
        PrefectSilent: no answer within ten seconds. If the claim got through, the run is found
            later as one whose worker does nothing.
    """
    ours = str(uuid4())
    state = {
        "type": "PENDING",
        "name": "Pending",
        "message": f"{CLAIMED_BY}{owner}.",
        "state_details": {"transition_id": ours},
    }
    try:
        answer = await _patiently(api, "POST", f"/flow_runs/{run_id}/set_state", {"state": state})
    except PrefectRefused:
        return False  # it was deleted
    now = answer.get("state") if isinstance(answer, dict) else None
    if not isinstance(now, dict):
        return False  # another worker has it, or it was cancelled
    details = now.get("state_details") or {}
    return now.get("type") == "PENDING" and details.get("transition_id") == ours


async def _patiently(
    api: PrefectApi, method: str, path: str, body: Mapping[str, object] | None = None
) -> object:
    """Ask until there is an answer. For what may be asked twice."""
    deadline = time.monotonic() + CLAIM_S
    while True:
        try:
            return await api.ask(method, path, body)
        except PrefectSilent:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(PAUSE_S)


async def sign_claim(client: PrefectClient, run_id: UUID, owner: str) -> None:
    """Leave our name on a claimed run, where it outlasts the state."""
    await client.update_flow_run(run_id, infrastructure_pid=owner)


async def pass_over(client: PrefectClient, run_id: UUID) -> None:
    """End a late run of a schedule without running it."""
    message = f"Nobody could run it within {LATE.seconds} s; the next one is due."
    try:
        await propose_state(client, Cancelled(name="Skipped", message=message), flow_run_id=run_id)
    except (Abort, ObjectNotFound):
        return


async def give_back(client: PrefectClient, run_id: UUID, message: str) -> None:
    """Let the next worker take an unfinished run. Only for what has not begun, or may be done
    twice."""
    state: State[Any] = Scheduled(name="Resumed", message=message)
    await client.set_flow_run_state(run_id, state, force=True)


async def report_skipped(client: PrefectClient, run_id: UUID, message: str) -> None:
    """End a run of a schedule that was cut short and is not missed."""
    state: State[Any] = Cancelled(name="Skipped", message=message)
    await client.set_flow_run_state(run_id, state, force=True)


async def report_crashed(client: PrefectClient, run_id: UUID, message: str) -> None:
    """Mark a run that will not report its own end."""
    await client.set_flow_run_state(run_id, Crashed(message=message), force=True)
