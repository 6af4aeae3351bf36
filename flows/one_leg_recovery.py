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
from tasks.desk_operations import IN_DOUBT
from tasks.errors import ExecutorRefused
from tasks.outcome import OutcomeStatus
from tasks.pair_transitions import PairState


@flow(name="one-leg-recovery", flow_run_name=named_by_time("recovery"), retries=0)
async def one_leg_recovery(
    pair_id: Annotated[str, Field(pattern="^(p[0-9a-f]{12})?$")] = "",
) -> State[Any]:
    """Ask the venues what is true, then hedge what is missing or unwind what is left over.

    Finishes what a restart, a fault or an operator left. The log tells each step with its time, the
    order, how far its price might go and why, and what the venue shows became of it.

    Args:
        pair_id: Only this pair, such as p0123456789ab. Empty: every unfinished pair.
    """
    logger = get_run_logger()
    async with executor() as desk:
        try:
            reports = await desk.recover(pair_id or None)
        except ExecutorRefused as error:
            return Failed(
                name="Refused",
                message=f"{error}. Nothing was done: `kimp pairs` lists the open pairs, and "
                "without a pair_id every unfinished one is taken.",
            )
    for report in reports:
        logger.info("%s was %s", report["pair_id"], report["was"])
        for number, step in enumerate(report["steps"], 1):
            logger.info("%s: %d. %s", report["pair_id"], number, step)
        logger.info("%s is %s: %s", report["pair_id"], report["state"], report["holds"])
    naked = [report["pair_id"] for report in reports if report["state"] == PairState.NAKED]
    if naked:
        return Failed(
            name="Naked",
            message=f"Still on one leg: {', '.join(naked)}. {ADVICE[OutcomeStatus.NAKED]}",
        )
    open_ = [report["pair_id"] for report in reports if report["state"] in IN_DOUBT]
    if open_:
        return Failed(
            name="Undecided",
            message=f"Not settled yet: {', '.join(open_)}. The desk goes on asking the venues by "
            "itself and takes no entries of the coin meanwhile; look at the venue named.",
        )
    states = ", ".join(f"{report['pair_id']} {report['state']}" for report in reports)
    return Completed(message=states or "Nothing to recover.")
