"""Schedules are read without a walk through the machine's time zones."""

from __future__ import annotations

import pytest
from prefect.server.schemas.schedules import CronSchedule
from prefect.types import _datetime

from deployments.prefect_timezones import remember_timezones


def test_many_schedules_are_checked_against_names_read_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reads = []

    def walked() -> set[str]:
        reads.append(1)
        return {"Asia/Seoul", "UTC"}

    monkeypatch.setattr(_datetime, "available_timezones", walked)
    remember_timezones()

    schedules = [CronSchedule(cron="5 * * * *", timezone="Asia/Seoul") for _ in range(3)]

    assert {schedule.timezone for schedule in schedules} == {"Asia/Seoul"}
    assert len(reads) == 1
    with pytest.raises(ValueError, match="Seoul/Asia"):
        CronSchedule(cron="5 * * * *", timezone="Seoul/Asia")
