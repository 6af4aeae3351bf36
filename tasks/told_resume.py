"""A resume that is asked for, and what the desk waits for meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from tasks.errors import DeskError
from tasks.executor_client import ExecutorClient

if TYPE_CHECKING:
    from tasks.executor_answers import ResumeReport

LOOK_S = 0.5


async def told_resume(
    executor: ExecutorClient, reason: str, tell: Callable[[str], None]
) -> ResumeReport:
    """As :meth:`ExecutorClient.resume`; ``tell`` gets a sentence for everything that the desk
    begins to wait for before it answers."""
    watching = asyncio.create_task(_watch(executor, tell))
    try:
        return await executor.resume(reason)
    finally:
        watching.cancel()
        await asyncio.wait([watching])


async def _watch(executor: ExecutorClient, tell: Callable[[str], None]) -> None:
    """Until cancelled. An executor that does not answer here says so to whoever resumes."""
    told = None
    while True:
        await asyncio.sleep(LOOK_S)
        with suppress(DeskError):
            # One of an earlier version does not say.
            resuming = (await executor.state()).get("resuming")
            waits_for = resuming and resuming["waits_for"]
            if waits_for and waits_for != told:
                tell(f"the desk is looking whether it may trade, and waits for {waits_for}")
            told = waits_for
