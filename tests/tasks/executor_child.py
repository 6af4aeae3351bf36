"""An executor as a process of its own, with switches that are always off. Its settings come from
the environment. Used by tests that kill it. With ``take-over`` as argument it takes over from a
living one; the last line on standard output is why it ended."""

from __future__ import annotations

import asyncio
import signal
import sys

from tasks.executor import run_executor
from tasks.paper_desk import MemorySwitches
from tasks.settings import Settings


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    ended = await run_executor(
        Settings(),
        switches=MemorySwitches(),
        on_decided=lambda *_: None,
        stop=stop,
        take_over=sys.argv[1:] == ["take-over"],
    )
    print(ended)


if __name__ == "__main__":
    asyncio.run(main())
