"""What is known of an order only ever grows, whatever a stream repeats, leaves out or says late."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.errors import BadReply, OrderNotFound, VenueUnavailable
from exchanges.fill import Fill
from exchanges.instrument import Venue
from exchanges.order import Order, OrderReport, OrderStatus, OrderType
from exchanges.order_tracking import OrderKey, OrderTracker, catch_up, merged, read_again
from exchanges.side import Side
from tests.exchanges.manual_clock import ManualClock

NOW = ManualClock().now()
ORDER = Order("kimp-1", "BTC", Side.BUY, OrderType.LIMIT, Decimal(3), Decimal(100))
KEY = OrderKey("BTC", "kimp-1", "v-1")


def fill(number: int) -> Fill:
    """One coin of the order's three."""
    return Fill(
        f"t-{number}",
        "v-1",
        "kimp-1",
        "BTC",
        Side.BUY,
        Decimal(100 + number),
        Decimal(1),
        Decimal("0.05"),
        "KRW",
        NOW + timedelta(seconds=number),
    )


def report(
    filled: int, status: OrderStatus = OrderStatus.PARTIALLY_FILLED, *trades: int
) -> OrderReport:
    return OrderReport(
        "kimp-1",
        "v-1",
        "BTC",
        Side.BUY,
        status,
        Decimal(3),
        Decimal(filled),
        NOW + timedelta(seconds=filled),
        tuple(fill(number) for number in trades),
    )


NEW = report(0, OrderStatus.NEW)
STORY = (
    NEW,
    report(1, OrderStatus.PARTIALLY_FILLED, 1),
    report(2, OrderStatus.PARTIALLY_FILLED, 2),
    report(2, OrderStatus.CANCELLED),
)
TRUTH = report(2, OrderStatus.CANCELLED, 1, 2)


@dataclass(slots=True)
class Reads:
    """REST: the listed open orders, and each order by its id."""

    listed: tuple[OrderReport, ...] = ()
    orders: dict[str, OrderReport] = field(default_factory=dict)
    asked: list[OrderKey] = field(default_factory=list)

    async def open_orders(self, symbol: str) -> tuple[OrderReport, ...]:
        return tuple(each for each in self.listed if each.symbol == symbol)

    async def read_order(self, key: OrderKey) -> OrderReport:
        self.asked.append(key)
        found = self.orders.get(key.client_order_id or key.venue_order_id)
        if found is None:
            raise OrderNotFound(Venue.UPBIT, "no such order")
        return found


def tracker() -> tuple[OrderTracker, ManualClock]:
    clock = ManualClock()
    return OrderTracker(clock), clock


def test_events_add_up_to_the_order() -> None:
    orders, _ = tracker()

    for event in STORY:
        known = orders.take(event)

    assert known == TRUTH
    assert known.fills_complete
    assert orders.unsettled() == ()


@given(st.lists(st.sampled_from((*STORY, TRUTH)), min_size=1, max_size=12))
def test_no_order_of_events_makes_knowledge_shrink(events: list[OrderReport]) -> None:
    orders, _ = tracker()
    orders.sent(ORDER)
    before: OrderReport | None = None

    for event in events:
        known = orders.take(event)
        if before is not None:
            assert known.filled >= before.filled
            assert set(known.fills) >= set(before.fills)
            assert known.is_terminal or not before.is_terminal
            assert known.updated_at >= before.updated_at
        before = known
    settled = orders.take(TRUTH)

    assert settled == TRUTH
    assert orders.unsettled() == ()


def test_end_with_a_trade_missing_is_not_settled() -> None:
    orders, _ = tracker()
    orders.take(STORY[1])

    known = orders.take(STORY[3])

    assert known.is_terminal
    assert not known.fills_complete
    assert orders.unsettled() == (KEY,)


def test_cancelled_order_that_turns_out_to_be_filled_is_filled() -> None:
    known = merged(TRUTH, report(3, OrderStatus.PARTIALLY_FILLED, 3))

    assert (known.status, known.filled) == (OrderStatus.FILLED, Decimal(3))


