"""Where the project lies on this machine, and what it deploys (``prefect.yaml``)."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from prefect import Flow
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from ruamel.yaml import YAML

PROJECT = Path(__file__).resolve().parent.parent
PREFECT_YAML = Path(__file__).resolve().parent / "prefect.yaml"

PROJECT_VARIABLE = "{{ $KIMP_PROJECT }}"

HOT = "hot"
BATCH = "batch"


@dataclass(frozen=True, slots=True)
class DeploymentEntry:
    """One deployment of ``prefect.yaml``."""

    name: str
    entrypoint: str
    """``flows/health.py:health``."""
    pool: str
    queue: str | None
    """Of the pool; None: its own default one."""
    description: str
    tags: tuple[str, ...]
    schedules: tuple[DeploymentScheduleCreate, ...]

    def load_flow(self) -> Flow[..., Any]:
        """Import the flow. ImportError when its module does not exist."""
        path, _, function = self.entrypoint.partition(":")
        module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
        flow: Flow[..., Any] = getattr(module, function)
        return flow


def read_entries(file: Path = PREFECT_YAML) -> list[DeploymentEntry]:
    """Every deployment of the file, in its order."""
    return [_entry(fields) for fields in YAML(typ="safe").load(file)["deployments"]]


def pull_steps(file: Path = PREFECT_YAML) -> list[dict[str, Any]]:
    """The file's pull steps with this machine's project folder filled in."""
    text = file.read_text("utf-8").replace(PROJECT_VARIABLE, str(PROJECT))
    steps: list[dict[str, Any]] = YAML(typ="safe").load(text)["pull"]
    return steps


def _entry(fields: dict[str, Any]) -> DeploymentEntry:
    return DeploymentEntry(
        name=fields["name"],
        entrypoint=fields["entrypoint"],
        pool=fields["work_pool"]["name"],
        queue=fields["work_pool"].get("work_queue_name"),
        description=fields["description"],
        tags=tuple(fields["tags"]),
        schedules=tuple(_schedule(item) for item in fields.get("schedules", [])),
    )


def _schedule(fields: dict[str, Any]) -> DeploymentScheduleCreate:
    """Schedules in the file are always switched on; the deployment's pause is the switch."""
    schedule: CronSchedule | IntervalSchedule
    if "cron" in fields:
        schedule = CronSchedule(cron=fields["cron"], timezone=fields["timezone"])
    else:
        schedule = IntervalSchedule(interval=timedelta(seconds=fields["interval"]))
    return DeploymentScheduleCreate(schedule=schedule, active=True, slug=fields["slug"])
