"""Does a hot worker live? Asked by the executor: what runs in that worker cannot miss it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from flows.prefect_api import PrefectApi, PrefectRefused, PrefectSilent
from tasks.alert import AlertLevel, AlertType
from tasks.errors import DeskError
from tasks.executor_client import ExecutorClient

log = logging.getLogger(__name__)

POOL = "hot"
SUBJECT = "hot-worker"
POLL_S = 5.0
SILENT = timedelta(seconds=20)
"""A hot worker is heard every five seconds."""
FIRST_S = 60.0
"""At a start the executor comes up before the worker."""


async def watch_hot_worker(
    socket_file: Path, *, first_s: float = FIRST_S, poll_s: float = POLL_S
) -> None:
    """Until cancelled: raise an alert when no worker of the pool is heard any more, and say when
    one is. The first look is told whatever it finds: the life before may have missed one. A Prefect
    that does not answer says nothing about its workers."""
    api = PrefectApi()
    was_there: bool | None = None
    await asyncio.sleep(first_s)
    try:
        while True:
            try:
                is_there = await _is_heard(api)
                if is_there is not was_there:
                    await _tell(socket_file, is_over=is_there)
                    was_there = is_there
            except (PrefectSilent, PrefectRefused, DeskError) as error:
                log.debug("is there a hot worker? %s", error)
            except Exception:  # whatever Prefect says now: a worker that dies later must be missed
                log.exception("is there a hot worker?")
            await asyncio.sleep(poll_s)
    finally:
        await api.aclose()


async def _is_heard(api: PrefectApi) -> bool:
    answer = await api.ask("POST", f"/work_pools/{POOL}/workers/filter", {})
    now = datetime.now(UTC)
    return any(
        row["last_heartbeat_time"]
        and now - datetime.fromisoformat(row["last_heartbeat_time"]) < SILENT
        for row in cast(Sequence[Mapping[str, Any]], answer)
    )


async def _tell(socket_file: Path, *, is_over: bool) -> None:
    message = "A hot worker is at work again."
    if not is_over:
        message = (
            f"No hot worker has been heard for {SILENT.seconds} s: signals through Prefect, "
            "automatic exits and health runs wait for one; start it. The fast door, open pairs and "
            "repairs do not need it."
        )
    async with ExecutorClient(socket_file) as executor:
        await executor.raise_alert(
            AlertType.SYSTEM_ERROR,
            AlertLevel.INFO if is_over else AlertLevel.CRITICAL,
            message,
            subject=SUBJECT,
            is_over=is_over,
        )
