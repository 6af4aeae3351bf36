"""That a program of the desk died and is started again: a line of ``up``, and an alert."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deployments.child_process import ChildProcess, end_in_words
from deployments.progress import Progress
from tasks.alert import AlertLevel, AlertType
from tasks.errors import DeskError
from tasks.executor_client import ExecutorClient
from tasks.stop_reason import time_text
from tasks.unforeseen import Unforeseen

ALERT_S = 3.0
"""An alert may not keep what died from being started again."""
AGAIN_S = 5.0
"""Between two tries to reach an executor that was not there."""
MOST = 100
"""Alerts that wait for one; the oldest goes first."""


@dataclass(frozen=True, slots=True)
class News:
    subject: str
    sentence: str
    at: datetime
    is_over: bool

    def told(self, *, late: bool) -> str:
        return f"{self.sentence} (at {time_text(self.at)})." if late else f"{self.sentence}."


class DeathNotice:
    """Hears of deaths from the supervisor. What no executor is there to take waits for one."""

    def __init__(self, progress: Progress, socket_file: Path) -> None:
        self._progress = progress
        self._socket_file = socket_file
        self._waiting: deque[News] = deque(maxlen=MOST)
        self._raising = asyncio.Lock()
        self._unforeseen = Unforeseen()
        self._later: asyncio.Task[None] | None = None

    async def died(self, child: ChildProcess, exit_code: int) -> None:
        end = end_in_words(exit_code)
        await self._tell(child, f"{child.name} ended unexpectedly ({end}); it is started again")

    async def back(self, child: ChildProcess) -> None:
        await self._tell(child, f"{child.name} runs again", is_over=True)

    async def _tell(self, child: ChildProcess, sentence: str, *, is_over: bool = False) -> None:
        self._progress.line(sentence)
        subject = child.name.lower().replace(" ", "-")
        self._waiting.append(News(subject, sentence, datetime.now(UTC), is_over))
        if self._is_trying:
            return
        problem = await self._raise()
        if problem is not None and not self._is_trying:  # another death may have begun it meanwhile
            self._progress.note(f"no alert yet: {problem}")
            self._later = asyncio.create_task(self._keep_trying())

    @property
    def _is_trying(self) -> bool:
        return self._later is not None and not self._later.done()

    async def _keep_trying(self) -> None:
        while self._waiting:
            await asyncio.sleep(AGAIN_S)
            await self._raise(late=True)

    async def _raise(self, *, late: bool = False) -> str | None:
        """Raise what waits, in its order; why not all of it could be."""
        with self._unforeseen.survived("the alert of a death"):
            return await self._send(late=late)
        return "it failed as nobody has foreseen"

    async def _send(self, *, late: bool) -> str | None:
        try:
            async with (
                asyncio.timeout(ALERT_S),
                self._raising,
                ExecutorClient(self._socket_file) as executor,
            ):
                while self._waiting:
                    news = self._waiting[0]
                    level = AlertLevel.INFO if news.is_over else AlertLevel.CRITICAL
                    await executor.raise_alert(
                        AlertType.SYSTEM_ERROR,
                        level,
                        news.told(late=late),
                        subject=news.subject,
                        is_over=news.is_over,
                    )
                    # What came meanwhile may have pushed it out.
                    if self._waiting and self._waiting[0] is news:
                        self._waiting.popleft()
        except DeskError as error:
            return str(error)
        except TimeoutError:
            return f"the executor took more than {ALERT_S:g} s"
        return None
