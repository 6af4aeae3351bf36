"""What is left in Prefect with a switch: its artifact ``paused-…``, for people and for the next
executor.

With a reason stands the time at which Prefect wrote the row of the deployment for that very pause.
Whoever resumes and pauses, by whatever way, has Prefect write the row anew; what only keeps the row
company (the word of a worker that it is ready) leaves the time alone (``models/deployments.py`` of
Prefect 3.8.8). So a reason is that of the pause that stands exactly while the row shows its time:
an older one is not told for a newer pause, and no clock is compared with another. Milliseconds are
left: who resumes and pauses between a pause and the question for its row, or between the questions
that a registration asks before and after it writes the row anew, finds the older reason beside the
newer pause.

The desk adds its own reason to a pause that stands without having the row written, and what
somebody else has left with that pause counts before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeGuard

from flows.prefect_api import PrefectApi
from tasks.stop_reason import DESK, GivenReason

REASON, BY, AT, ROW = "reason", "by", "at", "row"
"""Keys of an artifact's metadata; ``at``: when the pause was set, ``row``: when its row was last
written, both by Prefect. Registering the deployment anew makes them differ."""
KEYS = {REASON, BY, AT, ROW}
LATEST = 20
"""Artifacts of a switch that are looked through: one executor after the other adds its own."""


class PauseNotes:
    """Every method raises PrefectSilent or PrefectRefused."""

    def __init__(self, api: PrefectApi) -> None:
        self._api = api

    async def leave(self, name: str, text: str, metadata: Mapping[str, str] | None = None) -> None:
        """For people; with ``metadata`` for executors as well."""
        body = {
            "key": _key(name),
            "type": "markdown",
            "data": text,
            "description": text,
            "metadata_": metadata,
        }
        await self._api.ask("POST", "/artifacts/", body)

    async def leave_reason(self, name: str, reason: str, by: str) -> None:
        """Of the pause of the deployment ``name`` that was set just now."""
        row = await self._row(name)
        text = f"`{name}` was paused by {by}: {reason}"
        if not row.get("paused"):  # it was resumed before a word could be left
            await self.leave(name, text)
            return
        written = str(row.get("updated"))
        await self.leave(name, text, {REASON: reason, BY: by, AT: written, ROW: written})

    async def reason_of(self, name: str) -> GivenReason | None:
        """The reason of the pause of the deployment ``name`` that stands now; None: it is not
        paused by its own flag, or nobody has left one."""
        row = await self._row(name)
        metadata = await self._metadata(name, row.get("updated")) if row.get("paused") else None
        if metadata is None:
            return None
        at = _time(metadata[AT])
        return None if at is None else GivenReason(metadata[REASON], metadata[BY], at)

    async def carry_over(self, name: str, written: datetime, now: datetime) -> None:
        """The row of ``name`` was written anew without a change of its flag: its reason stays."""
        metadata = await self._metadata(name, written.isoformat())
        if metadata is not None:
            text = f"`{name}` was paused by {metadata[BY]}: {metadata[REASON]}"
            await self.leave(name, text, {**metadata, ROW: now.isoformat()})

    async def _row(self, name: str) -> Mapping[str, Any]:
        answer = await self._api.ask("GET", f"/deployments/name/{name}")
        return answer if isinstance(answer, dict) else {}

    async def _metadata(self, name: str, written: object) -> dict[str, str] | None:
        """Of the reason that was left when the row was ``written``: the latest, and the desk's own
        only where nobody else has left one."""
        time = _time(written)
        if time is None:
            return None
        only = {"artifacts": {"key": {"any_": [_key(name)]}}, "sort": "CREATED_DESC"}
        answer = await self._api.ask("POST", "/artifacts/filter", {**only, "limit": LATEST})
        artifacts = answer if isinstance(answer, list) else []
        metadata = [it.get("metadata_") for it in artifacts if isinstance(it, dict)]
        left = [it for it in metadata if _is_reason(it) and _time(it[ROW]) == time]
        return next((it for it in left if it[BY] != DESK), left[0] if left else None)


def _key(name: str) -> str:
    return f"paused-{name.replace('/', '-')}"


def _is_reason(metadata: object) -> TypeGuard[dict[str, str]]:
    return isinstance(metadata, dict) and all(isinstance(metadata.get(key), str) for key in KEYS)


def _time(text: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return None if time.tzinfo is None else time
