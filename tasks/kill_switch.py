"""The emergency stop: outlives restarts, because it stands in the journal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class KillSwitch:
    """``reason`` is None while the desk may trade."""

    reason: str | None = None
