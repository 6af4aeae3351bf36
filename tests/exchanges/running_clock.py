"""The machine's clock, which can also be put forward."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from tests.exchanges.manual_clock import ManualClock


class RunningClock(ManualClock):
    """Runs as fast as the machine's."""

    def __init__(self) -> None:
        super().__init__()
        self._ahead_s = 0.0

    def advance(self, seconds: float) -> None:
        self._ahead_s += seconds

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._ahead_s)

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead_s
