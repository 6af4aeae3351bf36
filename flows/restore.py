"""Flow ``restore``: a backup in place of journal and books, while no executor runs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.alone import alone
from flows.reason import Reason
from flows.run_names import named_by_time
from tasks.settings_loading import load_settings
from warehouse import Warehouse
from warehouse.errors import BackupError
from warehouse.restore import restore_backup


@flow(name="restore", flow_run_name=named_by_time("restore"), retries=0)
async def restore(
    file: str,
    reason: Reason,
    confirm: Literal["RESTORE"],
) -> State[Any]:
    """Replace the journal and the books by a backup; what was there is kept beside them.

    First pause `executor/live` and cancel its run: a desk at work is never replaced. The restored
    desk starts stopped, until `resume/live`.

    Args:
        file: Path of the archive on the desk's machine.
        reason: Why; it stands in the journal as the reason of the stop.
        confirm: The word RESTORE.
    """
    return await alone("restore", _put_back(file, reason))


async def _put_back(file: str, reason: str) -> State[Any]:
    logger, settings = get_run_logger(), load_settings()
    books = Warehouse(settings.warehouse_file, settings.journal_dir)

    def work() -> list[str]:
        return restore_backup(
            Path(file),
            books,
            mode=settings.mode,
            reason=reason,
            clock_now=lambda: datetime.now(UTC),
        ).sentences()

    try:
        told = await asyncio.to_thread(work)
    except BackupError as error:
        return Failed(name="NotRestored", message=str(error))
    for line in told:
        logger.info("%s", line)
    summary = "\n".join(f"- {line}" for line in told)
    await acreate_markdown_artifact(summary, key="restore", description="the last restore")
    return Completed(name="Restored", message=told[0])
