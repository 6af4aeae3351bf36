"""Flow ``reconcile``: do the journal and both venues agree?"""

from __future__ import annotations

from typing import Any

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.desk_access import executor
from flows.run_names import named_by_time


@flow(name="reconcile", flow_run_name=named_by_time("reconcile"), retries=0)
async def reconcile() -> State[Any]:
    """Compare positions, orders, fills and balances; fail when a person must look."""
    logger = get_run_logger()
    async with executor() as desk:
        record = await desk.reconcile()
    differences = record["differences"]
    rows = [
        {**difference, "explained": difference["explained"] or "NO"} for difference in differences
    ]
    await acreate_table_artifact(
        rows or [{"result": "journal and venues agree"}],
        key="reconciliation",
        description="agreed" if record["agreed"] else "**NOT agreed**",
    )
    open_points = []
    for item in differences:
        line = (
            f"{item['kind']} {item['symbol']} at {item['venue']}: journal {item['journal']}, venue "
            f"{item['venue_says']}, difference {item['difference']}"
        )
        logger.info("%s (%s)", line, item["explained"] or "not explained")
        if item["explained"] is None:
            open_points.append(line)
    if record["agreed"]:
        return Completed(name="Agreed", message=f"Agreed; {len(rows)} explained differences.")
    return Failed(
        name="Disagreed",
        message=f"{'; '.join(open_points[:5])}. Entries stay off until this agrees: compare with "
        "the venue's own pages, then run one-leg-recovery/live and this again.",
    )
