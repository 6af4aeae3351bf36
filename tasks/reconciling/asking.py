"""Questions to a venue that nobody waits for: they give way to the rate limits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from exchanges.clock import Clock
from exchanges.errors import RateLimited
from tasks.leg_venue import LegVenue

T = TypeVar("T")

PATIENCE_S = 2.0
"""How long a question, under a lock, may wait for room in the rate limits."""


class Asking:
    """Asks again when it could not be asked for a moment."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def ask(self, venue: LegVenue, question: Callable[[], Awaitable[T]]) -> T:
        """The venue's answer. Raises ExchangeError."""
        return await self.again(lambda: venue.call(question()))

    async def again(self, question: Callable[[], Awaitable[T]]) -> T:
        """As :meth:`ask` where ``question`` tells the circuit breaker itself."""
        give_up = self._clock.monotonic() + PATIENCE_S
        while True:
            try:
                return await question()
            except RateLimited as error:
                if error.banned or self._clock.monotonic() + error.retry_after_s > give_up:
                    raise
                wait_s = error.retry_after_s
            await asyncio.sleep(wait_s)
