"""When a run of ``executor/live`` takes over from an executor that lives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect.runtime import flow_run

import flows.executor as module


@pytest.mark.parametrize(
    ("planned_ago", "takes_over"),
    [
        (None, True),
        (timedelta(seconds=5), True),
        (timedelta(minutes=9), True),
        (timedelta(minutes=11), False),
        (timedelta(hours=5), False),
    ],
    ids=["by hand", "in time", "a little late", "too late", "hours late"],
)
async def test_a_planned_hand_over_that_begins_too_late_takes_nothing_over(
    kimp_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    planned_ago: timedelta | None,
    takes_over: bool,
) -> None:
    asked = []

    async def traded(take_over: bool) -> tuple[bool, str]:
        asked.append(take_over)
        return True, "Ended in order."

    planned = None if planned_ago is None else datetime.now(UTC) - planned_ago
    monkeypatch.setattr(module, "hot_path", traded)
    monkeypatch.setattr(flow_run, "get_scheduled_start_time", lambda: planned, raising=False)
    run: Any = module.executor.fn

    ended = await run()

    assert asked == [takes_over]
    assert (ended.name, ended.is_completed()) == ("HandedOver", True)
