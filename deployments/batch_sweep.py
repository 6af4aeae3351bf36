"""Runs of pool ``batch`` that nobody runs any more: called what they are.

Prefect hears of a process's end from the worker that started it. When that is gone as well, or was
ended before it had a process for what it had claimed, the run is shown as under way for ever.
Prefect 3.8.8's own remedy, an automation over the heartbeats of runs, judges by silence: it would
call living runs crashed whenever the server was away, and find none that has not begun.

Nothing is run again here. A worker that seemed dead could still begin it: then it would run twice.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.states import Cancelled

from deployments.project import BATCH
from deployments.run_claim import report_crashed
from deployments.run_process import without_process
from deployments.unfinished_runs import unfinished_runs

log = logging.getLogger(__name__)

GONE = "Its process has ended and nobody was left to say so."
UNBEGUN = "Its worker has ended before it began."


class BatchSweep:
    """Looks now and then. A run is settled when two looks have found it unchanged and without a
    process: a worker that lives says in the meantime how it ended."""

    def __init__(self, client: PrefectClient) -> None:
        self._client = client
        self._gone: dict[UUID, UUID | None] = {}
        """Found without a process by the look before, each with its state's id."""

    async def look(self) -> None:
        unfinished = await unfinished_runs(self._client, BATCH)
        runs = await asyncio.to_thread(without_process, unfinished)
        before, self._gone = self._gone, {run.id: run.state_id for run in runs}
        for run in runs:
            if run.id in before and before[run.id] == run.state_id:
                now = await self._client.read_flow_run(run.id)
                if now.state_id == run.state_id:
                    log.warning("flow run %s has no process any more", run.name)
                    await _settle(self._client, now)


async def _settle(client: PrefectClient, run: FlowRun) -> None:
    if run.state_type == StateType.CANCELLING:
        state: State[Any] = Cancelled(message=what_to_do(run))
        await client.set_flow_run_state(run.id, state, force=True)
    else:
        await report_crashed(client, run.id, what_to_do(run))


def what_to_do(run: FlowRun) -> str:
    """What became of the run and what is to be done, for its page."""
    if run.state_type == StateType.CANCELLING:
        return f"Cancelled by an operator. {UNBEGUN if run.start_time is None else GONE}"
    if run.state_type == StateType.PENDING:
        return f"{UNBEGUN} {'The next one is due.' if run.auto_scheduled else 'Run it again.'}"
    if run.auto_scheduled:
        return f"{GONE} The next one is due."
    return f"{GONE} What it was asked for may have been done: look before you run it again."
