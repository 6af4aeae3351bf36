"""Flow ``health``: one line that says whether the desk is well; red when it is not."""

from __future__ import annotations

from typing import Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.desk_access import executor
from flows.run_names import named_by_time
from warehouse.records import HealthRecord


@flow(name="health", flow_run_name=named_by_time("health"), retries=0)
async def health() -> State[Any]:
    """Ask every part of the desk how it is."""
    async with executor() as desk:
        record = await desk.health()
    line = health_line(record)
    get_run_logger().log(20 if record["ok"] else 40, line)
    if record["ok"]:
        return Completed(name="Healthy", message=line)
    return Failed(name="Unhealthy", message=line)


def health_line(record: HealthRecord) -> str:
    """``healthy 6/6`` or ``unhealthy 4/6: upbit: book 12 s old; fx: no rate``."""
    parts = record["components"]
    ill = [f"{name}: {part.get('detail', '')}" for name, part in parts.items() if not part["ok"]]
    count = f"{len(parts) - len(ill)}/{len(parts)}"
    word = "healthy" if record["ok"] else "unhealthy"
    return f"{word} {count}: {'; '.join(ill)}" if ill else f"{word} {count}"
