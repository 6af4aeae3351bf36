"""What ``prefect.yaml`` says, read without a server."""

from __future__ import annotations

from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule

from deployments.project import read_entries

BY_ITSELF = {
    "executor": {"hand-over": "0 5 * * * Asia/Seoul"},
    "executor_watch": {"watch": "every 30 s"},
    "signal_intake": {"canary": "*/5 * * * * Asia/Seoul"},
    "entry": {"readiness": "every 60 s"},
    "exit_validation": {"exits": "every 10 s"},
    "reconcile": {"reconcile": "every 300 s"},
    "pnl_rollup": {"hourly": "5 * * * * Asia/Seoul"},
    "backup": {"hourly": "35 * * * * Asia/Seoul"},
    "market_rates": {"rates": "every 60 s"},
    "health": {"health": "every 30 s"},
}
"""Flow → its schedules. The day is closed at five past midnight in Korea by the hourly rollup."""
BY_HAND = {"one_leg_recovery", "emergency_stop", "resume", "restore", "backtest"}


def in_words(schedule: object) -> str:
    if isinstance(schedule, IntervalSchedule):
        return f"every {schedule.interval.total_seconds():.0f} s"
    assert isinstance(schedule, CronSchedule)
    return f"{schedule.cron} {schedule.timezone}"


def test_each_flow_runs_by_itself_as_often_as_it_says() -> None:
    found = {
        entry.entrypoint.partition(":")[2]: {
            str(item.slug): in_words(item.schedule) for item in entry.schedules if item.active
        }
        for entry in read_entries()
    }

    assert found == BY_ITSELF | {name: {} for name in BY_HAND}
