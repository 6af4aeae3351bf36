"""One flow run in this process, with Prefect's own engine, to its end."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import httpx
from prefect import Flow
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.context import AsyncClientContext
from prefect.flow_engine import run_flow

from deployments.run_claim import report_crashed
from deployments.unfinished_runs import let_go
from flows.handed_over import HandedOver, submission

log = logging.getLogger(__name__)

AWAY = "Prefect was away when it was to be told how it ended."


async def run_warm(
    flows: Mapping[str, Flow[..., Any]], name: str, run: FlowRun, handed_over: HandedOver | None
) -> None:
    """Run the flow ``name``. Whatever it raises ends here, and is the run's state."""
    async with AsyncClientContext.get_or_create() as context:
        flow = flows.get(name)
        if flow is None:
            message = f"This pool runs only {', '.join(sorted(flows))}."
            await report_crashed(context.client, run.id, message)
            return
        submission.set(handed_over)
        try:
            running: Any = run_flow(flow, flow_run=run, return_type="state")
            await running
        except GeneratorExit:
            raise
        # A flow that calls sys.exit() must not end the worker, so not even that passes. A run
        # that was cancelled is settled by who cancelled it.
        except BaseException as error:
            log.warning("flow run %s did not end by itself: %r", run.name, error)
            await _settle(context.client, run, error)


async def _settle(client: PrefectClient, run: FlowRun, error: BaseException) -> None:
    """Give the run that ``error`` has ended its state. While the server is away there is nobody to
    tell; the worker finds the run later as one that nobody runs."""
    try:
        current = await client.read_flow_run(run.id)
        is_open = current.state is None or not current.state.is_final()
        if isinstance(error, httpx.HTTPError):
            # Not the flow has failed but the telling of it. Prefect's engine may have called that
            # a crash once the server was back.
            if is_open or current.state_type == StateType.CRASHED:
                await let_go(client, current, AWAY)
        elif is_open:
            await report_crashed(client, run.id, f"{type(error).__name__}: {error}")
    except httpx.HTTPError as silence:
        log.warning("Prefect does not hear how flow run %s has ended: %s", run.name, silence)
