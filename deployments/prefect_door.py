"""Flow runs through Prefect's API, as research and operators create them."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from deployments.failure import CommandFailed
from deployments.http_json import HttpJson, ServerBusy
from deployments.looks import pauses_between_looks

POLL_S = 0.1
BUSY_S = 10.0
FINAL = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})


@dataclass(frozen=True, slots=True)
class FlowRun:
    """A run that was created."""

    id: str
    name: str
    url: str
    """Its page in the UI."""
    state_type: str
    """``SCHEDULED``, ``RUNNING``, ``COMPLETED``, ``FAILED``, …"""
    state_name: str
    """``Hedged``, ``Held``, …"""
    message: str


class PrefectDoor:
    """Over an open connection to ``<prefect>/api``."""

    def __init__(self, api: HttpJson) -> None:
        self._api = api
        self._deployments: dict[str, str] = {}

    @classmethod
    async def open(cls, api: HttpJson) -> Self:
        """Raises CommandFailed when Prefect does not answer."""
        door = cls(api)
        await api.ask("GET", "/health")
        return door

    async def deployment(self, name: str) -> dict[str, Any]:
        """The deployment ``flow/name``; raises CommandFailed when there is none."""
        row: dict[str, Any] = await self._api.ask("GET", f"/deployments/name/{name}")
        return row

    async def deployment_id(self, name: str) -> str:
        if name not in self._deployments:
            self._deployments[name] = str((await self.deployment(name))["id"])
        return self._deployments[name]

    async def create(
        self, deployment: str, parameters: Mapping[str, object] | None = None
    ) -> FlowRun:
        """Create a run of ``flow/name`` and return at once.

        A busy server (SQLite under load answers 503) is asked again with the same idempotency
        key, so that however often it is asked there is one run.
        """
        deployment_id = await self.deployment_id(deployment)
        body = {
            "parameters": parameters or {},
            "state": {"type": "SCHEDULED"},
            "idempotency_key": uuid.uuid4().hex,
        }
        deadline = time.monotonic() + BUSY_S
        while True:
            try:
                return self._run(
                    await self._api.ask(
                        "POST", f"/deployments/{deployment_id}/create_flow_run", body
                    )
                )
            except ServerBusy:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(POLL_S)

    async def run(self, run_id: str) -> FlowRun:
        return self._run(await self._api.ask("GET", f"/flow_runs/{run_id}"))

    async def finished(self, run: FlowRun, timeout_s: float) -> FlowRun:
        """The run once it has ended; raises CommandFailed when it has not within ``timeout_s``."""
        deadline, now = time.monotonic() + timeout_s, run
        pauses = pauses_between_looks()
        while True:
            with suppress(ServerBusy):
                now = await self.run(run.id)
            if now.state_type in FINAL:
                return now
            if time.monotonic() > deadline:
                raise CommandFailed(
                    f"the flow run {now.name} is still {now.state_name} after {timeout_s:g} s: "
                    f"{now.url}"
                )
            await asyncio.sleep(next(pauses))

    async def end_left_over(self, pool: str) -> int:
        """Runs of ``pool`` that a killed desk left unfinished are crashed, so that they hold no
        place; only while nothing of the pool runs. How many there were."""
        rows = await self._api.ask(
            "POST",
            "/flow_runs/filter",
            {
                "work_pools": {"name": {"any_": [pool]}},
                "flow_runs": {"state": {"type": {"any_": ["PENDING", "RUNNING", "CANCELLING"]}}},
            },
        )
        state = {"type": "CRASHED", "name": "Crashed", "message": "The desk was stopped."}
        for row in rows:
            await self._api.ask(
                "POST", f"/flow_runs/{row['id']}/set_state", {"state": state, "force": True}
            )
        return len(rows)

    def _run(self, row: Mapping[str, Any]) -> FlowRun:
        state = row.get("state") or {}
        return FlowRun(
            id=str(row["id"]),
            name=str(row["name"]),
            url=f"{self._api.url.removesuffix('/api')}/runs/flow-run/{row['id']}",
            state_type=str(state.get("type", "PENDING")),
            state_name=str(state.get("name", "Pending")),
            message=str(state.get("message") or ""),
        )
