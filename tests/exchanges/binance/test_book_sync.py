"""When a book is the venue's, and when only a new snapshot makes it so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from exchanges.binance.book_sync import LATE_S, SNAPSHOT_LEVELS, BookSync
from exchanges.binance.depth import DepthEvent, DepthSnapshot, Touch
from exchanges.book import Level

START = datetime(2026, 11, 2, tzinfo=UTC)


def level(price: str, quantity: str) -> Level:
    return Level(Decimal(price), Decimal(quantity))


def at(update_id: int) -> datetime:
    return START + timedelta(milliseconds=update_id)


def snapshot(last_id: int) -> DepthSnapshot:
    bids, asks = (level("99", "1"), level("98", "1")), (level("101", "1"), level("102", "1"))
    return DepthSnapshot(last_id, bids, asks, at(last_id))


def event(
    first_id: int, last_id: int, previous_id: int, bid: str = "99", size: str = "5"
) -> DepthEvent:
    return DepthEvent(first_id, last_id, previous_id, (level(bid, size),), (), at(last_id))


def touch(last_id: int, bid: str = "99.5", ask: str = "100.5", size: str = "3") -> Touch:
    return Touch(last_id, level(bid, size), level(ask, "4"), at(last_id))


def bids_of(sync: BookSync, now: float = 0.0) -> dict[str, str] | None:
    view = sync.view(10, now)
    return None if view is None else {str(each.price): str(each.quantity) for each in view[0]}


def test_changes_from_before_the_snapshot_are_left_out_and_the_first_reaches_past_it() -> None:
    sync = BookSync()

    sync.on_event(event(90, 95, 89, size="7"), 0.0)
    sync.on_event(event(96, 104, 95, size="6"), 0.0)
    sync.on_event(event(105, 110, 104, bid="98", size="0"), 0.0)
    assert not sync.is_whole
    sync.on_snapshot(snapshot(100))

    assert sync.is_whole
    assert sync.last_id == 110
    assert bids_of(sync) == {"99": "6"}


def test_snapshot_alone_is_a_book() -> None:
    sync = BookSync()

    sync.on_snapshot(snapshot(100))

    assert bids_of(sync) == {"99": "1", "98": "1"}


def test_first_change_may_begin_after_the_snapshot_if_nothing_happened_in_between() -> None:
    sync = BookSync()
    sync.on_snapshot(snapshot(100))

    sync.on_event(event(107, 109, 98), 0.0)

    assert bids_of(sync) == {"99": "5", "98": "1"}


@pytest.mark.parametrize(
    "broken",
    [event(103, 110, 102), event(112, 115, 111)],
    ids=["first change after the snapshot", "change after a change"],
)
def test_gap_gives_the_book_up_until_the_next_snapshot(broken: DepthEvent) -> None:
    sync = BookSync()
    sync.on_snapshot(snapshot(100))
    if broken.previous_id == 111:
        sync.on_event(event(99, 110, 98), 0.0)

    sync.on_event(broken, 0.0)

    assert not sync.is_whole
    assert bids_of(sync) is None
    sync.on_event(event(116, 120, broken.last_id, size="9"), 0.0)
    sync.on_snapshot(snapshot(broken.last_id))
    assert bids_of(sync) == {"99": "9", "98": "1"}


def test_snapshot_that_lags_behind_the_changes_at_hand_is_not_enough() -> None:
    sync = BookSync()
    sync.on_event(event(201, 210, 200), 0.0)

    sync.on_snapshot(snapshot(150))

    assert not sync.is_whole


def test_change_that_comes_twice_is_taken_once() -> None:
    sync = BookSync()
    sync.on_snapshot(snapshot(100))
    sync.on_event(event(99, 110, 98, size="5"), 0.0)
    sync.on_event(event(111, 120, 110, size="6"), 0.0)

    sync.on_event(event(99, 110, 98, size="5"), 0.0)
    sync.on_event(event(111, 120, 110, size="6"), 0.0)

    assert bids_of(sync) == {"99": "6", "98": "1"}
    assert sync.last_id == 120


def test_touch_is_gone_with_the_change_that_has_its_number() -> None:
    sync = BookSync()
    sync.on_snapshot(snapshot(100))
    sync.on_touch(touch(110), 0.0)

    sync.on_event(event(99, 110, 98), 0.0)

    assert bids_of(sync) == {"99": "5", "98": "1"}


def test_second_snapshot_may_fall_in_the_middle_of_a_change() -> None:
    sync = BookSync()
    sync.on_snapshot(snapshot(100))
    sync.on_event(event(99, 110, 98), 0.0)

    sync.on_snapshot(snapshot(115))
    sync.on_event(event(111, 120, 110, size="9"), 0.0)

    assert sync.is_whole
    assert bids_of(sync) == {"99": "9", "98": "1"}


def test_touch_goes_on_top_until_the_changes_reach_it() -> None:
    sync = BookSync()
    sync.on_snapshot(snapshot(100))

    sync.on_touch(touch(105), 0.0)
    with_touch = sync.view(10, 0.0)
    sync.on_event(event(99, 110, 98), 0.0)

    assert with_touch is not None
    assert with_touch == (
        (level("99.5", "3"), level("99", "1"), level("98", "1")),
        (level("100.5", "4"), level("101", "1"), level("102", "1")),
        at(105),
    )
    assert bids_of(sync) == {"99": "5", "98": "1"}


@pytest.mark.parametrize(
    "useless",
    [touch(100), touch(90), touch(105, size="0"), touch(105, bid="101", ask="100")],
    ids=["of the snapshot", "older", "one-sided", "crossed"],
)
def test_touch_that_tells_nothing_changes_nothing(useless: Touch) -> None:
    sync = BookSync()
    sync.on_snapshot(snapshot(100))

    sync.on_touch(useless, 0.0)

    assert bids_of(sync) == {"99": "1", "98": "1"}


def test_levels_that_fall_behind_the_touch_are_not_shown() -> None:
    sync = BookSync()
    sync.on_snapshot(snapshot(100))
    sync.on_touch(touch(105), 10.0)
    sync.on_touch(touch(108), 10.0 + LATE_S)

    assert bids_of(sync, 10.0 + LATE_S) is not None
    assert bids_of(sync, 10.1 + LATE_S) is None
    sync.on_event(event(99, 107, 98), 10.1 + LATE_S)
    assert bids_of(sync, 10.1 + LATE_S) is not None


def test_book_that_crosses_itself_is_given_up() -> None:
    sync = BookSync()
    sync.on_snapshot(snapshot(100))

    sync.on_event(event(99, 110, 98, bid="101"), 0.0)

    assert bids_of(sync) is None
    assert not sync.is_whole


def test_book_is_thin_where_it_reaches_beyond_a_full_snapshot() -> None:
    bids = tuple(level(str(2_000 - number), "1") for number in range(SNAPSHOT_LEVELS))
    asks = tuple(level(str(2_001 + number), "1") for number in range(SNAPSHOT_LEVELS))
    sync = BookSync()

    sync.on_snapshot(DepthSnapshot(100, bids, asks, at(100)))
    at_first = sync.is_thin(20)
    gone = tuple(Level(each.price, Decimal(0)) for each in bids[:990])
    far = (*gone, *(level(str(900 - number), "1") for number in range(20)))
    sync.on_event(DepthEvent(99, 110, 98, far, (), at(110)), 0.0)

    assert not at_first
    assert sync.is_thin(20)
    assert not sync.is_thin(10)


def test_short_snapshot_is_the_whole_book_and_never_thin() -> None:
    sync = BookSync()
    sync.on_snapshot(snapshot(100))

    sync.on_event(event(99, 110, 98, bid="10"), 0.0)

    assert not sync.is_thin(20)
