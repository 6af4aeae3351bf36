"""Settings of the executor's run: when it hands over, and how much it tells."""

from __future__ import annotations

from datetime import time

from pydantic import BaseModel, Field


class ExecutorSettings(BaseModel):
    """Part of :class:`tasks.settings.Settings`."""

    hand_over_at: time = Field(
        time(5, 0),
        description="When a new executor takes over each day, HH:MM in Seoul.",
    )
    run_log_lines_per_minute: int = Field(
        240,
        ge=10,
        le=100_000,
        description="Lines of each level that the executor's run log takes a minute; more are "
        "counted.",
    )
