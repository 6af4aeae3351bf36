"""Every pair of the desk and every order behind it, kept in step with the journal.

What a leg holds is never a number that is counted up and down: it is the sum
of the settled orders of that leg and of what was adopted into it, so a
restarted desk, which reads the same from the journal, holds the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from exchanges.clock import Clock
from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.adoption import Adoption
from tasks.alert import Alert, AlertLevel, AlertType
from tasks.client_order_id import parse_client_order_id
from tasks.contradictions import CONTRADICTED, Contradictions
from tasks.day_results import DayResults
from tasks.errors import IllegalTransition
from tasks.leg_execution import Write
from tasks.pair import LegFlow, LegName, Pair, PriceReference
from tasks.pair_transitions import PairEvent, PairState, advance
from tasks.settled_order import LegOrder, SettledOrder
from tasks.wire_text import short_decimal_text
from warehouse.records import PairEventRecord, PairResult, RecordType

OPENED = "opened"
"""The journal's name for the event that creates a pair."""

_SETTLING = (
    PairEvent.LEGS_MATCHED,
    PairEvent.NOTHING_FILLED,
    PairEvent.FLAT,
    PairEvent.UNWOUND,
)
"""After these both legs hold the same, or nothing."""

LOST_ATTEMPTS = 100
"""More orders than one leg of a pair has between a backup and the day on which it is needed."""

STALE = (
    "the journal comes from a backup and the venues may have gone on since: nothing is traded for "
    "its pairs until reconcile/live finds both equal"
)

NO_FLOW = LegFlow(Decimal(0), Decimal(0), Decimal(0))