def test_order_is_found_by_either_id() -> None:
    orders, _ = tracker()
    orders.sent(ORDER)

    orders.take(NEW)
    by_venue_id = orders.take(replace(STORY[1], client_order_id=""))
    by_client_id = orders.take(replace(STORY[2], venue_order_id=""))

    assert by_venue_id.client_order_id == "kimp-1"
    assert (by_client_id.venue_order_id, by_client_id.filled) == ("v-1", Decimal(2))
    assert orders.unsettled() == (KEY,)
    assert orders.known(KEY) == by_client_id


def test_trade_told_by_itself_joins_its_order() -> None:
    orders, _ = tracker()

    assert orders.take_fill(fill(1)) is None
    orders.take(NEW)
    known = orders.take_fill(replace(fill(1), client_order_id=None))
    again = orders.take_fill(fill(1))

    assert known is not None
    assert (known.status, known.filled) == (OrderStatus.PARTIALLY_FILLED, Decimal(1))
    assert again is not None
    assert again.filled == 1


def test_order_that_was_refused_is_forgotten_and_one_that_was_heard_of_is_not() -> None:
    orders, _ = tracker()
    orders.sent(ORDER)
    orders.sent(replace(ORDER, client_order_id="kimp-2"))

    orders.not_placed("kimp-2")
    orders.take(NEW)
    orders.not_placed("kimp-1")
    orders.not_placed("kimp-of-another")

    assert orders.unsettled() == (KEY,)


def test_only_quiet_orders_are_asked_about_again() -> None:
    orders, clock = tracker()
    orders.sent(ORDER)
    clock.advance(10)
    orders.sent(replace(ORDER, client_order_id="kimp-2"))

    quiet = orders.unsettled(quiet_s=10)

    assert quiet == (OrderKey("BTC", "kimp-1", ""),)


def test_order_that_the_venue_does_not_know_is_given_up_after_a_minute() -> None:
    orders, clock = tracker()
    orders.sent(ORDER)
    (key,) = orders.unsettled()

    orders.missing(key)
    soon = orders.unsettled()
    clock.advance(59)
    orders.missing(key)
    later = orders.unsettled()
    clock.advance(1)
    orders.missing(key)

    assert (soon, later) == ((key,), (key,))
    assert orders.unsettled() == ()


def test_ended_orders_are_remembered_within_bounds() -> None:
    orders, _ = tracker()

    for number in range(2_001):
        orders.take(replace(TRUTH, client_order_id=f"c-{number}", venue_order_id=f"v-{number}"))

    assert orders.known(OrderKey("BTC", "c-0", "v-0")) is None
    assert orders.known(OrderKey("BTC", "c-1", "v-1")) is not None
    assert orders.unsettled() == ()


async def test_gap_is_closed_by_the_list_and_by_reading_what_is_not_on_it() -> None:
    orders, _ = tracker()
    orders.take(NEW)
    resting = replace(NEW, client_order_id="kimp-2", venue_order_id="v-2")
    by_hand = replace(NEW, client_order_id="", venue_order_id="v-3", symbol="ETH")
    orders.take(by_hand)
    orders.sent(replace(ORDER, client_order_id="kimp-lost", symbol="XRP"))
    ended_by_hand = replace(by_hand, status=OrderStatus.CANCELLED)
    reads = Reads((resting,), {"kimp-1": TRUTH, "v-3": ended_by_hand})

    told = [news async for news in catch_up(orders, reads, ["BTC"])]

    assert told == [resting, TRUTH, ended_by_hand]
    assert [key.client_order_id or key.venue_order_id for key in reads.asked] == [
        "kimp-1",
        "v-3",
        "kimp-lost",
    ]
    assert {key.client_order_id for key in orders.unsettled()} == {"kimp-2", "kimp-lost"}


async def test_listed_order_with_a_trade_missing_is_read() -> None:
    orders, _ = tracker()
    reads = Reads((report(1),), {"kimp-1": STORY[1]})

    told = [news async for news in catch_up(orders, reads, ["BTC"])]

    assert told == [report(1), STORY[1]]


def test_trades_that_stream_and_rest_name_differently_are_not_counted_twice() -> None:
    renamed = tuple(replace(each, trade_id=f"rest-{each.trade_id}") for each in TRUTH.fills)
    in_the_words_of_rest = replace(TRUTH, fills=renamed)
    orders, _ = tracker()
    orders.take(STORY[1])

    after_rest = orders.take(in_the_words_of_rest)
    after_a_late_event = orders.take(STORY[2])

    assert after_rest == in_the_words_of_rest
    assert after_a_late_event == in_the_words_of_rest


