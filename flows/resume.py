"""Flow ``resume``: ends stops and an emergency stop, if the desk agrees that it is safe."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field

from flows.desk_access import executor
from flows.run_names import named_by_time
from tasks.told_resume import told_resume


@flow(name="resume", flow_run_name=named_by_time("resume"), retries=0)
async def resume(reason: Annotated[str, Field(min_length=3, max_length=200)]) -> State[Any]:
    """Ask to trade again: positions must agree, venues, rates and books must be well.

    Args:
        reason: What was wrong and why it is over; it stays in the books.
    """
    log = get_run_logger()
    async with executor() as desk:
        report = await told_resume(desk, reason, log.warning)
    if not report["resumed"]:
        for refusal in report["reasons"]:
            log.error("%s: %s", refusal["code"], refusal["message"])
        why = "; ".join(refusal["message"] for refusal in report["reasons"])
        return Failed(name="Refused", message=f"Still stopped: {why}. Put it right and run again.")
    return Completed(name="Resumed", message="What kept entries away is switched on again.")
