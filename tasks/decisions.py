"""Each signal is decided once; who asks again gets the first outcome.

Signals are told apart by id. A signal enters here only after its signature
was verified, so nobody can use up another's id.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tasks.outcome import Outcome
from tasks.signal import Signal, canonical_bytes


@dataclass(slots=True)
class _Decision:
    content: bytes
    outcome: asyncio.Future[Outcome]


class Decisions:
    """Outcomes by signal id, of this run and, after :meth:`restore`, of earlier ones."""

    def __init__(self) -> None:
        self._decisions: dict[str, _Decision] = {}

    def knows(self, signal: Signal) -> bool:
        return signal.id in self._decisions

    def is_same(self, signal: Signal) -> bool:
        """Is the known signal of this id this very one?"""
        return self._decisions[signal.id].content == canonical_bytes(signal)

    async def first(self, signal: Signal) -> Outcome:
        """The outcome of the first time, waited for if it is not decided yet."""
        return await asyncio.shield(self._decisions[signal.id].outcome)

    def begin(self, signal: Signal) -> asyncio.Future[Outcome]:
        """Take a signal in; the future is what :meth:`decide` will fill."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._decisions[signal.id] = _Decision(canonical_bytes(signal), future)
        return future

    def decide(self, outcome: Outcome) -> None:
        self._decisions[outcome.signal_id].outcome.set_result(outcome)

    def forget(self, signal: Signal, outcome: Outcome) -> None:
        """Answer whoever waits for ``signal``, and leave its id unused."""
        self._decisions.pop(signal.id).outcome.set_result(outcome)

    def restore(self, signal: Signal, outcome: Outcome) -> None:
        """Take a decision from the journal."""
        self.begin(signal).set_result(outcome)
