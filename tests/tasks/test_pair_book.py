"""Pairs in step with the journal: what a leg holds is the sum of its settled orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.side import Side
from tasks.alert import Alert, AlertLevel
from tasks.day_results import DayResults
from tasks.errors import IllegalTransition
from tasks.leg_orders import leg_order
from tasks.pair import LegName, Pair
from tasks.pair_book import PairBook, held_text
from tasks.pair_transitions import PairEvent, PairState
from tasks.settled_order import LegOrder, Purpose, SettledOrder
from tasks.signal import Direction
from tests.exchanges.manual_clock import ManualClock
from tests.tasks.pairs import fees, flow, pair_of, quantities, reference, values_krw
from tests.tasks.test_leg_orders import RULES
from warehouse import JournalFull
from warehouse.records import PairResult, RecordType

NONE = (flow("0", "0"), flow("0", "0"))
RESULT = PairResult(
    net_krw="-12",
    premium_krw="-12",
    fx_krw="0",
    funding_krw=None,
    fees_krw="0",
    slippage_krw="0",
    entry_premium_pct=None,
    exit_premium_pct=None,
    krw_per_usdt="1150",
)


class Written:
    def __init__(self) -> None:
        self.records: list[tuple[RecordType, Mapping[str, Any]]] = []
        self.full = False

    def __call__(self, record_type: RecordType, body: Mapping[str, Any]) -> int:
        if self.full:
            raise JournalFull("no room")
        self.records.append((record_type, body))
        return len(self.records)


def opened() -> tuple[PairBook, Pair, Written]:
    written = Written()
    book = PairBook(written, ManualClock(), DayResults())
    pair = pair_of(Direction.LONG_PREMIUM, reference(1, "1", 1), NONE, NONE)
    pair = replace(pair, state=PairState.OPENING)
    for leg in LegName:
        pair = pair.with_leg(leg, replace(pair.leg(leg), attempts=0))
    book.open(pair, "for a test")
    return book, pair, written


def order(pair: Pair, side: Side, attempt: int = 1) -> LegOrder:
    return leg_order(
        pair,
        LegName.SPOT,
        attempt,
        Purpose.ENTRY,
        side=side,
        quantity=Decimal(1),
        bound=Decimal(1_000),
        rules=RULES,
    )


def settled(leg_order: LegOrder, filled: Decimal, value: Decimal, fee: Decimal) -> SettledOrder:
    return SettledOrder(leg_order, True, filled, value, fee, None)


trades = st.lists(st.tuples(st.sampled_from(Side), quantities, values_krw, fees), max_size=12)


@given(trades)
def test_a_leg_is_the_sum_of_its_orders_however_often_they_are_told(
    told: list[tuple[Side, Decimal, Decimal, Decimal]],
) -> None:
    book, pair, _ = opened()
    for attempt, (side, filled, value, fee) in enumerate(told, start=1):
        sent = order(pair, side, attempt)
        book.intended(sent)
        for _ in range(2):
            book.settled(settled(sent, filled, value, fee))

    leg = book[pair.pair_id].spot
    bought = [trade for trade in told if trade[0] is Side.BUY]
    sold = [trade for trade in told if trade[0] is Side.SELL]
    assert leg.entry.quantity == sum(trade[1] for trade in bought)
    assert leg.exit.value == sum(trade[2] for trade in sold)
    assert leg.entry.fee + leg.exit.fee == sum(trade[3] for trade in told)
    assert book.next_attempt(pair.pair_id, LegName.SPOT) == len(told) + 1
    assert book.undecided(pair.pair_id) == []


def test_an_intended_order_is_undecided_until_its_end_is_shown() -> None:
    book, pair, _ = opened()
    sent = order(pair, Side.BUY)
    book.intended(sent)
    assert book.undecided(pair.pair_id) == [sent]
    book.settled(replace(settled(sent, Decimal(1), Decimal(5), Decimal(0)), decided=False))
    assert book.undecided(pair.pair_id) == [sent]
    book.settled(settled(sent, Decimal(1), Decimal(5), Decimal(0)))
    assert book.undecided(pair.pair_id) == []
    assert book.leg_order("kimp-p0123456789ab-s001") == sent
    assert book.order_ids() == {"kimp-p0123456789ab-s001"}


def test_what_the_venue_has_acknowledged_stays_acknowledged() -> None:
    book, pair, _ = opened()
    sent = order(pair, Side.BUY)
    book.intended(sent)
    doubt = replace(settled(sent, Decimal(0), Decimal(0), Decimal(0)), decided=False)
    assert not book.is_acknowledged(sent)
    book.settled(replace(doubt, acknowledged=True))
    book.settled(doubt)
    assert book.is_acknowledged(sent)


def test_what_is_proven_of_an_order_is_not_taken_back_by_an_answer_that_could_not_be_had() -> None:
    book, pair, _ = opened()
    sent = order(pair, Side.BUY)
    book.intended(sent)
    proven = replace(settled(sent, Decimal(1), Decimal(5), Decimal(2)), decided=False)
    book.settled(proven)

    book.settled(replace(settled(sent, Decimal(0), Decimal(0), Decimal(0)), decided=False))

    leg = book[pair.pair_id].spot
    assert leg.entry == flow("1", "5", "2")
    assert book.ended_order(sent.order.client_order_id) is None
    book.settled(replace(proven, decided=True))
    assert book.ended_order(sent.order.client_order_id) == replace(proven, decided=True)


@pytest.mark.parametrize("name", ["somebody-else", "kimp-p0123456789ab-s009"])
def test_an_order_that_is_not_of_this_desk_is_a_key_error(name: str) -> None:
    book, _, _ = opened()
    with pytest.raises(KeyError):
        book.leg_order(name)


def test_an_event_that_cannot_be_written_changes_nothing() -> None:
    book, pair, written = opened()
    written.full = True
    with pytest.raises(JournalFull):
        book.advance(pair.pair_id, PairEvent.NOTHING_FILLED, "x")
    assert book[pair.pair_id].state is PairState.OPENING


def test_an_event_that_the_state_does_not_allow_changes_nothing() -> None:
    book, pair, written = opened()
    with pytest.raises(IllegalTransition):
        book.advance(pair.pair_id, PairEvent.FLAT, "x")
    assert book[pair.pair_id].state is PairState.OPENING
    assert [kind for kind, _ in written.records] == ["pair_event", "contradiction"]


def test_person_is_told_of_an_event_that_the_state_does_not_allow_until_he_has_looked() -> None:
    book, pair, _ = opened()
    heard: list[Alert] = []
    book.alert = heard.append

    for _ in range(2):
        with pytest.raises(IllegalTransition):
            book.advance(pair.pair_id, PairEvent.FLAT, "both legs closed")

    [alert] = heard
    said = "a pair that is opening cannot take the event flat (both legs closed)"
    assert (alert.level, alert.pair_id) == (AlertLevel.CRITICAL, pair.pair_id)
    assert said in alert.message
    assert book.contradictions.of("BTC") == f"{pair.pair_id}: {said}"
    assert book.contradictions.of("ETH") is None
    book.contradictions.forget()
    assert book.contradictions.of("BTC") is None


def test_after_a_restore_numbers_go_on_beyond_all_that_may_have_been_used() -> None:
    book, pair, _ = opened()
    book.intended(order(pair, Side.BUY))

    book.skip_lost_attempts()
    attempt = book.next_attempt(pair.pair_id, LegName.SPOT)
    book.intended(order(pair, Side.SELL, attempt))
    book.skip_lost_attempts()

    assert attempt == 102
    spot, perpetual = (book[pair.pair_id].leg(leg) for leg in LegName)
    assert (spot.numbers, perpetual.numbers) == ((1, 102), ())
    assert book.next_attempt(pair.pair_id, LegName.SPOT) == 203
    assert book.next_attempt(pair.pair_id, LegName.PERPETUAL) == 201


def test_pair_that_comes_back_takes_its_old_place_among_the_open_ones() -> None:
    book, first, _ = opened()
    second = replace(first, pair_id="p1123456789ab")
    third = replace(first, pair_id="p2123456789ab")
    book.open(second, "for a test")
    book.open(third, "for a test")
    book.advance(second.pair_id, PairEvent.NOTHING_FILLED, "x")
    assert [pair.pair_id for pair in book.open_pairs()] == [first.pair_id, third.pair_id]
    assert not book.is_open(second.pair_id)

    book.advance(second.pair_id, PairEvent.LATE_FILL, "x")

    ids = [pair.pair_id for pair in book.open_pairs()]
    assert ids == [first.pair_id, second.pair_id, third.pair_id] == [it.pair_id for it in book]
    assert book.is_open(second.pair_id)


def test_an_ended_pair_is_no_open_one() -> None:
    book, pair, _ = opened()
    assert book.open_pairs() == book.open_pairs("BTC") == list(book)
    assert book.open_pairs("ETH") == []
    ended = book.advance(pair.pair_id, PairEvent.NOTHING_FILLED, "x")
    assert ended.closed_at is not None
    assert book.open_pairs() == []
    assert held_text(ended) == "spot 0, perpetual 0 BTC"


def test_book_out_of_the_journal_is_the_book_that_wrote_it() -> None:
    book, pair, _ = opened()
    sent = order(pair, Side.BUY)
    book.intended(sent)
    book.settled(settled(sent, Decimal(1), Decimal(5), Decimal(0)))
    ended = book.advance(pair.pair_id, PairEvent.LEG_MISSING, "x")
    ended = book.advance(pair.pair_id, PairEvent.UNWOUND, "x", RESULT)

    again = PairBook(Written(), ManualClock(), DayResults())
    again.restore(pair, None)
    again.intended(sent)
    again.settled(settled(sent, Decimal(1), Decimal(5), Decimal(0)))
    again.restore(ended, RESULT)

    assert again[pair.pair_id] == book[pair.pair_id]
    assert again.result(pair.pair_id) == book.result(pair.pair_id) == RESULT
    assert (again.is_open(pair.pair_id), again.is_open("p-of-nobody")) == (False, False)


def test_what_an_exit_was_decided_on_can_be_taken_back() -> None:
    book, pair, _ = opened()
    decided = reference(2, "2", 2)

    book.set_exit_reference(pair.pair_id, decided)
    assert book[pair.pair_id].exit_reference == decided
    book.set_exit_reference(pair.pair_id, None)
    assert book[pair.pair_id].exit_reference is None


def test_pair_that_trades_late_is_open_again_and_its_result_is_taken_back() -> None:
    results = DayResults()
    clock = ManualClock()
    book = PairBook(Written(), clock, results)
    pair = pair_of(Direction.LONG_PREMIUM, reference(1, "1", 1), NONE, NONE)
    book.open(replace(pair, state=PairState.CLOSING), "for a test")
    ended = book.advance(pair.pair_id, PairEvent.FLAT, "both legs closed", RESULT)
    before = results.of_day(clock.now())

    again = book.advance(pair.pair_id, PairEvent.LATE_FILL, "an order traded more")

    assert (ended.closed_at, before) == (clock.now(), Decimal(RESULT["net_krw"]))
    assert (again.state, again.closed_at) == (PairState.RECOVERING, None)
    assert results.of_day(clock.now()) == 0
    assert book.result(pair.pair_id) is None
