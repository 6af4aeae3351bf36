"""Numbers of book changes, and the local book that every client can keep with them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from exchanges.side import Side
from exchanges.simulator.binance.book_sequence import (
    RESTATED_MS,
    BookChange,
    BookSequence,
    Level,
)
from exchanges.simulator.binance.streams.book_feeds import DiffDepthFeed
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.binance_venue import SYMBOL, move_market, quiet_simulation

Sides = dict[Side, list[Level]]


class Books:
    """One book that a test writes, and a clock that it moves."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000
        self.sides: Sides = {Side.BUY: [], Side.SELL: []}
        self.write({99: 1, 98: 2}, {101: 1, 102: 2})
        self.sequence = BookSequence(lambda _, side: self.sides[side], lambda: self.now_ms)

    def write(self, bids: dict[int, int], asks: dict[int, int]) -> None:
        self.sides = {
            Side.BUY: [(Decimal(price), Decimal(bids[price])) for price in sorted(bids)[::-1]],
            Side.SELL: [(Decimal(price), Decimal(asks[price])) for price in sorted(asks)],
        }


def test_a_book_that_does_not_change_keeps_its_number() -> None:
    books = Books()

    first, second = books.sequence.view(SYMBOL), books.sequence.view(SYMBOL)

    assert first == second


def test_a_change_is_told_once_with_what_is_new_and_what_is_gone() -> None:
    books, told = Books(), list[BookChange]()
    books.sequence.subscribe(SYMBOL, told.append)
    before = books.sequence.view(SYMBOL)

    books.write({99: 3, 97: 1}, {101: 1, 102: 2})
    after = books.sequence.view(SYMBOL)
    books.sequence.view(SYMBOL)

    (change,) = told
    assert change.bids == {Decimal(99): 3, Decimal(98): 0, Decimal(97): 1}
    assert change.asks == {}
    assert before.update_id + 1 < change.first_id
    assert change.view == after
    assert after.update_id == change.first_id + 2


def test_a_touch_that_stands_for_a_second_is_said_again() -> None:
    books, told = Books(), list[BookChange]()
    books.sequence.subscribe(SYMBOL, told.append)

    books.now_ms += RESTATED_MS - 1
    books.sequence.view(SYMBOL)
    early = list(told)
    books.now_ms += 1
    view = books.sequence.view(SYMBOL)

    assert early == []
    assert told[0].bids == {Decimal(99): 1}
    assert told[0].asks == {Decimal(101): 1}
    assert view.time_ms == books.now_ms


def test_a_book_that_is_stopped_says_nothing_until_it_goes_on() -> None:
    books, told = Books(), list[BookChange]()
    books.sequence.subscribe(SYMBOL, told.append)
    books.sequence.stands_still = lambda symbol: True
    stopped = books.sequence.view(SYMBOL)

    books.write({95: 1}, {96: 1})
    books.now_ms += 10 * RESTATED_MS
    during = books.sequence.view(SYMBOL)
    books.sequence.stands_still = lambda symbol: False
    after = books.sequence.view(SYMBOL)

    assert during == stopped
    assert len(told) == 1
    assert after.bids == ((Decimal(95), Decimal(1)),)


def test_who_has_ended_a_subscription_hears_nothing_more() -> None:
    books, told = Books(), list[BookChange]()
    end = books.sequence.subscribe(SYMBOL, told.append)
    end()
    end()

    books.write({95: 1}, {96: 1})
    books.sequence.market_moved()
    books.sequence.view(SYMBOL)

    assert told == []


MOVES = st.tuples(
    st.just("move"), st.integers(0, 40), st.integers(1, 40), st.sampled_from(["0.5", "1", "2"])
)
STEPS = st.lists(
    st.one_of(MOVES, st.just(("poll",)), st.just(("look",)), st.just(("second",))), max_size=40
)


@given(before=STEPS, between=STEPS, after=STEPS)
def test_the_documented_procedure_keeps_the_venues_book_whenever_the_snapshot_is_taken(
    before: list[Any], between: list[Any], after: list[Any]
) -> None:
    clock = ManualClock()
    simulation = quiet_simulation(clock)
    engine, diffs = simulation.binance, list[Any]()
    feed = DiffDepthFeed(engine, SYMBOL, diffs.append)

    def play(steps: list[Any]) -> None:
        for name, *details in steps:
            match name:
                case "move":
                    bid = Decimal(50_000 + details[0])
                    move_market(simulation, bid, bid + details[1], Decimal(details[2]))
                case "poll":
                    feed.poll()
                case "look":
                    engine.books.view(SYMBOL)
                case "second":
                    clock.advance(1)

    play([*before, ("move", 41, 7, "2"), ("look",), *between])
    snapshot = engine.books.view(SYMBOL)
    bids, asks = dict(snapshot.bids), dict(snapshot.asks)
    play([*after, ("move", 42, 3, "1"), ("poll",), ("move", 43, 5, "1"), ("poll",)])

    last_id = None
    for diff in diffs:
        if diff["u"] < snapshot.update_id:
            continue
        if last_id is None:
            # Exactly at an event's end the next one begins behind the snapshot and names it.
            assert diff["U"] <= snapshot.update_id or diff["pu"] == snapshot.update_id
        else:
            assert diff["pu"] == last_id
        last_id = diff["u"]
        for side, key in ((bids, "b"), (asks, "a")):
            for price, quantity in diff[key]:
                side[Decimal(price)] = Decimal(quantity)
    now = engine.books.view(SYMBOL)
    assert {price: size for price, size in bids.items() if size} == dict(now.bids)
    assert {price: size for price, size in asks.items() if size} == dict(now.asks)
    assert last_id == now.update_id
