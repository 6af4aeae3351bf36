"""A venue's own clock, which may run ahead of or behind the machine's."""

from __future__ import annotations

from datetime import datetime, timedelta

from exchanges.clock import Clock


class VenueClock:
    """``clock`` shifted by a settable offset; durations are not affected."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.offset_ms = 0
        """Positive: the venue is ahead."""

    def now(self) -> datetime:
        now = self._clock.now()
        return now + timedelta(milliseconds=self.offset_ms) if self.offset_ms else now

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def now_ms(self) -> int:
        """Unix time of the venue in milliseconds."""
        return int(self.now().timestamp() * 1000)