def test_orders_never_heard_of_again_are_remembered_within_bounds() -> None:
    orders, _ = tracker()

    for number in range(5_001):
        orders.sent(replace(ORDER, client_order_id=f"c-{number}"))

    unsettled = orders.unsettled()
    assert len(unsettled) == 5_000
    assert unsettled[0].client_order_id == "c-1"


def test_incomplete_orders_are_those_with_trades_missing() -> None:
    orders, _ = tracker()
    orders.sent(replace(ORDER, client_order_id="kimp-2"))
    orders.take(NEW)
    complete = orders.incomplete()

    orders.take(STORY[2])

    assert complete == ()
    assert orders.incomplete() == (KEY,)


async def test_reply_that_cannot_be_understood_does_not_keep_the_others_from_being_read() -> None:
    class Odd(Reads):
        async def open_orders(self, symbol: str) -> tuple[OrderReport, ...]:
            raise BadReply(Venue.UPBIT, "odd list")

        async def read_order(self, key: OrderKey) -> OrderReport:
            if key.client_order_id == "kimp-odd":
                raise BadReply(Venue.UPBIT, "odd order")
            return TRUTH

    orders, _ = tracker()
    orders.sent(replace(ORDER, client_order_id="kimp-odd"))
    orders.take(NEW)

    told = [news async for news in catch_up(orders, Odd(), ["BTC"])]

    assert told == [TRUTH]
    assert [key.client_order_id for key in orders.unsettled()] == ["kimp-odd"]


async def test_gap_stays_open_when_a_read_fails() -> None:
    class Down(Reads):
        async def read_order(self, key: OrderKey) -> OrderReport:
            raise VenueUnavailable(Venue.UPBIT, "down")

    orders, _ = tracker()
    orders.take(NEW)

    with pytest.raises(VenueUnavailable):
        _ = [news async for news in read_again(orders, Down(), orders.unsettled())]

    assert orders.unsettled() == (KEY,)


def test_ids_of_another_market_are_of_another_order() -> None:
    tracker = OrderTracker(ManualClock())
    tracker.take(report(1, OrderStatus.PARTIALLY_FILLED, 1))

    other = tracker.take(replace(NEW, client_order_id="kimp-2", symbol="ETH"))

    assert (other.filled, other.fills) == (Decimal(0), ())


def test_client_order_id_that_is_used_again_is_of_another_order() -> None:
    tracker = OrderTracker(ManualClock())
    tracker.take(report(3, OrderStatus.FILLED, 1, 2, 3))

    again = tracker.take(replace(NEW, venue_order_id="v-2"))

    assert (again.status, again.filled) == (OrderStatus.NEW, Decimal(0))
    assert [key.venue_order_id for key in tracker.unsettled()] == ["v-2"]


@pytest.mark.parametrize(
    ("change", "is_so"),
    [
        ({}, False),
        ({"quantity": Decimal(2)}, False),
        ({"quantity": Decimal(10**30), "filled": Decimal(10**30)}, True),
        ({"side": Side.SELL}, True),
        ({"client_order_id": "kimp-2", "side": Side.SELL}, False),
    ],
)
@pytest.mark.parametrize("is_told", [False, True], ids=["as sent", "as told"])
def test_more_than_was_ordered_contradicts_what_is_known(
    change: dict[str, Any], is_so: bool, is_told: bool
) -> None:
    orders, _ = tracker()
    orders.sent(ORDER)
    if is_told:
        orders.take(replace(NEW, venue_order_id=""))

    assert orders.contradicts(replace(NEW, venue_order_id="", **change)) is is_so


@pytest.mark.parametrize("change", [{"quantity": Decimal(4)}, {"side": Side.SELL}])
def test_trade_that_its_order_cannot_have_is_left_to_be_read(change: dict[str, Any]) -> None:
    orders, _ = tracker()
    orders.take(NEW)

    assert orders.take_fill(replace(fill(1), **change)) is None
    assert orders.known(KEY) == NEW
