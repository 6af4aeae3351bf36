"""Flow ``resume``: ends stops and an emergency stop, if a person asks and the desk agrees that it
is safe."""

from __future__ import annotations

from typing import Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.states import Completed, Failed

from flows.desk_access import executor
from flows.executor_gone import or_no_executor
from flows.reason import Reason
from flows.run_names import named_by_time
from tasks.told_resume import told_resume

REFUSED = "Refused"


@flow(name="resume", flow_run_name=named_by_time("resume"), retries=0)
async def resume(reason: Reason) -> State[Any]:
    """Ask to trade again: positions must agree, venues, rates and books must be well.

    Args:
        reason: What was wrong and why it is over; it stays in the books.
    """
    return await or_no_executor(_resume(reason))


async def _resume(reason: str) -> State[Any]:
    log = get_run_logger()
    if program := _program():
        log.error("asked for by %s, and only a person resumes", program)
        message = f"Still stopped: {program} has asked, and only a person resumes. Run it by hand."
        return Failed(name=REFUSED, message=message)
    async with executor() as desk:
        report = await told_resume(desk, reason, log.warning)
    if not report["resumed"]:
        for refusal in report["reasons"]:
            log.error("%s: %s", refusal["code"], refusal["message"])
        why = "; ".join(refusal["message"] for refusal in report["reasons"])
        return Failed(name=REFUSED, message=f"Still stopped: {why}. Put it right and run again.")
    return Completed(name="Resumed", message="What kept entries away is switched on again.")


def _program() -> str | None:
    """What has asked for this run: ``a schedule``, ``the automation each morning``; None: a person.

    Prefect 3.8.8 notes with a run those programs of its own that make runs (``get_created_by`` in
    ``server/api/dependencies.py``, ``_generate_scheduled_flow_runs``), and nobody else.
    """
    context = FlowRunContext.get()
    by = context.flow_run.created_by if context is not None and context.flow_run else None
    if by is None:
        return None
    return f"the automation {by.display_value}" if by.type == "AUTOMATION" else "a schedule"
