"""What must be true of a desk that was killed, and when it is back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from exchanges.hyperliquid.client_order_ids import client_order_id_of
from exchanges.instrument import Venue
from tasks.desk_operations import IN_DOUBT
from tasks.executor_client import ExecutorClient
from tasks.outcome import OutcomeStatus
from tasks.pair import Pair
from tasks.pair_transitions import PairState
from tasks.signal import Signal
from tests.kills.traffic import Traffic
from tests.tasks.cash_flows import Accounts
from tests.tasks.desks import LOT, PLACE
from tests.tasks.executors import DOLLARS, KRW, Served
from warehouse import Position, read
from warehouse.records import RecordType

BEGAN = Accounts(KRW, Decimal(0), Decimal(0), DOLLARS)
SETTLED_WITHIN_S = 30.0
AGAIN = 3
"""How many of the last signals are sent once more after each kill; and of those that had traded
before it as many."""


@dataclass(slots=True)
class Verdict:
    """Looks at venues, journal and desk after each kill, and remembers what it has seen."""

    served: Served
    client: ExecutorClient
    traffic: Traffic
    placed: Counter[str] = field(default_factory=Counter)
    """How often each client order id reached a venue."""
    intended: Counter[str] = field(default_factory=Counter)
    alarmed: set[str] = field(default_factory=set)
    """Pairs that a critical alert names."""
    records: int = 0
    naked: set[str] = field(default_factory=set)
    _traded: Sequence[Signal] = ()
    """Of earlier lives."""
    _arrived_ns: int = 0
    _read_to: Position | None = None

    def of_the_dead(self) -> None:
        """Raises AssertionError with what journal and venues show to be wrong: nobody has to live
        for it."""
        self._of_orders()
        traded = [name for name, told in self.traffic.answers.items() if told.legs]
        self._traded = [self.traffic.sent[name] for name in traded[-AGAIN:]]

    async def give(self) -> None:
        """Raises AssertionError with what is wrong. The venues do as they are told meanwhile."""
        pairs = await self._settled_pairs()
        self._of_orders()
        self._each_pair_is_whole_or_alarmed(pairs)
        held, expected = self.served.accounts(), BEGAN.after(pairs)
        assert held == expected, f"the accounts hold {held}, by the pairs it is {expected}"
        reconciled = await self.client.reconcile()
        assert reconciled["differences"] == [], reconciled
        await self._what_was_answered_stays_answered()

    def _of_orders(self) -> None:
        self._read_journal()
        self._see_orders()
        self._no_id_was_sent_twice()

    async def _settled_pairs(self) -> Sequence[Pair]:
        """The pairs once none is in doubt any more."""
        try:
            async with asyncio.timeout(SETTLED_WITHIN_S):
                while True:
                    pairs = [Pair.from_snapshot(view) for view in await self.client.pairs()]
                    if not any(pair.state in IN_DOUBT for pair in pairs):
                        return pairs
                    await asyncio.sleep(0.1)
        except TimeoutError:
            doubtful = [str(pair) for pair in pairs if pair.state in IN_DOUBT]
            raise AssertionError(f"in doubt after {SETTLED_WITHIN_S:g} s: {doubtful}") from None

    def _read_journal(self) -> None:
        for record in read(self.served.settings.journal_dir, self._read_to):
            self._read_to = record.position
            self.records += 1
            if record.type == RecordType.ORDER_INTENDED:
                self.intended[record.body["client_order_id"]] += 1
            elif record.type == RecordType.ALERT and record.body["level"] == "critical":
                self.alarmed.add(record.body["pair_id"] or "")

    def _see_orders(self) -> None:
        for seen in self.served.simulation.requests.requests():
            if seen.arrival_ns <= self._arrived_ns:
                continue
            self._arrived_ns = seen.arrival_ns
            if f"{seen.method} {seen.path}" == PLACE[seen.venue] and seen.client_order_id:
                named = seen.client_order_id
                if seen.venue is Venue.HYPERLIQUID:
                    named = client_order_id_of(named)
                self.placed[named] += 1

    def _no_id_was_sent_twice(self) -> None:
        assert _more_than_once(self.placed) == [], "sent twice"
        assert _more_than_once(self.intended) == [], "intended twice"
        assert self.placed.keys() <= self.intended.keys(), "sent without being journalled"

    def _each_pair_is_whole_or_alarmed(self, pairs: Iterable[Pair]) -> None:
        for pair in pairs:
            if pair.state is PairState.NAKED:
                self.naked.add(pair.pair_id)
                assert pair.pair_id in self.alarmed, f"naked without an alert: {pair}"
            else:
                assert pair.unhedged < LOT, f"legs differ: {pair}"
                assert pair.state is PairState.HEDGED or pair.state.is_terminal, pair

    async def _what_was_answered_stays_answered(self) -> None:
        """A signal sent again trades nothing and gets the answer of the first time."""
        recent = list(self.traffic.sent.values())[-AGAIN:]
        for signal in (*recent, *self._traded):
            again = await self.client.submit(signal.model_dump(mode="json"), door="fast")
            told = self.traffic.answers.get(signal.id)
            if told is None:
                # The sender never heard; the desk has decided it, or decides it now.
                self.traffic.answers[signal.id] = again.settled
            elif again.status is OutcomeStatus.DUPLICATE:
                assert again.settled == told, f"another answer: {again}"
            else:
                assert again.status is OutcomeStatus.DENIED, f"decided anew: {again}"


def _more_than_once(counts: Counter[str]) -> list[str]:
    return [name for name, times in counts.items() if times > 1]
