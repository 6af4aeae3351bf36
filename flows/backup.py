"""Flow ``backup``: journal and books into one archive, while the desk trades."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.alone import alone
from flows.run_names import named_by_time
from tasks.backing_up import BackedUp, back_up
from tasks.settings_loading import load_settings
from warehouse.errors import BackupError, JournalError


@flow(name="backup", flow_run_name=named_by_time("backup"), retries=0)
async def backup() -> State[Any]:
    """Archive the journal and the books, read the archive back, copy it, delete old ones."""
    return await alone("backup", _back_up())


async def _back_up() -> State[Any]:
    logger, settings = get_run_logger(), load_settings()
    try:
        done = await asyncio.to_thread(back_up, settings, settings.mode, datetime.now(UTC))
    except BackupError as error:
        return Failed(name="NoBackup", message=f"{error} The desk trades on; the next run tries.")
    except JournalError as error:
        return Failed(name="NoBackup", message=str(error))
    for line in done.sentences():
        logger.info("%s", line)
    await acreate_markdown_artifact(_summary(done), key="backup", description="the last backup")
    if done.copy_failed is not None:
        return Failed(
            name="NotCopied",
            message=f"{done.copy_failed} It is only on the desk's own disk: {done.backup.file}.",
        )
    return Completed(message=f"{done.backup.file.name}: {done.sentences()[0]}")


def _summary(done: BackedUp) -> str:
    lines = [f"## {done.backup.file.name}", "", *(f"- {line}" for line in done.sentences())]
    return "\n".join([*lines, f"- put it back: `kimp restore {done.backup.file} --reason …`"])
