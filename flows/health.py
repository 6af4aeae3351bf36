"""Flow ``health``: one line that says whether the desk is well; red when it is not."""

from __future__ import annotations

import logging
from typing import Any

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.alone import alone
from flows.desk_access import executor
from flows.executor_gone import or_no_executor
from flows.run_names import named_by_time
from warehouse.records import HealthComponent, HealthRecord


@flow(name="health", flow_run_name=named_by_time("health"), retries=0)
async def health() -> State[Any]:
    """Ask every part of the desk how it is."""
    return await or_no_executor(alone("health", look()))


async def look() -> State[Any]:
    """The line as log, state and artifact; the artifact's table has a row for each part."""
    async with executor() as desk:
        record = await desk.health()
    line = health_line(record)
    await acreate_markdown_artifact(health_markdown(record), key="health", description=line)
    if not record["ok"]:
        get_run_logger().error(line)
        return Failed(name="Unhealthy", message=line)
    warned = any(part["warning"] for part in record["components"].values())
    get_run_logger().log(logging.WARNING if warned else logging.INFO, line)
    return Completed(name="Warning" if warned else "Healthy", message=line)


def health_line(record: HealthRecord) -> str:
    """``healthy 9/9 · trading · errors 1h 0`` or ``unhealthy 8/9 (upbit: circuit open, …) ·
    no entries: entry/live is paused in Prefect · errors 1h 2, today 5``."""
    parts = record["components"]
    well = sum(part["ok"] for part in parts.values())
    told = [f"{name}: {_trouble(part)}" for name, part in parts.items() if _trouble(part)]
    word = "healthy" if record["ok"] else "unhealthy"
    count = f"{word} {well}/{len(parts)}" + (f" ({'; '.join(told)})" if told else "")
    against = record["against_entries"]
    entries = f"no entries: {'; '.join(against)}" if against else "trading"
    errors = f"errors 1h {record['errors_hour']}"
    if record["errors_today"] > record["errors_hour"]:
        errors += f", today {record['errors_today']}"
    return " · ".join([count, entries, errors])


def health_markdown(record: HealthRecord) -> str:
    """The line, and every part with its figures."""
    rows = [
        f"| {name} | {_verdict(part)} | {part['detail']} |"
        for name, part in record["components"].items()
    ]
    errors = f"Errors: {record['errors_hour']} in the last hour, {record['errors_today']} today."
    return "\n".join(
        [f"**{health_line(record)}**", "", "| part | | now |", "|---|---|---|", *rows, "", errors]
    )


def _trouble(part: HealthComponent) -> str:
    return (part["warning"] or "") if part["ok"] else part["detail"]


def _verdict(part: HealthComponent) -> str:
    if not part["ok"]:
        return "**ill**"
    return "warning" if part["warning"] else "ok"
