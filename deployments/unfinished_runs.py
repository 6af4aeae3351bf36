"""Runs of the hot pool whose worker is gone: taken up again, passed over, or called crashed.

Without this they would be shown as running for ever. A run that carries a signal goes to the next
worker: the signal counts once by its id, so the run ends with what truly became of it. A run that
a schedule made is not missed. One that was claimed and has not begun, be it that the answer to the
claim was lost, goes to the next worker too: Prefect's engine enters a flow only once the run is
Running. Any other may have done what it was asked for, and is not repeated.
"""

from __future__ import annotations

from typing import Any

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.states import Cancelled

from deployments.run_claim import give_back, report_crashed, report_skipped

GONE = "The hot worker that ran it has ended."


async def unfinished_runs(client: PrefectClient, pool: str) -> list[FlowRun]:
    """Runs of ``pool`` that were claimed and have not ended."""
    return await client.read_flow_runs(
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[pool])),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(
                type=FlowRunFilterStateType(
                    any_=[StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
                )
            )
        ),
    )


async def let_go(client: PrefectClient, run: FlowRun, why: str) -> None:
    """Settle one run that nobody runs any more."""
    if run.state_type == StateType.CANCELLING:
        state: State[Any] = Cancelled(message=f"Cancelled by an operator. {why}")
        await client.set_flow_run_state(run.id, state, force=True)
    elif carries_signal(run):
        message = f"{why} Another takes it up; its signal counts once."
        await give_back(client, run.id, message)
    elif run.auto_scheduled:
        await report_skipped(client, run.id, f"{why} The next one is due.")
    elif run.state_type == StateType.PENDING:
        await give_back(client, run.id, f"{why} It had not begun.")
    else:
        message = f"{why} What it was asked for may have been done: look before you run it again."
        await report_crashed(client, run.id, message)


def carries_signal(run: FlowRun) -> bool:
    """Its parameter is a signed signal, which the desk acts on once however often it is sent."""
    return isinstance(run.parameters.get("signal"), dict)
