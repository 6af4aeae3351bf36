"""Tells people that no executor lives while Prefect, which runs ``executor-watch/live``, is mute.

Beside the watch below ``up`` and in the executor's host, which must not wait for a channel. What
was told and by whom is kept in one place, so nobody hears it twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from tasks.executor_absence import ExecutorAbsence

AGAIN_S = 30.0
"""A channel that was away is tried again after this."""


class AbsenceNotice:
    """Every method returns at once; :meth:`close` at the end."""

    def __init__(self, absence: ExecutorAbsence) -> None:
        self._absence = absence
        self._telling: asyncio.Task[None] | None = None
        self._not_before = 0.0
        self._is_missing = False

    def missing(self, message: str) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._not_before and self._begin(self._absence.tell(message)):
            self._not_before = now + AGAIN_S
            self._is_missing = True

    def back(self) -> None:
        if self._is_missing and self._begin(self._absence.end("An executor lives again.")):
            self._is_missing, self._not_before = False, 0.0

    def close(self) -> None:
        if self._telling is not None:
            self._telling.cancel()

    def _begin(self, work: Coroutine[object, object, None]) -> bool:
        """False: something is still being told."""
        if self._telling is not None and not self._telling.done():
            work.close()
            return False
        self._telling = asyncio.create_task(work)
        return True
