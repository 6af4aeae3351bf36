"""An executor as a process of its own, with switches that are always off. Its settings come from
the environment. Used by tests that kill it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterable, Mapping

from tasks.executor import run_executor
from tasks.settings import Settings
from tasks.switch_guard import ENTRY, EXECUTOR, EXIT_VALIDATION, SIGNAL_INTAKE


class Off:
    async def read(self) -> Mapping[str, bool]:
        return dict.fromkeys((ENTRY, SIGNAL_INTAKE, EXIT_VALIDATION, EXECUTOR), False)

    async def pause(self, names: Iterable[str], reason: str) -> None:
        """Nobody to tell."""


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run_executor(Settings(), switches=Off(), on_decided=lambda *_: None, stop=stop)


if __name__ == "__main__":
    asyncio.run(main())
