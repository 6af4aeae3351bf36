from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from exchanges.instrument import Venue
from exchanges.side import Side
from flows.signal_story import final_state, outcome_markdown, signal_name, story
from tasks.outcome import Outcome, OutcomeLeg, OutcomeStatus
from tasks.signal import parse_signal

SPOT = OutcomeLeg(
    venue=Venue.UPBIT,
    side=Side.BUY,
    quantity=Decimal("0.010"),
    average_price=Decimal("65000000.0"),
    fee=Decimal("325.0"),
    fee_currency="KRW",
    client_order_ids=("kimp-p0123456789ab-s001",),
)


def outcome_of(status: OutcomeStatus, **fields: Any) -> Outcome:
    return Outcome(signal_id="s-1", status=status, pair_id="p0123456789ab", **fields)


@pytest.mark.parametrize(
    ("status", "failed"),
    [
        (OutcomeStatus.HEDGED, False),
        (OutcomeStatus.CLOSED, False),
        (OutcomeStatus.HELD, False),
        (OutcomeStatus.DENIED, False),
        (OutcomeStatus.FAILED, True),
        (OutcomeStatus.UNWOUND, True),
        (OutcomeStatus.NAKED, True),
    ],
)
def test_a_run_ends_in_a_state_named_after_the_outcome(status: OutcomeStatus, failed: bool) -> None:
    state = final_state(outcome_of(status, reason="code: what happened"))

    assert state.name == status.capitalize()
    assert state.is_failed() is failed
    assert state.is_completed() is not failed
    assert "what happened" in (state.message or "")


def test_a_naked_leg_says_what_to_do() -> None:
    message = final_state(outcome_of(OutcomeStatus.NAKED, reason="no: perpetual missing")).message

    assert message is not None
    assert "one-leg-recovery/live" in message
    assert "p0123456789ab" in message


def test_a_failed_exit_is_not_told_to_hold_nothing() -> None:
    message = final_state(outcome_of(OutcomeStatus.FAILED, reason="not_closed: not taken")).message

    assert "after an exit the pair still stands hedged" in (message or "")


def test_a_duplicate_ends_like_the_first_time_and_says_so() -> None:
    first = outcome_of(OutcomeStatus.UNWOUND)
    again = Outcome(signal_id="s-1", status=OutcomeStatus.DUPLICATE, first=first)

    state = final_state(again)

    assert state.name == "Unwound"
    assert state.is_failed()
    assert "decided before" in (state.message or "")
    assert "decided before" in story(again)[0]


def test_the_story_names_each_leg_and_the_time_it_took() -> None:
    lines = story(outcome_of(OutcomeStatus.HEDGED, legs=(SPOT,), timings_us={"total": 1500}))

    assert lines == [
        "Hedged: pair p0123456789ab.",
        "upbit: buy 0.010 at 65,000,000 KRW, fee 325 KRW (kimp-p0123456789ab-s001)",
        "took 1.50 ms",
    ]


def test_a_leg_of_several_orders_names_them_as_the_leg_s() -> None:
    orders = ("kimp-p0123456789ab-s001", "kimp-p0123456789ab-s002")
    leg = SPOT.model_copy(update={"client_order_ids": orders})

    [_, line] = story(outcome_of(OutcomeStatus.HEDGED, legs=(leg,)))

    assert line.endswith(f"(all orders of the leg: {', '.join(orders)})")


def test_a_reason_is_told_in_words_and_the_pair_once() -> None:
    held = outcome_of(
        OutcomeStatus.HELD, reason="not_in_profit: p0123456789ab: it would lose 5 KRW"
    )

    assert story(held) == ["Held (not in profit): pair p0123456789ab: it would lose 5 KRW."]


def test_a_signal_that_was_decided_before_a_stop_says_so_in_log_and_state() -> None:
    side = (
        "decided at 14:03:20.000 KST before the pause of entry/live was heard at 14:03:20.300 KST"
    )
    hedged = outcome_of(OutcomeStatus.HEDGED, reason=f"before_the_stop: {side}")

    told = f"Hedged (before the stop): pair p0123456789ab: {side}."

    assert story(hedged) == [told]
    assert final_state(hedged).message == told


def test_a_repair_is_told_step_by_step_and_its_state_stays_short() -> None:
    steps = [f"hedge {number}: {'refused ' * 8}" for number in range(4)]
    outcome = outcome_of(OutcomeStatus.UNWOUND, reason=f"unwound: {'; '.join(steps)}; lost 9 KRW")

    lines, message = story(outcome), final_state(outcome).message

    told = "Unwound: pair p0123456789ab: lost 9 KRW (5 steps, "
    assert lines[0] == f"{told}as follows)."
    assert lines[1:6] == [
        *[f"{number}. {step}" for number, step in enumerate(steps, 1)],
        "5. lost 9 KRW",
    ]
    assert lines[-1].startswith("What to do: Nothing is held")
    assert message is not None
    assert message.startswith(f"{told}see the log).")
    assert "before the next signal" in message


def test_the_artifact_shows_the_legs_to_people_and_the_outcome_to_programs() -> None:
    text = outcome_markdown(outcome_of(OutcomeStatus.HEDGED, legs=(SPOT,)))

    assert "| upbit | buy | 0.010 | 65,000,000 | 325 KRW | kimp-p0123456789ab-s001 |" in text
    payload = text.split("```json\n")[1].removesuffix("\n```")
    assert Outcome.model_validate_json(payload).legs == (SPOT,)


def test_runs_are_named_by_what_they_ask_for() -> None:
    now = datetime.now(UTC).isoformat()
    entry = {"id": "alpha-3f2a9c1d", "action": "ENTER", "symbol": "BTC", "quantity": "0.010"}
    leave = {"id": "x", "action": "EXIT", "symbol": "BTC", "pair_id": "p0123456789ab"}

    assert signal_name(parse_signal(entry | {"created_at": now}), "0.010") == (
        "enter-BTC-0.010-3f2a9c1d"
    )
    assert signal_name(parse_signal(leave | {"created_at": now})) == "exit-BTC-p0123456789ab"
