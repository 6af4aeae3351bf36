"""Each signal is decided once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from tasks.decisions import Decisions
from tasks.outcome import Outcome, OutcomeStatus
from tasks.signal import Signal

DENIED = Outcome(signal_id="s-1", status=OutcomeStatus.DENIED, reason="a: b")


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
    decisions = Decisions()
    decisions.begin(signal())
    asking = [asyncio.create_task(decisions.first(signal())) for _ in range(3)]
    asking[0].cancel()  # who leaves takes nothing from the others
    await asyncio.sleep(0)
    decisions.decide(DENIED)

    assert await asyncio.gather(*asking[1:]) == [DENIED, DENIED]
    assert await decisions.first(signal()) == DENIED


async def test_the_same_id_with_other_content_is_told_apart() -> None:
    decisions = Decisions()
    assert not decisions.knows(signal())
    decisions.restore(signal(), DENIED)

    assert decisions.knows(signal("0.02"))
    assert decisions.is_same(signal())
    assert not decisions.is_same(signal("0.02"))


async def test_a_forgotten_signal_is_answered_and_its_id_is_free() -> None:
    decisions = Decisions()
    future = decisions.begin(signal())
    decisions.forget(signal(), DENIED)

    assert future.result() == DENIED
    assert not decisions.knows(signal())


async def test_a_decision_is_taken_once() -> None:
    decisions = Decisions()
    decisions.begin(signal())
    decisions.decide(DENIED)
    with pytest.raises(asyncio.InvalidStateError):
        decisions.decide(DENIED)
