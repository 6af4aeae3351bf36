"""One venue's circuit breaker.

::

    closed ──5 failures in a row──▶ open ──30 s──▶ half-open (one probe)
       ▲                              ▲                │
       └────────── success ───────────┼────────────────┤
                                      └──── failure ───┘

What counts is the caller's matter: a failure is what speaks against the venue's
health or the way to it. A definite business rejection is an answer, so a success.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

from exchanges.clock import Clock


class CircuitState(StrEnum):
    CLOSED = "closed"
    """Calls go through."""
    OPEN = "open"
    HALF_OPEN = "half_open"
    """One probe is under way; its end decides."""


class CircuitBreaker:
    """Counts failures in a row. ``failures`` of them open it for ``reset_s`` seconds."""

    def __init__(
        self,
        clock: Clock,
        *,
        failures: int = 5,
        reset_s: float = 30.0,
        on_change: Callable[[CircuitState], None] = lambda state: None,
    ) -> None:
        """``on_change`` hears of each new state; it must not raise."""
        self._clock = clock
        self._on_change = on_change
        self._limit = failures
        self._reset_s = reset_s
        self._state = CircuitState.CLOSED
        self._in_a_row = 0
        self._since = 0.0

    @property
    def state(self) -> CircuitState:
        return self._state

    def allow(self) -> bool:
        """May a call be made now? Asking when a probe is due takes the probe.

        A probe that never reports back, because it was cancelled, is given out again after
        another ``reset_s``.
        """
        if self._state is CircuitState.CLOSED:
            return True
        if self._clock.monotonic() - self._since < self._reset_s:
            return False
        self._enter(CircuitState.HALF_OPEN)
        return True

    def succeeded(self) -> None:
        """A call was answered. While open this is a late answer and changes nothing."""
        if self._state is not CircuitState.OPEN:
            self._in_a_row = 0
            if self._state is not CircuitState.CLOSED:
                self._enter(CircuitState.CLOSED)

    def failed(self) -> None:
        """A call failed in a way that speaks against the venue's health."""
        if self._state is CircuitState.HALF_OPEN:
            self._enter(CircuitState.OPEN)
        elif self._state is CircuitState.CLOSED:
            self._in_a_row += 1
            if self._in_a_row >= self._limit:
                self._enter(CircuitState.OPEN)

    def restore(self, state: CircuitState, since: datetime) -> None:
        """As it stood when the last run ended, in ``state`` since then. A probe that was under way
        has ended with that run: its circuit is open, and the next probe due as it was."""
        self._state = CircuitState.CLOSED if state is CircuitState.CLOSED else CircuitState.OPEN
        stands_s = max((self._clock.now() - since).total_seconds(), 0.0)
        self._since = self._clock.monotonic() - stands_s

    def _enter(self, state: CircuitState) -> None:
        is_new = state is not self._state
        self._state = state
        self._since = self._clock.monotonic()
        if is_new:
            self._on_change(state)
