"""All that stops the desk and lets it trade again, put together."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass

from tasks.automatic_stops import AutomaticStops
from tasks.given_reasons import GivenReasons
from tasks.resuming import Resuming
from tasks.stop_board import StopBoard
from tasks.switch_guard import SwitchGuard
from tasks.switch_setter import SwitchSetter
from tasks.unforeseen import causes

log = logging.getLogger(__name__)

LAST_WORD_S = 3.0
"""How long a desk that fails waits for Prefect to be told why."""


@dataclass(frozen=True, slots=True)
class StopControl:
    guard: SwitchGuard
    setter: SwitchSetter
    board: StopBoard
    reasons: GivenReasons
    automatic: AutomaticStops
    resuming: Resuming

    async def run(self) -> None:
        """Hear of switches and set them, until cancelled; runs from the first moment on."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.guard.run())
            group.create_task(self.setter.run())
            group.create_task(self.reasons.run())

    async def failed(self, error: BaseException) -> None:
        """The desk is about to end with ``error``: whoever starts it again finds it stopped."""
        told = "; ".join(f"{type(cause).__name__}: {cause}" for cause in causes(error))
        self.automatic.system_error(f"the executor failed: {told}")
        await self.told()

    async def told(self) -> bool:
        """Try to tell Prefect now what it does not know yet; whether it knows all of it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORD_S):
                return await self.setter.deliver()
        return False
