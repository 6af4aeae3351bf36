"""Whether a deployment is stopped, read off what Prefect's API shows of it.

A deployment counts as paused by its own flag, and also while any of its schedules is switched off:
the schedule's switch is the one that a deployment's page shows as long as it runs (the switch over
all of them appears with the fourth schedule, or once the deployment is paused), so that is what an
operator in a hurry clicks.

Imports nothing of Prefect: the command line reads it too, and must start at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.errors import SwitchesUnreadable


def is_off(deployment: Mapping[str, Any]) -> bool:
    """Is a deployment, as the API shows it, stopped by its flag or by a schedule's switch?"""
    return bool(deployment["paused"]) or any(
        not schedule["active"] for schedule in schedules_of(deployment)
    )


def schedules_of(deployment: object) -> list[dict[str, Any]]:
    """The schedules of a deployment; raises SwitchesUnreadable when it shows none."""
    rows = deployment.get("schedules") if isinstance(deployment, dict) else None
    if not isinstance(rows, list) or not all(
        isinstance(row, dict) and isinstance(row.get("active"), bool) for row in rows
    ):
        raise SwitchesUnreadable("Prefect's answer names a deployment without its schedules")
    return rows
