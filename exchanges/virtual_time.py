"""An event loop whose time jumps to the next timer instead of waiting.

Years of desk and simulated venue run in minutes with unchanged code: every
``asyncio.sleep`` and time-out is a timer of the loop, and when nothing else
is ready the loop's clock moves to the earliest one. Only for programs whose
I/O is all in memory: nothing here waits for a socket.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

_TIMER_GRANULARITY_S = 1e-6
"""Added when jumping, so that a timer is due in spite of binary rounding."""


class _JumpingSelector(selectors.SelectSelector):
    """Reports no I/O and turns the time that would be waited into a jump."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("virtual time stands still: every task waits and no timer is set")
        if timeout > 0:
            self.now += timeout + _TIMER_GRANULARITY_S
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Single-threaded, deterministic, without real waiting."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


class VirtualClock:
    """A :class:`exchanges.clock.Clock` on a :class:`VirtualTimeLoop`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("start: expected an aware time")
        self._loop = loop
        self._start = start.astimezone(UTC)
        self._known = 0.0, self._start

    def now(self) -> datetime:
        seconds = self._loop.time()
        if seconds != self._known[0]:  # it stands still until the loop jumps
            self._known = seconds, self._start + timedelta(seconds=seconds)
        return self._known[1]

    def monotonic(self) -> float:
        return self._loop.time()


def run_virtually(main: Coroutine[Any, Any, T], loop: VirtualTimeLoop) -> T:
    """Run ``main`` to its end on ``loop``, cancel what it left behind, and close the loop."""
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main)
