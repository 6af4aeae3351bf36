"""Why something was paused while no executor lived: whoever stopped has left the reason in Prefect.

The stop itself holds at once. What is waited for here, in the background, is the sentence that
people are told; a Prefect that is slow or gone has them told of the pause without it.
"""

from __future__ import annotations

import asyncio
import logging

from tasks.errors import SwitchesUnreadable
from tasks.stop_board import StopBoard
from tasks.stop_reason import GivenReason
from tasks.switch_guard import Switches

log = logging.getLogger(__name__)

AT_ONCE_S = 1.0
"""So long people are not told of a pause because its reason is asked for."""
LATER_S = 5.0
"""Prefect's time to take the same question when they were."""
AGAIN_S = (1.0, 3.0, 10.0)
"""Pauses between the questions: whoever stops sets the switches first and then leaves the
reason."""
SILENT_S = 5.0
"""The pause while Prefect does not answer; that is waited out."""


class GivenReasons:
    """Asks for the reason of each pause that is found in Prefect, and tells the board."""

    def __init__(self, board: StopBoard, switches: Switches) -> None:
        self._board = board
        self._switches = switches
        self._names: asyncio.Queue[str] = asyncio.Queue()
        board.on_found = self._names.put_nowait

    async def run(self) -> None:
        """Ask until cancelled. What was being asked for then is asked for by the next run."""
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self._keep_asking(await self._names.get()))

    async def _keep_asking(self, name: str) -> None:
        try:
            await self._ask(name)
        except asyncio.CancelledError:  # with the guard's loop, perhaps, which is begun again
            self._names.put_nowait(name)
            raise

    async def _ask(self, name: str) -> None:
        within_s, pauses = AT_ONCE_S, iter(AGAIN_S)
        while True:
            given: GivenReason | None = None
            wait_s: float | None = SILENT_S
            try:
                async with asyncio.timeout(within_s):
                    given = await self._switches.given(name)
                wait_s = next(pauses, None)
            except (SwitchesUnreadable, TimeoutError):
                pass  # the guard's own questions tell of it
            except Exception:  # whatever Prefect says now: people are to hear of the pause
                log.exception("why is %s paused?", name)
            if not self._board.answered(name, given) or wait_s is None:
                return
            await asyncio.sleep(wait_s)
            within_s = LATER_S
