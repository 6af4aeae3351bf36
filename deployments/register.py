"""Brings ``prefect.yaml`` to a Prefect server: pools and deployments.

May be run at every start: what is there is updated in place. What an operator has stopped stays
stopped, by the deployment's own flag or its schedule's switch (see :mod:`flows.deployment_switch`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import time
from functools import partial
from typing import Any

import anyio
import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import (
    DeploymentScheduleCreate,
    WorkPoolCreate,
    WorkPoolUpdate,
)
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.utilities.callables import parameter_schema
from prefect.workers.process import ProcessWorker

from deployments.automations import register_restart
from deployments.hot_worker import HotWorker
from deployments.project import BATCH, HOT, DeploymentEntry, pull_steps, read_entries
from flows.pause_notes import PauseNotes
from flows.prefect_api import PrefectApi, PrefectRefused, PrefectSilent
from tasks.errors import SettingsRefused
from tasks.settings_loading import load_settings
from tasks.switch_guard import EXECUTOR

HAND_OVER = "hand-over"
"""Slug of the executor's daily schedule."""
HAND_OVER_AT = time(5, 0)
SEOUL = "Asia/Seoul"

POOLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    HOT: (
        HotWorker.type,
        "Short flows, run warm inside the hot worker within a fraction of a second. The desk "
        "starts that worker itself (python -m deployments.hot_worker) and keeps it alive.",
        HotWorker.get_default_base_job_template(),
    ),
    BATCH: (
        ProcessWorker.type,
        "Heavy or rare flows and the executor, each in a process of its own.",
        ProcessWorker.get_default_base_job_template(),
    ),
}


async def register(
    api_url: str,
    entries: Sequence[DeploymentEntry] | None = None,
    *,
    hand_over_at: time = HAND_OVER_AT,
) -> dict[str, str]:
    """Create or update both pools, every deployment and the automation that restarts the executor;
    name (``flow/name``) → id. ``hand_over_at``: in Seoul."""
    with temporary_settings({PREFECT_API_URL: api_url}):
        async with get_client() as client:
            for pool in POOLS:
                await _register_pool(client, pool)
            registered = {}
            for entry in read_entries() if entries is None else entries:
                name, deployment_id = await _register_deployment(client, entry, hand_over_at)
                registered[name] = deployment_id
            if EXECUTOR in registered:
                await register_restart(client, registered[EXECUTOR])
            return registered


async def _register_pool(client: PrefectClient, name: str) -> None:
    kind, description, template = POOLS[name]
    try:
        await client.read_work_pool(name)
    except ObjectNotFound:
        await client.create_work_pool(
            WorkPoolCreate(
                name=name, type=kind, description=description, base_job_template=template
            )
        )
    else:
        await client.update_work_pool(
            name, WorkPoolUpdate(description=description, base_job_template=template)
        )


async def _register_deployment(
    client: PrefectClient, entry: DeploymentEntry, hand_over_at: time
) -> tuple[str, str]:
    flow = entry.load_flow()
    name = f"{flow.name}/{entry.name}"
    flow_id = await client.create_flow(flow)
    # The last question before the row is written: whatever somebody does in between is overlooked.
    before = await _registered(client, name)
    switched_off = _switched_off(before)
    deployment_id = await client.create_deployment(
        flow_id=flow_id,
        name=entry.name,
        version=flow.version,
        description=entry.description,
        tags=list(entry.tags),
        work_pool_name=entry.pool,
        work_queue_name=entry.queue,
        entrypoint=entry.entrypoint,
        path=".",
        pull_steps=pull_steps(),
        # No ``paused``: the server then keeps what an operator has set.
        schedules=[
            _planned(schedule, hand_over_at).model_copy(
                update={"active": schedule.slug not in switched_off}
            )
            for schedule in entry.schedules
        ],
        # None has a limit in Prefect, see :mod:`flows.alone`; one of an earlier version goes.
        concurrency_limit=None,
        # A misspelt parameter is refused with its name instead of crashing the run.
        parameter_openapi_schema={
            **parameter_schema(flow).model_dump(),
            "additionalProperties": False,
        },
        enforce_parameter_schema=True,
    )
    if before is not None and before.paused:
        await _keep_reason(client, name, before)
    return name, str(deployment_id)


def _planned(schedule: DeploymentScheduleCreate, hand_over_at: time) -> DeploymentScheduleCreate:
    """The daily hand-over at the time that the settings say."""
    if schedule.slug != HAND_OVER:
        return schedule
    cron = f"{hand_over_at.minute} {hand_over_at.hour} * * *"
    daily = CronSchedule(cron=cron, timezone=SEOUL)
    return schedule.model_copy(update={"schedule": daily})


async def _registered(client: PrefectClient, name: str) -> DeploymentResponse | None:
    """What the server has of ``name`` (``flow/name``)."""
    try:
        return await client.read_deployment_by_name(name)
    except ObjectNotFound:
        return None


def _switched_off(before: DeploymentResponse | None) -> set[str | None]:
    """Slugs of the schedules that somebody has switched off."""
    schedules = [] if before is None else before.schedules
    return {schedule.slug for schedule in schedules if not schedule.active}


async def _keep_reason(client: PrefectClient, name: str, before: DeploymentResponse) -> None:
    """What was left with the pause of ``name`` stays its reason, though its row was written anew.
    Without it the pause stands all the same."""
    after = await client.read_deployment_by_name(name)
    api = PrefectApi()
    try:
        if before.updated is not None and after.updated is not None and after.paused:
            await PauseNotes(api).carry_over(name, before.updated, after.updated)
    except (PrefectSilent, PrefectRefused) as error:
        print(f"{name} stays paused, but without its reason: {error}", file=sys.stderr)
    finally:
        await api.aclose()


def main() -> int:
    """Register against the API that ``PREFECT_API_URL`` names. 0 done, 1 failed, 2 bad usage."""
    api_url = PREFECT_API_URL.value()
    if not api_url:
        print("PREFECT_API_URL: expected the address of the Prefect API, got none", file=sys.stderr)
        return 2
    try:
        hand_over_at = load_settings().hand_over_at
        registered = anyio.run(partial(register, api_url, hand_over_at=hand_over_at))
    except SettingsRefused as error:
        print(error, file=sys.stderr)
        return 1
    except httpx.HTTPError as error:
        print(f"{api_url}: {error}", file=sys.stderr)
        return 1
    for name in registered:
        print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
