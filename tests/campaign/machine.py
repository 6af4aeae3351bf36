"""Schedules of a hypothesis state machine: what may happen to a desk, in any order.

Each rule is a step; what a schedule must leave behind is checked at its end, when the venues are
calm again and the desk has come to rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from decimal import Decimal
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
)

from exchanges.instrument import Venue
from tasks.desk_operations import UNFINISHED
from tasks.venue_settings import PerpetualVenue
from tests.campaign import invariants
from tests.campaign.tally import Tally
from tests.campaign.trouble import Trouble, troubles
from tests.campaign.world import World, world
from warehouse import Record

PATIENCE_S = st.sampled_from([0.0, 0.3, 40.0, 40.0])
"""How long the sender of a signal waits before the next step."""
DIRECTIONS = st.sampled_from(["long_premium", "short_premium"])
LOTS = st.sampled_from([1, 2, 10, 37])
"""Of 0.001 BTC."""
SIZES = st.sampled_from([Decimal("0.5"), Decimal("5"), Decimal("0.012"), Decimal("0.0012")])
"""Coin on each level of a book."""
PAUSES_S = st.sampled_from([0.05, 0.4, 1.5, 4.0, 9.0])
EFFECTS = st.integers(1, 40)
"""From now on until a death: an entry has about 15."""
TORN = st.sampled_from([None, None, 1, 30])

TROUBLES = st.lists(troubles(), max_size=3)


LOT = Decimal("0.001")
WATCHED_WITHIN_S = 8.0
"""Unequal legs are noticed within five seconds, once the rules of both venues are known."""


class Campaign(RuleBasedStateMachine):
    """One schedule on one perpetual venue; subclasses name it and where to count."""

    perpetual: ClassVar[PerpetualVenue]
    tally: ClassVar[Tally]
    sockets: ClassVar[bool]

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._world: World = self._stack.enter_context(
            world(self.perpetual, self.tally, sockets=self.sockets)
        )
        self.tally.schedules += 1

    @initialize(pairs=st.lists(DIRECTIONS, max_size=2))
    def begins(self, pairs: list[str]) -> None:
        """A desk, and so many pairs of ten lots opened while all was well."""
        self._do(self._world.start())
        for direction in pairs:
            fields = {"action": "ENTER", "quantity": "0.010", "direction": direction}
            self._do(self._world.send(40.0, **fields))

    # ---- signals

    @rule(lots=LOTS, direction=DIRECTIONS, patience_s=PATIENCE_S, beset=TROUBLES)
    def enters(self, lots: int, direction: str, patience_s: float, beset: list[Trouble]) -> None:
        self._do(self._world.start())
        self._beset(beset)
        quantity = str(lots * Decimal("0.001"))
        fields = {"action": "ENTER", "quantity": quantity, "direction": direction}
        self._do(self._world.send(patience_s, **fields))

    @precondition(lambda self: self._world.holds_a_pair)
    @rule(patience_s=PATIENCE_S, in_profit=st.sampled_from([True, True, False]), beset=TROUBLES)
    def leaves(self, patience_s: float, in_profit: bool, beset: list[Trouble]) -> None:
        self._do(self._world.start())
        if in_profit:
            self._do(self._world.make_profitable())
        self._beset(beset)
        self._do(self._world.send(patience_s, action="EXIT"))

    @precondition(lambda self: self._world.signals)
    @rule(number=st.integers(0, 9))
    def says_it_again(self, number: int) -> None:
        signals = self._world.signals
        self._do(self._world.resend(signals[number % len(signals)], 5.0))

    @rule(direction=DIRECTIONS, beset=TROUBLES, patience_s=PATIENCE_S)
    def goes_in_and_out(self, direction: str, beset: list[Trouble], patience_s: float) -> None:
        """An entry at venues that were cleared of faults, then an exit under them."""
        self.faults_end()
        self.enters(10, direction, 40.0, [])
        self.leaves(patience_s, True, beset)

    # ---- the venues

    @rule(spot=st.booleans(), percent=st.sampled_from([0, -1, 1, -4, 5]), size=SIZES)
    def price_moves(self, spot: bool, percent: int, size: Decimal) -> None:
        """To so much more than where everything began."""
        venue, start = (Venue.UPBIT, 60_000_000) if spot else (self.perpetual, 50_000)
        self._world.quote(venue, Decimal(start + start * percent // 100), size)

    @rule(pause_s=PAUSES_S)
    def time_passes(self, pause_s: float) -> None:
        self._do(asyncio.sleep(pause_s))

    @rule(beset=st.lists(troubles(), min_size=1, max_size=3), pause_s=PAUSES_S)
    def venues_go_wrong(self, beset: list[Trouble], pause_s: float) -> None:
        self._beset(beset)
        self._do(asyncio.sleep(pause_s))

    @rule()
    def faults_end(self) -> None:
        self._world.bench.simulation.faults.clear()

    @rule(rate=st.sampled_from(["0.0001", "-0.0003"]))
    def funding_is_settled(self, rate: str) -> None:
        # Hyperliquid's settlements are told apart by their time: two never share a millisecond.
        self._do(asyncio.sleep(1))
        self._world.settle_funding(Decimal(rate))

    # ---- the process

    @precondition(lambda self: self._world.process is not None)
    @rule(effects=EFFECTS, torn=TORN)
    def will_die(self, effects: int, torn: int | None) -> None:
        if self._world.process is not None:
            self._world.process.doom(effects, torn)

    @precondition(lambda self: self._world.process is not None)
    @rule()
    def dies(self) -> None:
        self._do(self._world.crash())

    @precondition(lambda self: self._world.process is None)
    @rule(effects=st.none() | EFFECTS, torn=TORN)
    def starts_again(self, effects: int | None, torn: int | None) -> None:
        self._do(self._world.start(doom=effects, torn=torn))

    @precondition(lambda self: self._world.process is not None)
    @rule()
    def ends_and_starts_again(self) -> None:
        self._do(self._world.stop())
        self._do(self._world.start())

    # ---- operators

    @precondition(lambda self: self._world.desk is not None)
    @rule(flow=st.sampled_from(["recovery", "reconciliation", "exit validation"]))
    def flow_runs(self, flow: str) -> None:
        match flow:
            case "recovery":
                self._operate(lambda desk: desk.parts.operations.recover(None))
            case "reconciliation":
                self._operate(lambda desk: desk.parts.operations.reconcile())
            case _:
                self._operate(lambda desk: desk.parts.desk.validate_exits())

    # ---- the end

    def teardown(self) -> None:
        try:
            self._judge()
        finally:
            self._stack.close()

    def _judge(self) -> None:
        made = self._world
        self._do(made.calm())
        self._do(made.agree())
        self._do(made.rest())
        if made.desk is not None and any(
            pair.state == "hedged" and pair.unhedged >= LOT
            for pair in made.desk.parts.trading.pairs
        ):
            self._do(asyncio.sleep(WATCHED_WITHIN_S))
            self._do(made.rest())
        wrong = []
        if made.desk is not None and made.has_naked_pairs:
            wrong += invariants.naked_pairs_are_told(made.desk, made.bench)
            self._operate(lambda desk: desk.parts.operations.recover(None, UNFINISHED))
            self._do(made.rest())
            self._do(made.agree())
        wrong += [*made.wrong, *made.witness.wrong, *made.witness.of_refusals()]
        records = made.bench.records()
        if made.desk is not None:
            wrong += invariants.of_desk(made, made.desk, records)
            self._count_ends(records)
        wrong += invariants.of_journal(made, records)
        self.tally.orders += len(made.bench.orders_placed())
        assert not wrong, "\n".join(wrong)

    def _count_ends(self, records: Sequence[Record]) -> None:
        assert self._world.desk is not None
        for pair in self._world.desk.parts.trading.pairs:
            self.tally.ends[pair.state.value] += 1
        for record in records:
            if record.type == "pair_event":
                self.tally.seen[record.body["to_state"]] += 1

    # ---- means

    def _do(self, work: Any) -> None:
        self.tally.steps += 1
        self._world.run(work)
        self._world.look()

    def _operate(self, call: Any) -> None:
        desk = self._world.desk
        if desk is not None:
            self._do(self._world.operate(call(desk)))

    def _beset(self, beset: list[Trouble]) -> None:
        for trouble in beset:
            self.tally.faults[trouble.kind.value] += 1
            self._world.bench.simulation.faults.add(trouble.at(self.perpetual))
