"""Registration against a real Prefect server."""

from __future__ import annotations

import asyncio
from datetime import time
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
)
from prefect.client.schemas.schedules import CronSchedule

from deployments.failure import CommandFailed
from deployments.http_json import HttpJson
from deployments.prefect_door import PrefectDoor
from deployments.project import PREFECT_YAML, PROJECT, read_entries
from deployments.register import register
from tests.prefect_runs import PREFECT_MARKS

pytestmark = PREFECT_MARKS

NAMES = {
    "executor/live",
    "executor-watch/live",
    "signal-intake/live",
    "entry/live",
    "exit-validation/live",
    "one-leg-recovery/live",
    "reconcile/live",
    "pnl-rollup/live",
    "market-rates/live",
    "health/live",
    "emergency-stop/live",
    "resume/live",
    "backup/live",
    "restore/live",
    "backtest/live",
}


async def test_all_deployments_are_there_and_a_second_time_changes_nothing(
    prefect_api: str,
) -> None:
    first = await register(prefect_api)
    second = await register(prefect_api)

    assert set(first) == NAMES
    assert second == first
    async with get_client() as client:
        assert {pool.name: pool.type for pool in await client.read_work_pools()} == {
            "hot": "hot",
            "batch": "process",
        }


async def test_no_deployment_has_a_limit_and_one_of_an_earlier_version_goes(
    prefect_api: str,
) -> None:
    """With one Prefect 3.8.8 ends a running run when its server has been away."""
    registered = await register(prefect_api)
    only_one = DeploymentUpdate(concurrency_limit=1)
    async with get_client() as client:
        await client.update_deployment(UUID(registered["reconcile/live"]), only_one)

        await register(prefect_api)

        deployments = [await client.read_deployment(UUID(it)) for it in registered.values()]
    assert [it.name for it in deployments if it.global_concurrency_limit is not None] == []


async def test_what_an_operator_has_stopped_outlives_registration(prefect_api: str) -> None:
    name = "health/live"
    entries = [entry for entry in read_entries() if "health" in entry.entrypoint]
    deployment_id = UUID((await register(prefect_api, entries))[name])
    async with get_client() as client:
        await client.pause_deployment(deployment_id)
        [schedule] = await client.read_deployment_schedules(deployment_id)
        await client.update_deployment_schedule(deployment_id, schedule.id, active=False)

        await register(prefect_api, entries)

        deployment = await client.read_deployment(deployment_id)
        assert deployment.paused
        assert [schedule.active for schedule in deployment.schedules] == [False]
        await client.resume_deployment(deployment_id)
        [schedule] = deployment.schedules
        await client.update_deployment_schedule(deployment_id, schedule.id, active=True)
        await register(prefect_api, entries)
        deployment = await client.read_deployment(deployment_id)
        assert not deployment.paused
        assert [schedule.active for schedule in deployment.schedules] == [True]


async def test_the_executor_hands_over_when_the_settings_say(prefect_api: str) -> None:
    entries = [entry for entry in read_entries() if entry.entrypoint.endswith(":executor")]
    [name] = registered = await register(prefect_api, entries, hand_over_at=time(6, 30))
    async with get_client() as client:
        [daily] = await client.read_deployment_schedules(UUID(registered[name]))
        await register(prefect_api, entries)
        [usual] = await client.read_deployment_schedules(UUID(registered[name]))

    crons = [it.schedule for it in (daily, usual) if isinstance(it.schedule, CronSchedule)]
    assert [(item.cron, item.timezone) for item in crons] == [
        ("30 6 * * *", "Asia/Seoul"),
        ("0 5 * * *", "Asia/Seoul"),
    ]


async def test_a_parameter_that_the_flow_does_not_have_is_refused_by_name(
    prefect_api: str,
) -> None:
    entries = [entry for entry in read_entries() if "signal_intake" in entry.entrypoint]
    deployment_id = (await register(prefect_api, entries))["signal-intake/live"]

    async with HttpJson("Prefect", prefect_api) as api:
        with pytest.raises(CommandFailed, match="'sgnal'"):
            await PrefectDoor(api).create("signal-intake/live", {"sgnal": {}})
        only = {"deployments": {"id": {"any_": [deployment_id]}}}
        rows = await api.ask("POST", "/flow_runs/filter", only)

    assert [row for row in rows if "sgnal" in row["parameters"]] == []


async def test_the_server_makes_the_runs_of_a_schedule(prefect_api: str) -> None:
    """Prefect 3.8.8 needs SQLAlchemy below 2.1 for this: with 2.1 its scheduler fails."""
    entries = [entry for entry in read_entries() if "exit_validation" in entry.entrypoint]
    deployment_id = UUID((await register(prefect_api, entries))["exit-validation/live"])
    only = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment_id]))

    async with asyncio.timeout(30), get_client() as client:
        runs = await client.read_flow_runs(flow_run_filter=only)
        while not runs:
            await asyncio.sleep(0.2)
            runs = await client.read_flow_runs(flow_run_filter=only)

    assert all(run.auto_scheduled for run in runs)


def test_no_path_of_this_machine_stands_in_the_file() -> None:
    assert str(PROJECT) not in PREFECT_YAML.read_text("utf-8")
