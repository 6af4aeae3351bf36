"""Orders in doubt are asked for ever more slowly, without end, and a person is told each stage."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from exchanges.instrument import Venue
from tasks.alert import Alert, AlertLevel
from tasks.doubts import LONGEST_PAUSE_S, Doubts
from tasks.outcome import OutcomeStatus
from tasks.pair_transitions import PairState
from tests.exchanges.manual_clock import ManualClock
from tests.tasks.desks import (
    Bench,
    assert_agreed,
    assert_cash_is_conserved,
    entered,
    pair_of,
    run,
)
from tests.tasks.settled_orders import ended, sent, undecided


def doubts_of() -> tuple[Doubts, ManualClock, list[Alert]]:
    clock, alerts = ManualClock(), list[Alert]()
    return Doubts(clock, alerts.append), clock, alerts


def test_pauses_between_questions_grow_to_half_a_minute() -> None:
    doubts, clock, _ = doubts_of()
    order = sent(clock.now())
    pauses = []
    for _ in range(12):
        doubts.note(undecided(order))
        began = clock.monotonic()
        while not doubts.are_due([order]):
            clock.advance(0.5)
        pauses.append(clock.monotonic() - began)

    assert pauses[0] == 2
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_S


def test_a_person_is_told_once_a_stage_and_then_every_hour() -> None:
    doubts, clock, alerts = doubts_of()
    order, told = sent(clock.now()), []
    began = clock.monotonic()
    while clock.monotonic() - began < 4 * 3_600:
        before = len(alerts)
        doubts.note(undecided(order))
        if len(alerts) > before:
            told.append(round(clock.monotonic() - began))
        clock.advance(10)

    assert told == [60, 300, 900, 3_600, 7_200, 10_800]
    assert {alert.level for alert in alerts} == {AlertLevel.CRITICAL}
    assert "in doubt for 1 min" in alerts[0].message
    assert "entries for BTC wait" in alerts[0].message


def test_a_doubt_is_as_old_as_its_order_after_a_restart() -> None:
    doubts, clock, alerts = doubts_of()
    order = sent(clock.now() - timedelta(minutes=20))

    doubts.note(undecided(order))
    doubts.note(undecided(order))

    assert ["in doubt for 20 min" in alert.message for alert in alerts] == [True]


def test_an_order_dated_after_now_is_no_older_than_its_doubt() -> None:
    """The clock was set back."""
    doubts, clock, alerts = doubts_of()
    order = sent(clock.now() + timedelta(hours=5))

    doubts.note(undecided(order))
    clock.advance(61)
    doubts.note(undecided(order))

    assert len(alerts) == 1


def test_news_brings_the_next_question_forward_and_an_end_ends_it() -> None:
    doubts, clock, alerts = doubts_of()
    order, other = sent(clock.now()), sent(clock.now(), attempt=2)
    doubts.note(undecided(order))
    assert not doubts.are_due([order])

    doubts.hurry(other.order.client_order_id)
    assert not doubts.are_due([order])
    doubts.hurry(order.order.client_order_id)
    assert doubts.are_due([order])

    assert doubts.has(order)
    doubts.note(ended(order))
    clock.advance(100_000)
    assert not doubts.has(order)
    assert alerts == []


def test_what_was_never_asked_for_is_due_and_so_is_a_pair_without_doubt() -> None:
    doubts, clock, _ = doubts_of()
    order, other = sent(clock.now()), sent(clock.now(), attempt=2)
    doubts.note(undecided(order))

    assert doubts.are_due([])
    assert doubts.are_due([other])
    assert doubts.are_due([order, other])


def test_a_desk_in_doubt_asks_ever_more_slowly_tells_and_enters_nothing(tmp_path: Path) -> None:
    """The venue took the order and then does not know it for ten minutes."""
    read = "GET /v1/order"

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            forgetful = {"code": "order_not_found", "message": "no such order"}
            bench.fault(Venue.UPBIT, "reject", times=10_000, endpoint=read, **forgetful)

            def asked() -> int:
                requests = bench.simulation.requests.requests()
                return sum(f"{seen.method} {seen.path}" == read for seen in requests)

            outcome = await entered(desk)
            assert outcome.status is OutcomeStatus.NAKED
            await asyncio.sleep(480)
            assert pair_of(desk, outcome).state is PairState.UNKNOWN
            before = asked()
            await asyncio.sleep(120)

            assert 3 <= asked() - before <= 5
            told = [text for text in bench.alerts("critical") if "in doubt for" in text]
            assert ["for 1 min" in text for text in told] == [True, False]
            assert "for 5 min" in told[1]
            assert (await entered(desk)).status is OutcomeStatus.DENIED

            bench.simulation.faults.clear()
            await asyncio.sleep(LONGEST_PAUSE_S + 5)

            assert pair_of(desk, outcome).state is PairState.HEDGED
            await assert_agreed(desk)
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario)
