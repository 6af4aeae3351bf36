"""One flow run in this process, with Prefect's own engine, to its end."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from prefect import Flow
from prefect.client.schemas.objects import FlowRun
from prefect.context import AsyncClientContext
from prefect.flow_engine import run_flow

from deployments.run_claim import report_crashed
from flows.handed_over import HandedOver, submission

log = logging.getLogger(__name__)


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
            current = await context.client.read_flow_run(run.id)
            if current.state is None or not current.state.is_final():
                message = f"{type(error).__name__}: {error}"
                await report_crashed(context.client, run.id, message)
