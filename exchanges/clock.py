"""Time, injected: the same code runs on the machine's clock and on a virtual one.

Waiting is plain :func:`asyncio.sleep`; a virtual run replaces the event loop
(see :mod:`exchanges.virtual_time`), so only *reading* the time is injected.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the desk and the simulated venues read the time."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC. For records and venue timestamps."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards. For durations and ages."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()
