"""Each signal is decided once; who asks again gets the first outcome.

Signals are told apart by id. A signal enters here only after its signature
was verified, so nobody can use up another's id. An outcome is kept for as long
as its signal could still be taken for valid and its pair is open, and beyond
that while there is room: who asks later gets a refusal, the signal being too
old, and no second trade.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from exchanges.clock import Clock
from tasks.outcome import Outcome
from tasks.signal import Signal, canonical_bytes

KEPT = 10_000
"""Outcomes that are kept although nothing demands it."""
_LOOKED_AT = 4
"""How many of the oldest are judged for each new signal, so that each is judged again and again."""


@dataclass(slots=True)
class _Decision:
    digest: bytes
    outcome: asyncio.Future[Outcome]
    valid_until: datetime


class Decisions:
    """Outcomes by signal id, of this run and, after :meth:`restore`, of earlier ones."""

    def __init__(
        self, clock: Clock, lead: timedelta, is_open: Callable[[str], bool], *, kept: int = KEPT
    ) -> None:
        """
        Args:
            clock: Signals are dated by its wall time.
            lead: How far in the future a signal may be dated.
            is_open: Is the pair of this id open?
            kept: How many outcomes are kept although nothing demands it.
        """
        self._clock = clock
        self._lead = lead
        self._is_open = is_open
        self._kept = kept
        self._decisions: dict[str, _Decision] = {}

    def __len__(self) -> int:
        return len(self._decisions)

    def knows(self, signal: Signal) -> bool:
        return signal.id in self._decisions

    def is_same(self, signal: Signal) -> bool:
        """Is the known signal of this id this very one?"""
        return self._decisions[signal.id].digest == _digest(signal)

    async def first(self, signal: Signal) -> Outcome:
        """The outcome of the first time, waited for if it is not decided yet."""
        return await asyncio.shield(self._decisions[signal.id].outcome)

    def begin(self, signal: Signal) -> asyncio.Future[Outcome]:
        """Take a signal in; the future is what :meth:`decide` will fill."""
        self._make_room()
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        valid_until = signal.created_at + timedelta(milliseconds=signal.ttl_ms) + self._lead
        self._decisions[signal.id] = _Decision(_digest(signal), future, valid_until)
        return future

    def decide(self, outcome: Outcome) -> None:
        self._decisions[outcome.signal_id].outcome.set_result(outcome)

    def forget(self, signal: Signal, outcome: Outcome) -> None:
        """Answer whoever waits for ``signal``, and leave its id unused."""
        self._decisions.pop(signal.id).outcome.set_result(outcome)

    def restore(self, signal: Signal, outcome: Outcome) -> None:
        """Take a decision from the journal."""
        self.begin(signal).set_result(outcome)

    def _make_room(self) -> None:
        """Drop the oldest that may go. One that must stay becomes the youngest."""
        now = self._clock.now()
        for _ in range(_LOOKED_AT):
            if len(self._decisions) < self._kept:
                return
            signal_id, oldest = next(iter(self._decisions.items()))
            del self._decisions[signal_id]
            if self._must_stay(oldest, now):
                self._decisions[signal_id] = oldest

    def _must_stay(self, decision: _Decision, now: datetime) -> bool:
        if not decision.outcome.done() or now <= decision.valid_until:
            return True
        pair_id = decision.outcome.result().pair_id
        return pair_id is not None and self._is_open(pair_id)


def _digest(signal: Signal) -> bytes:
    """What tells a signal from another of the same id."""
    return hashlib.sha256(canonical_bytes(signal)).digest()
