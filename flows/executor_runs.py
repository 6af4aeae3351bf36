"""What Prefect knows of the runs of ``executor/live``, and what is true of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from flows.deployment_switch import is_off
from flows.prefect_api import PrefectApi
from flows.run_owner import is_owned
from tasks.switch_guard import EXECUTOR

STORM = timedelta(minutes=10)
FAILURES = 3
"""After so many within STORM another restart does not mend it."""
YOUNG = timedelta(minutes=2)
"""A run's time to have a process: a worker polls, starts Python and imports Prefect."""
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


class ExecutorRuns:
    """Asks Prefect; every method raises PrefectSilent or PrefectRefused."""

    def __init__(self, api: PrefectApi, owners: Path) -> None:
        self._api = api
        self._owners = owners

    async def is_paused(self) -> bool:
        row = await self._api.ask("GET", f"/deployments/name/{EXECUTOR}")
        return is_off(cast(dict[str, Any], row))

    async def recent_failures(self) -> int:
        """Runs that failed or crashed within STORM."""
        since = (datetime.now(UTC) - STORM).isoformat()
        ended = {"state": {"type": {"any_": ["FAILED", "CRASHED"]}}, "end_time": {"after_": since}}
        return len(await self._runs(ended))

    async def unfinished(self) -> list[Mapping[str, Any]]:
        """Runs that are under way or waiting for a worker now; none that is planned for later."""
        types = ["PENDING", "RUNNING", "CANCELLING", "SCHEDULED"]
        rows = await self._runs({"state": {"type": {"any_": types}}})
        now = datetime.now(UTC).isoformat()
        return [row for row in rows if row["state"]["timestamp"] <= now and not _is_later(row)]

    async def end_zombies(self) -> list[str]:
        """Names of the runs that Prefect called running and that live in no process: crashed now,
        which is what they are."""
        ended = []
        for row in await self.unfinished():
            if row["state"]["type"] == "SCHEDULED" or not self._is_zombie(row):
                continue
            message = "The process of this run is gone and nobody was left to say so."
            await self._crashed(str(row["id"]), message)
            ended.append(str(row["name"]))
        return ended

    async def crash(self, run_id: str, message: str) -> None:
        """Say in a run's state and log why its process was ended from outside."""
        line = {"name": "prefect.flow_runs", "level": logging.ERROR, "message": message}
        told = {**line, "timestamp": datetime.now(UTC).isoformat(), "flow_run_id": run_id}
        # A list, as Prefect's own client sends them.
        await self._api.ask("POST", "/logs/", [told])
        await self._crashed(run_id, message)

    async def start(self, *, instead_of: str | None = None) -> None:
        """A run that starts only if no executor lives; however often it is asked for within a
        minute, or in place of one run, there is one."""
        key = await self._api.deployment_id(EXECUTOR)
        body = {
            "parameters": {"only_if_none": True},
            "state": {"type": "SCHEDULED"},
            "idempotency_key": f"restart-{instead_of or f'{datetime.now(UTC):%Y%m%dT%H%M}'}",
        }
        await self._api.ask("POST", f"/deployments/{key}/create_flow_run", body)

    async def _crashed(self, run_id: str, message: str) -> None:
        state = {"type": "CRASHED", "name": "Crashed", "message": message}
        await self._api.ask(
            "POST", f"/flow_runs/{run_id}/set_state", {"state": state, "force": True}
        )

    def _is_zombie(self, row: Mapping[str, Any]) -> bool:
        if is_owned(str(row["id"]), self._owners):
            return False
        since = datetime.fromisoformat(str(row["state"]["timestamp"]))
        return datetime.now(UTC) - since > YOUNG

    async def _runs(self, only: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        key = await self._api.deployment_id(EXECUTOR)
        body = {"flow_runs": only, "deployments": {"id": {"any_": [key]}}}
        return cast(list[Mapping[str, Any]], await self._api.ask("POST", "/flow_runs/filter", body))


def _is_later(row: Mapping[str, Any]) -> bool:
    """Planned by the schedule for a time that has not come."""
    planned = row.get("expected_start_time")
    return (
        row["state"]["type"] == "SCHEDULED"
        and planned is not None
        and datetime.fromisoformat(str(planned)) > datetime.now(UTC)
    )
