"""The executor as it trades, without a Prefect server: what ``kimp bench`` measures.

``python -m deployments.bench_executor``; settings come from the environment.
"""

from __future__ import annotations

import asyncio
import signal

from tasks.executor import run_executor
from tasks.outcome import Outcome
from tasks.paper_desk import MemorySwitches
from tasks.settings_loading import load_settings
from tasks.signal import Signal


def nobody_listens(_signal: Signal, _outcome: Outcome, _door: str) -> None:
    """Decisions are reported to Prefect elsewhere; here there is none."""


async def run() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run_executor(
        load_settings(), switches=MemorySwitches(), on_decided=nobody_listens, stop=stop
    )


if __name__ == "__main__":
    asyncio.run(run())
