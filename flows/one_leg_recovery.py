"""Flow ``one-leg-recovery``: finishes pairs that stand on one leg or are undecided."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field

from flows.desk_access import executor
from flows.run_names import named_by_time
from flows.signal_story import ADVICE
from tasks.outcome import OutcomeStatus


@flow(name="one-leg-recovery", flow_run_name=named_by_time("recovery"), retries=0)
async def one_leg_recovery(
    pair_id: Annotated[str, Field(pattern="^(p[0-9a-f]{12})?$")] = "",
) -> State[Any]:
    """Ask the venues what is true, then hedge what is missing or unwind what is left over.

    Args:
        pair_id: Only this pair, such as p0123456789ab. Empty: every unfinished pair.
    """
    logger = get_run_logger()
    async with executor() as desk:
        reports = await desk.recover(pair_id or None)
    for report in reports:
        for step in report["steps"]:
            logger.info("%s: %s", report["pair_id"], step)
        logger.info("%s is now %s", report["pair_id"], report["state"])
    naked = [report["pair_id"] for report in reports if report["state"] == OutcomeStatus.NAKED]
    if naked:
        return Failed(
            name="Naked",
            message=f"Still on one leg: {', '.join(naked)}. {ADVICE[OutcomeStatus.NAKED]}",
        )
    states = ", ".join(f"{report['pair_id']} {report['state']}" for report in reports)
    return Completed(message=states or "Nothing to recover.")
