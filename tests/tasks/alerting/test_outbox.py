"""What one channel has still to tell: bounded, throttled, gathered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tasks.alert import AlertLevel, AlertType
from tasks.alerting.outbox import BATCH, Batch, Outbox
from tests.exchanges.manual_clock import ManualClock
from tests.tasks.alerting.messages import notice

INFO, WARNING, CRITICAL = AlertLevel
GATHER_S, REPEAT_S = 5.0, 300.0


def box_of(capacity: int = 100) -> tuple[Outbox, ManualClock]:
    clock = ManualClock()
    return Outbox(clock, capacity=capacity, gather_s=GATHER_S, repeat_s=REPEAT_S), clock


def taken(box: Outbox) -> Batch:
    batch = box.take()
    assert batch is not None
    return batch


def said(batch: Batch) -> list[str]:
    return [item.notice.alert.message for item in batch.told]


def test_nothing_waits_in_an_empty_box() -> None:
    box, _ = box_of()

    assert box.due_in_s() is None
    assert box.take() is None


def test_a_critical_alert_is_due_at_once_and_takes_along_what_gathers() -> None:
    box, clock = box_of()
    box.put(notice(1, INFO))
    assert box.due_in_s() == GATHER_S
    clock.advance(1)
    assert box.due_in_s() == GATHER_S - 1

    box.put(notice(2, CRITICAL))

    assert box.due_in_s() == 0
    assert said(taken(box)) == ["number 2", "number 1"]
    assert box.due_in_s() is None


def test_alerts_of_one_row_that_wait_together_are_one_with_all_their_numbers() -> None:
    box, _ = box_of()
    for number in (1, 2, 3):
        box.put(notice(number, WARNING, row=1, is_repeat=number > 1))
    box.put(notice(4, WARNING))

    batch = taken(box)

    assert said(batch) == ["number 3", "number 4"]
    assert list(batch.numbers()) == [(1, 4)]


def test_a_row_that_was_told_is_told_again_only_after_a_while_with_all_that_came() -> None:
    box, clock = box_of()
    box.put(notice(1))
    box.settle(taken(box))
    for number in (2, 3):
        clock.advance(1)
        box.put(notice(number, row=1, is_repeat=True))
    assert box.take() is None
    assert box.due_in_s() == REPEAT_S - 2
    assert len(box) == 2

    clock.advance(REPEAT_S)

    assert box.due_in_s() == 0
    [item] = taken(box).told
    assert (item.notice.number, list(item.numbers)) == (3, [(2, 3)])


def test_a_row_that_got_worse_or_is_over_is_told_at_once_with_what_was_held_back() -> None:
    for worse in (notice(3, row=1), notice(3, row=1, is_over=True)):
        box, _ = box_of()
        box.put(notice(1, row=1))
        box.settle(taken(box))
        box.put(notice(2, row=1, is_repeat=True))

        box.put(worse)

        assert box.due_in_s() == 0
        assert list(taken(box).numbers()) == [(2, 3)]
        assert box.due_in_s() is None


def test_a_trouble_and_its_end_that_wait_together_are_both_told() -> None:
    box, _ = box_of()
    box.put(notice(1, said="lost"))
    box.put(notice(2, row=1, said="back", is_over=True))

    assert said(taken(box)) == ["lost", "back"]


def test_what_is_given_back_goes_before_what_came_meanwhile() -> None:
    box, _ = box_of()
    box.put(notice(1, WARNING))
    box.put(notice(2, WARNING))
    batch = taken(box)
    box.put(notice(3, WARNING))
    box.put(notice(4, WARNING, row=2, is_repeat=True))

    box.give_back(batch)

    assert said(taken(box)) == ["number 1", "number 4", "number 3"]


def test_a_full_box_loses_the_least_urgent_and_oldest_and_says_how_many() -> None:
    box, _ = box_of(capacity=3)
    box.put(notice(1, CRITICAL))
    box.put(notice(2, INFO, type_=AlertType.TRADE_EXECUTED))
    box.put(notice(3, WARNING))
    box.put(notice(4, INFO, type_=AlertType.TRADE_EXECUTED))
    box.put(notice(5, CRITICAL))

    batch = taken(box)

    assert said(batch) == ["number 1", "number 5", "number 3"]
    assert batch.dropped == {"TRADE_EXECUTED": 2}
    assert list(batch.dropped_numbers) == [(2, 2), (4, 4)]


def test_beyond_a_messages_room_the_less_urgent_are_counted_and_critical_ones_wait() -> None:
    box, _ = box_of()
    for number in range(1, BATCH + 6):
        box.put(notice(number, CRITICAL))
    box.put(notice(90, WARNING))

    batch, rest = taken(box), taken(box)

    assert said(batch) == [f"number {number}" for number in range(1, BATCH + 1)]
    assert [item.notice.number for item in batch.counted] == [90]
    assert said(rest) == [f"number {number}" for number in range(BATCH + 1, BATCH + 6)]


def test_ten_thousand_alerts_of_one_row_are_one_line() -> None:
    box, _ = box_of()
    for number in range(1, 10_001):
        box.put(notice(number, WARNING, row=1, is_repeat=number > 1))

    [item] = taken(box).told
    assert list(item.numbers) == [(1, 10_000)]


def test_who_waits_is_told_of_news_and_not_of_what_is_held_back() -> None:
    box, _ = box_of()
    heard: list[int] = []
    box.on_news = lambda: heard.append(len(box))
    box.put(notice(1))
    box.settle(taken(box))

    box.put(notice(2, row=1, is_repeat=True))

    assert heard == [1]


@given(
    st.lists(
        st.tuples(st.sampled_from(list(AlertLevel)), st.integers(1, 6), st.booleans()), max_size=40
    ),
    st.lists(st.sampled_from(["put", "take", "fail", "wait"]), max_size=60),
    st.integers(1, 8),
)
def test_every_alert_is_settled_once_whatever_happens(
    alerts: list[tuple[AlertLevel, int, bool]], steps: list[str], capacity: int
) -> None:
    box, clock = box_of(capacity)
    numbers = iter(range(1, len(alerts) + 1))
    settled: list[int] = []

    def settle(batch: Batch | None) -> None:
        if batch is not None:
            box.settle(batch)
            for ranges in (batch.numbers(), batch.dropped_numbers):
                settled.extend(n for first, last in ranges for n in range(first, last + 1))

    def put() -> None:
        number = next(numbers, None)
        if number is not None:
            level, row, is_repeat = alerts[number - 1]
            box.put(notice(number, level, row=1_000 * level.rank + row, is_repeat=is_repeat))

    for step in steps:
        if step == "put":
            put()
        elif step == "wait":
            clock.advance(REPEAT_S / 2)
        elif step == "take":
            settle(box.take())
        elif (batch := box.take()) is not None:
            box.give_back(batch)
    for _ in alerts:
        put()
    while box.due_in_s() is not None:
        settle(box.take(early=True))

    assert sorted(settled) == list(range(1, len(alerts) + 1))
    assert len(box) == 0