class PairBook:
    """All pairs by id; the only place that changes one."""

    def __init__(self, write: Write, clock: Clock, results: DayResults) -> None:
        self._write = write
        self.contradictions = Contradictions(write)
        self._results = results
        self._clock = clock
        self._pairs: dict[str, Pair] = {}
        self._open: dict[str, None] = {}
        """Ids of those that are not ended, oldest first: they are asked for all the time, and the
        ended ones are thousands."""
        self._orders: dict[str, dict[str, SettledOrder | LegOrder]] = {}
        self._ended: dict[str, PairResult] = {}
        self._adopted: dict[str, Adoption] = {}
        self.is_stale = False
        """Out of a backup, and not compared with the venues since; :data:`STALE` says it."""
        self.alert: Callable[[Alert], None] = _unheard
        """Hears of an event that a pair's state does not allow."""

    def __iter__(self) -> Iterator[Pair]:
        return iter(self._pairs.values())

    def get(self, pair_id: str) -> Pair | None:
        return self._pairs.get(pair_id)

    def __getitem__(self, pair_id: str) -> Pair:
        return self._pairs[pair_id]

    def open_pairs(self, symbol: str | None = None) -> list[Pair]:
        """Pairs that are not ended, oldest first; of one coin, or all."""
        pairs = [self._pairs[pair_id] for pair_id in self._open]
        return [pair for pair in pairs if symbol is None or pair.symbol == symbol]

    def is_open(self, pair_id: str) -> bool:
        """Is there such a pair, and not ended?"""
        return pair_id in self._open

    def open(self, pair: Pair, detail: str) -> None:
        """Enter a new pair, journalled before anything is sent for it."""
        self._journal(None, OPENED, pair, detail, None)
        self._put(pair)
        self._orders[pair.pair_id] = {}

    def advance(
        self,
        pair_id: str,
        event: PairEvent,
        detail: str,
        result: PairResult | None = None,
        *,
        exit_reference: PriceReference | None = None,
    ) -> Pair:
        """Apply ``event``, with what an exit was decided on if it is one that begins.

        Raises IllegalTransition, of which a person is told, and what the journal raises; then the
        pair has not changed.
        """
        before = self._pairs[pair_id]
        try:
            state = advance(before.state, event)
        except IllegalTransition as error:
            self._contradict(before, f"{error} ({detail})")
            raise
        pair = replace(before, state=state, exit_reference=exit_reference or before.exit_reference)
        pair = replace(pair, closed_at=None if pair.is_open else self._clock.now())
        pair = replace(pair, forced=_is_forced(before, event))
        self._journal(before.state, event, pair, detail, result)
        self._put(pair)
        self._note_result(pair, result)
        return pair

    def result(self, pair_id: str) -> PairResult | None:
        """How an ended pair came out; None while it is open, or if nothing was traded."""
        return self._ended.get(pair_id)

    def set_exit_reference(self, pair_id: str, reference: PriceReference | None) -> None:
        """Keep what the exit was decided on; stands in the journal with the next event."""
        self._pairs[pair_id] = replace(self._pairs[pair_id], exit_reference=reference)

    def next_attempt(self, pair_id: str, leg: LegName) -> int:
        """The number that the next order of ``leg`` gets; numbers are never used twice."""
        return self._pairs[pair_id].leg(leg).attempts + 1

    def skip_lost_attempts(self) -> None:
        """The journal came back from a backup: orders may have been sent that it does not tell of,
        and a venue that is asked for an id of theirs would answer with what they have traded."""
        self.is_stale = True
        for pair_id, pair in self._pairs.items():
            for name in LegName:
                leg = pair.leg(name)
                lost = range(leg.attempts + 1, leg.attempts + 1 + LOST_ATTEMPTS)
                leg = replace(leg, attempts=lost[-1], lost=(*leg.lost, lost))
                pair = pair.with_leg(name, leg)
            self._pairs[pair_id] = pair

    def intended(self, leg_order: LegOrder) -> None:
        """Note an order that the journal already has and that is about to be sent."""
        pair = self._pairs[leg_order.pair_id]
        leg = pair.leg(leg_order.leg)
        attempts = max(leg.attempts, leg_order.attempt)
        self._pairs[pair.pair_id] = pair.with_leg(leg_order.leg, replace(leg, attempts=attempts))
        self._orders[pair.pair_id][leg_order.order.client_order_id] = leg_order

    def settled(self, order: SettledOrder) -> Pair:
        """Note what became of an order and add up its leg again."""
        leg_order = order.leg_order
        if self.is_acknowledged(leg_order):
            order = replace(order, acknowledged=True)
        orders = self._orders[leg_order.pair_id]
        known = orders.get(leg_order.order.client_order_id)
        if isinstance(known, SettledOrder) and not order.decided and order.filled < known.filled:
            # What was proven once is not taken back by an answer that could not be had.
            order = replace(order, filled=known.filled, value=known.value, fee=known.fee)
        orders[leg_order.order.client_order_id] = order
        return self._add_up(leg_order.pair_id, leg_order.leg)

    def adopt(self, adoption: Adoption) -> bool:
        """Take over what a venue shows, journalled first; False when it was known already.

        Changes what a leg holds and nothing else: the event that follows is the caller's.
        """
        if adoption.adoption_id in self._adopted:
            return False
        self._write(RecordType.ADOPTION, adoption.snapshot())
        self.restore_adoption(adoption)
        return True

    def restore_adoption(self, adoption: Adoption) -> None:
        """As :meth:`adopt`, out of the journal."""
        self._adopted[adoption.adoption_id] = adoption
        if adoption.pair_id is not None and adoption.leg is not None:
            self._add_up(adoption.pair_id, adoption.leg)

    def adoptions(self) -> list[Adoption]:
        """All of them, in the order in which they were found."""
        return list(self._adopted.values())

    def outside(self, venue: Venue, symbol: str, since: datetime | None = None) -> Decimal:
        """Signed coin at ``venue`` that was adopted and belongs to no pair; only what was traded at
        or after ``since``, or all."""
        return sum(
            (
                adoption.signed_quantity
                for adoption in self._adopted.values()
                if adoption.pair_id is None
                and (adoption.venue, adoption.symbol) == (venue, symbol)
                and (since is None or adoption.time >= since)
            ),
            Decimal(0),
        )

    def undecided(self, pair_id: str) -> list[LegOrder]:
        """Orders of the pair whose end the venue has not shown yet."""
        found: list[LegOrder] = []
        for order in self._orders[pair_id].values():
            if isinstance(order, LegOrder):
                found.append(order)
            elif not order.decided:
                found.append(order.leg_order)
        return found

    def is_acknowledged(self, leg_order: LegOrder) -> bool:
        """Has the venue ever shown that it has the order?"""
        order = self._orders[leg_order.pair_id].get(leg_order.order.client_order_id)
        return isinstance(order, SettledOrder) and order.acknowledged

    def ended_order(self, client_order_id: str) -> SettledOrder | None:
        """An order whose end the venue has shown; None: no such order, or not known yet."""
        parsed = parse_client_order_id(client_order_id)
        order = parsed and self._orders.get(parsed[0], {}).get(client_order_id)
        return order if isinstance(order, SettledOrder) and order.decided else None

    def leg_order(self, client_order_id: str) -> LegOrder:
        """An order of any pair by its client id; raises KeyError."""
        parsed = parse_client_order_id(client_order_id)
        if parsed is None:
            raise KeyError(client_order_id)
        order = self._orders[parsed[0]][client_order_id]
        return order if isinstance(order, LegOrder) else order.leg_order

    def order_ids(self) -> set[str]:
        """Client ids of all orders known to the journal."""
        return {order_id for orders in self._orders.values() for order_id in orders}

    def restore(self, pair: Pair, result: PairResult | None) -> None:
        """Take a pair from the journal as of one of its events."""
        known = self._pairs.get(pair.pair_id)
        self._orders.setdefault(pair.pair_id, {})
        if known is not None:
            for leg in LegName:
                pair = pair.with_leg(leg, known.leg(leg))
        self._put(pair)
        self._note_result(pair, result)

    def _put(self, pair: Pair) -> None:
        """Take in a pair whose state may have changed."""
        comes_back = pair.pair_id in self._pairs and pair.pair_id not in self._open
        self._pairs[pair.pair_id] = pair
        if not pair.is_open:
            self._open.pop(pair.pair_id, None)
        elif comes_back:
            pairs = self._pairs.values()
            self._open = dict.fromkeys(it.pair_id for it in pairs if it.is_open)
        else:
            self._open[pair.pair_id] = None

    def _contradict(self, pair: Pair, sentence: str) -> None:
        if not self.contradictions.note(pair.pair_id, pair.symbol, sentence):
            return
        self.alert(
            Alert(
                AlertType.SYSTEM_ERROR,
                AlertLevel.CRITICAL,
                f"{pair.pair_id}: {sentence}. The pair is left as it was and {pair.symbol} takes "
                "no entries: compare the pair with its venues, then kimp resume.",
                pair.pair_id,
                CONTRADICTED,
            )
        )

    def _note_result(self, pair: Pair, result: PairResult | None) -> None:
        if result is not None and pair.closed_at is not None:
            self._results.note(pair.pair_id, pair.closed_at, Decimal(result["net_krw"]))
            self._ended[pair.pair_id] = result
        elif pair.is_open and self._ended.pop(pair.pair_id, None) is not None:
            self._results.forget(pair.pair_id)

    def _add_up(self, pair_id: str, name: LegName) -> Pair:
        pair = self._pairs[pair_id]
        entry, exit_ = self._flows(pair, name)
        pair = pair.with_leg(name, replace(pair.leg(name), entry=entry, exit=exit_))
        self._pairs[pair_id] = pair
        return pair

    def _flows(self, pair: Pair, leg: LegName) -> tuple[LegFlow, LegFlow]:
        """What ``leg`` has traded, ordered or adopted, in the entry's and in the exit's
        direction."""
        entry = exit_ = NO_FLOW
        for side, flow in self._traded(pair, leg):
            if side is pair.side(leg, purpose_is_entry=True):
                entry = entry + flow
            else:
                exit_ = exit_ + flow
        return entry, exit_

    def _traded(self, pair: Pair, leg: LegName) -> Iterator[tuple[Side, LegFlow]]:
        for settled in self._orders[pair.pair_id].values():
            if isinstance(settled, SettledOrder) and settled.leg_order.leg is leg:
                flow = LegFlow(settled.filled, settled.value, settled.fee)
                yield settled.leg_order.order.side, flow
        for adoption in self._adopted.values():
            if (adoption.pair_id, adoption.leg) == (pair.pair_id, leg):
                yield adoption.side, adoption.flow(pair.leg(leg).fee_currency)

    def _journal(
        self,
        from_state: PairState | None,
        event: str,
        pair: Pair,
        detail: str,
        result: PairResult | None,
    ) -> None:
        record = PairEventRecord(
            pair_id=pair.pair_id,
            event=event,
            from_state=from_state,
            to_state=pair.state,
            detail=detail,
            pair=pair.snapshot(),
        )
        if result is not None:
            record["result"] = result
        self._write(RecordType.PAIR_EVENT, record)


def _is_forced(pair: Pair, event: PairEvent) -> bool:
    """Is what the venue closed by force still to be repaired after ``event``?"""
    if event is PairEvent.FORCED_CLOSE:
        return True
    return pair.forced and event not in _SETTLING


def _unheard(_: Alert) -> None:
    """Nobody listens yet."""


def held_text(pair: Pair) -> str:
    """``spot 0.01, perpetual 0.004 BTC``: for details and messages."""
    spot, perpetual = pair.held(LegName.SPOT), pair.held(LegName.PERPETUAL)
    return (
        f"spot {short_decimal_text(spot)}, perpetual {short_decimal_text(perpetual)} {pair.symbol}"
    )
