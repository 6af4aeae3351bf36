"""The executor as it trades, without a Prefect server: what ``kimp bench`` measures.

``python -m deployments.bench_executor``; settings come from the environment.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterable, Mapping

from tasks.executor import run_executor
from tasks.outcome import Outcome
from tasks.settings_loading import load_settings
from tasks.signal import Signal
from tasks.switch_guard import ENTRY, EXECUTOR, EXIT_VALIDATION, SIGNAL_INTAKE


class SwitchesOn:
    """Every deployment runs."""

    async def read(self) -> Mapping[str, bool]:
        return dict.fromkeys((ENTRY, SIGNAL_INTAKE, EXIT_VALIDATION, EXECUTOR), False)

    async def pause(self, names: Iterable[str], reason: str) -> None:
        print(f"asked to pause {', '.join(names)}: {reason}", file=sys.stderr)


def nobody_listens(_signal: Signal, _outcome: Outcome, _door: str) -> None:
    """Decisions are reported to Prefect elsewhere; here there is none."""


async def run() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run_executor(load_settings(), switches=SwitchesOn(), on_decided=nobody_listens, stop=stop)


if __name__ == "__main__":
    asyncio.run(run())
