"""An emergency stop given to an executor that may be dead or hang: asked again until one confirms.

Asking again is safe: what is stopped, cancelled or closed already stays so.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from tasks.errors import ExecutorGone
from tasks.executor_answers import KillReport
from tasks.executor_client import ExecutorClient

PAUSE_S = 0.25


async def kill_surely(
    executor: ExecutorClient,
    reason: str,
    *,
    liquidate: bool,
    symbol: str | None,
    told: Callable[[str], None],
    patience_s: float,
) -> KillReport:
    """What the executor has done. ``told`` hears a sentence for each trouble on the way.

    Raises:
        ExecutorGone: none has confirmed it within ``patience_s``.
        ExecutorRefused: the executor's definite no; nothing was stopped.
    """
    began = time.monotonic()
    last = ""
    while True:
        try:
            return await executor.kill(reason, liquidate=liquidate, symbol=symbol)
        except ExecutorGone as error:
            if time.monotonic() - began > patience_s:
                raise
            if str(error) != last:
                told(f"{error}; it is asked again to stop")
                last = str(error)
        await asyncio.sleep(PAUSE_S)
