"""The desk's stop switches: Prefect deployments that are paused, read and set.

What counts as paused is in :mod:`flows.deployment_switch`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from flows.deployment_switch import is_off, schedules_of
from flows.prefect_api import PrefectApi, PrefectRefused, PrefectSilent
from tasks.errors import SwitchesUnreadable
from tasks.switch_guard import (
    ENTRY,
    EXECUTOR,
    EXIT_VALIDATION,
    SIGNAL_INTAKE,
)

SWITCHES = (ENTRY, SIGNAL_INTAKE, EXIT_VALIDATION, EXECUTOR)


class PrefectSwitches:
    """Implements :class:`tasks.switch_guard.Switches`; belongs to the event loop that uses it."""

    def __init__(self, api_url: str | None = None, password: str | None = None) -> None:
        self._api = PrefectApi(api_url, password)
        self._names: dict[str, str] = {}
        """Deployment id → ``flow/name``, as far as known."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._api.aclose()

    async def read(self) -> Mapping[str, bool]:
        """All switches in one request: deployment (``flow/name``) → paused.

        Raises:
            SwitchesUnreadable: Prefect was not reached, or a switch is not registered there.
        """
        try:
            if not self._names:
                await self._learn()
            rows = await self._api.ask(
                "POST", "/deployments/filter", {"deployments": {"id": {"any_": list(self._names)}}}
            )
        except (PrefectSilent, PrefectRefused) as error:
            raise SwitchesUnreadable(str(error)) from error
        paused = _paused_by_id(rows)
        if paused.keys() != self._names.keys():
            missing = [self._names[key] for key in self._names.keys() - paused.keys()]
            self._names = {}  # registered anew under other ids, perhaps
            raise SwitchesUnreadable(f"Prefect no longer has {', '.join(sorted(missing))}")
        return {self._names[key]: value for key, value in paused.items()}

    async def pause(self, names: Iterable[str], reason: str) -> None:
        """Set the switches and leave the reason as the artifact ``paused-…`` of each.

        Raises:
            SwitchesUnreadable: not every switch could be set.
        """
        names = tuple(names)
        await self._set(names, paused=True)
        for name in names:
            key = f"paused-{name.replace('/', '-')}"
            text = f"`{name}` was paused by the desk: {reason}"
            body = {"key": key, "type": "markdown", "data": text, "description": text}
            try:
                await self._api.ask("POST", "/artifacts/", body)
            except (PrefectSilent, PrefectRefused) as error:
                raise SwitchesUnreadable(f"paused, but without its reason: {error}") from error

    async def resume(self, names: Iterable[str]) -> None:
        """Un-pause, schedules too; raises SwitchesUnreadable when not every switch could be set."""
        await self._set(names, paused=False)

    async def _set(self, names: Iterable[str], *, paused: bool) -> None:
        failures = []
        for name in names:
            try:
                key = await self._api.deployment_id(name)
                # The same request as the UI's own switch: it emits an event that others hear.
                await self._api.ask("PATCH", f"/deployments/{key}", {"paused": paused})
                if not paused:
                    await self._switch_schedules_on(key)
            except (PrefectSilent, PrefectRefused) as error:
                failures.append(str(error))  # the other switches are set all the same
        if failures:
            raise SwitchesUnreadable("; ".join(failures))

    async def _switch_schedules_on(self, deployment_id: str) -> None:
        deployment = await self._api.ask("GET", f"/deployments/{deployment_id}")
        for schedule in schedules_of(deployment):
            if not schedule["active"]:
                path = f"/deployments/{deployment_id}/schedules/{schedule['id']}"
                await self._api.ask("PATCH", path, {"active": True})

    async def _learn(self) -> None:
        self._names = {await self._api.deployment_id(name): name for name in SWITCHES}


def _paused_by_id(rows: object) -> dict[str, bool]:
    if not isinstance(rows, list):
        raise SwitchesUnreadable("Prefect's answer is not a list of deployments")
    result: dict[str, bool] = {}
    row: Any
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("paused"), bool):
            raise SwitchesUnreadable("Prefect's answer names a deployment without its switch")
        result[str(row.get("id"))] = is_off(row)
    return result
