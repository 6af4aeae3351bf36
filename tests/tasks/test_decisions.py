"""Each signal is decided once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tasks.decisions import Decisions
from tasks.outcome import Outcome, OutcomeStatus
from tasks.signal import Signal
from tests.exchanges.manual_clock import ManualClock

LEAD = timedelta(seconds=1)
TTL = timedelta(seconds=3)


def denied(signal_id: str = "s-1", pair_id: str | None = None) -> Outcome:
    return Outcome(signal_id=signal_id, status=OutcomeStatus.DENIED, reason="a: b", pair_id=pair_id)


DENIED = denied()


def empty(clock: ManualClock | None = None, *, open_pairs: tuple[str, ...] = ()) -> Decisions:
    """Keeps three outcomes beyond what it must."""
    clock = ManualClock() if clock is None else clock
    return Decisions(clock, LEAD, lambda pair_id: pair_id in open_pairs, kept=3)


def dated(clock: ManualClock, signal_id: str) -> Signal:
    return signal().model_copy(update={"id": signal_id, "created_at": clock.now()})


def signal(quantity: str = "0.01") -> Signal:
    return Signal.model_validate(
        {
            "id": "s-1",
            "action": "ENTER",
            "symbol": "BTC",
            "quantity": quantity,
            "created_at": datetime(2026, 1, 31, tzinfo=UTC),
        }
    )


async def test_everybody_who_asks_gets_the_one_outcome() -> None:
    decisions = empty()
    decisions.begin(signal())
    asking = [asyncio.create_task(decisions.first(signal())) for _ in range(3)]
    asking[0].cancel()  # who leaves takes nothing from the others
    await asyncio.sleep(0)
    decisions.decide(DENIED)

    assert await asyncio.gather(*asking[1:]) == [DENIED, DENIED]
    assert await decisions.first(signal()) == DENIED


async def test_the_same_id_with_other_content_is_told_apart() -> None:
    decisions = empty()
    assert not decisions.knows(signal())
    decisions.restore(signal(), DENIED)

    assert decisions.knows(signal("0.02"))
    assert decisions.is_same(signal())
    assert not decisions.is_same(signal("0.02"))


async def test_a_forgotten_signal_is_answered_and_its_id_is_free() -> None:
    decisions = empty()
    future = decisions.begin(signal())
    decisions.forget(signal(), DENIED)

    assert future.result() == DENIED
    assert not decisions.knows(signal())


async def test_a_decision_is_taken_once() -> None:
    decisions = empty()
    decisions.begin(signal())
    decisions.decide(DENIED)
    with pytest.raises(asyncio.InvalidStateError):
        decisions.decide(DENIED)


async def test_outcomes_of_old_signals_are_kept_while_there_is_room_and_no_longer() -> None:
    clock = ManualClock()
    decisions = empty(clock)
    for number in range(10):
        one = dated(clock, f"s-{number}")
        decisions.restore(one, denied(one.id))
        clock.advance(10)

    assert len(decisions) == 3
    assert [number for number in range(10) if decisions.knows(dated(clock, f"s-{number}"))] == [
        7,
        8,
        9,
    ]


async def test_no_outcome_is_forgotten_while_its_signal_would_be_taken_again() -> None:
    clock = ManualClock()
    decisions = empty(clock)
    signals = [dated(clock, f"s-{number}") for number in range(50)]
    for one in signals:
        decisions.restore(one, denied(one.id))
    clock.advance((TTL + LEAD).total_seconds())  # the very end of its life

    decisions.restore(dated(clock, "last"), denied("last"))

    assert all(decisions.knows(one) for one in signals)
    clock.advance(0.001)
    for number in range(50):
        decisions.restore(dated(clock, f"t-{number}"), denied(f"t-{number}"))
    assert not any(decisions.knows(one) for one in signals)


async def test_the_outcome_of_an_open_pair_is_kept_and_so_is_what_is_not_decided() -> None:
    clock = ManualClock()
    decisions = empty(clock, open_pairs=("p-open",))
    held, ended, undecided = (dated(clock, name) for name in ("held", "ended", "undecided"))
    decisions.restore(held, denied("held", "p-open"))
    decisions.restore(ended, denied("ended", "p-ended"))
    decisions.begin(undecided)

    for number in range(20):
        clock.advance(10)
        one = dated(clock, f"s-{number}")
        decisions.restore(one, denied(one.id))

    assert decisions.knows(held)
    assert decisions.knows(undecided)
    assert not decisions.knows(ended)
    assert len(decisions) == 3
