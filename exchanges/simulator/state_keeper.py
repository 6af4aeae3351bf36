"""When the simulated venues are saved: soon after each change, and at the end."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from exchanges.simulator.simulation import Simulation
from exchanges.simulator.state_file import StateFile

LOOK_EVERY_S = 0.2
"""A change is on its way to the file after that time at the latest."""
TIME_EVERY_S = 5.0
"""How often the market's time is saved while nothing else changes."""


class StateKeeper:
    """An async context manager: saves at the beginning, so that a file that cannot be written
    shows at once, and at the end, unless that is an error. Raises CannotSave."""

    def __init__(self, simulation: Simulation, file: StateFile) -> None:
        self._simulation = simulation
        self._file = file
        self._saved_changes = -1
        self._saved_at = 0.0
        # One thread: writes that were begun end before a later one.
        self._writer = ThreadPoolExecutor(1, "simulator-state")

    async def __aenter__(self) -> Self:
        await self._save()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            await self._save()
        self._writer.shutdown()

    async def keep(self) -> None:
        """Save what changes until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            age = asyncio.get_running_loop().time() - self._saved_at
            if self._simulation.changes != self._saved_changes or age >= TIME_EVERY_S:
                await self._save()

    async def _save(self) -> None:
        loop = asyncio.get_running_loop()
        self._saved_changes, self._saved_at = self._simulation.changes, loop.time()
        content = self._file.encode(self._simulation.snapshot())
        await loop.run_in_executor(self._writer, self._file.write, content)
