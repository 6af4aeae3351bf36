"""That a program of the desk died and is started again: a line of ``up``, and an alert."""

from __future__ import annotations

import asyncio
from pathlib import Path

from deployments.child_process import ChildProcess, end_in_words
from deployments.progress import Progress
from tasks.alert import AlertLevel, AlertType
from tasks.errors import DeskError
from tasks.executor_client import ExecutorClient

ALERT_S = 3.0
"""An alert may not keep what died from being started again."""


class DeathNotice:
    """Hears of deaths from the supervisor. Without an executor there is nobody to alert."""

    def __init__(self, progress: Progress, socket_file: Path) -> None:
        self._progress = progress
        self._socket_file = socket_file

    async def died(self, child: ChildProcess, exit_code: int) -> None:
        end = end_in_words(exit_code)
        await self._tell(child, f"{child.name} ended unexpectedly ({end}); it is started again")

    async def back(self, child: ChildProcess) -> None:
        await self._tell(child, f"{child.name} runs again", is_over=True)

    async def _tell(self, child: ChildProcess, sentence: str, *, is_over: bool = False) -> None:
        self._progress.line(sentence)
        try:
            async with (
                asyncio.timeout(ALERT_S),
                ExecutorClient(self._socket_file) as executor,
            ):
                await executor.raise_alert(
                    AlertType.SYSTEM_ERROR,
                    AlertLevel.INFO if is_over else AlertLevel.CRITICAL,
                    f"{sentence}.",
                    subject=child.name.lower().replace(" ", "-"),
                    is_over=is_over,
                )
        except DeskError as error:
            self._progress.note(f"no alert: {error}")
        except TimeoutError:
            self._progress.note(f"no alert: the executor took more than {ALERT_S:g} s")
