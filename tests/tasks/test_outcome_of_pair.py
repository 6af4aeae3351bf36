"""What a pair's state amounts to for the sender of a signal."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tasks.outcome import OutcomeStatus
from tasks.outcome_of_pair import STATUS, outcome_of_entry, outcome_of_exit
from tasks.pair_transitions import PairState
from tasks.signal import Direction
from tests.tasks.pairs import flow, pair_of, reference

PAIR = pair_of(
    Direction.LONG_PREMIUM,
    reference(1, "1", 1),
    (flow("3", "100", "1"), flow("1", "50", "2")),
    (flow("3", "90", "3"), flow("0", "0")),
)


@pytest.mark.parametrize("state", list(PairState))
def test_every_state_has_a_word_and_doubt_is_called_by_its_worst(state: PairState) -> None:
    status = STATUS[state]
    if state in (PairState.HEDGED, PairState.CLOSED, PairState.FAILED, PairState.UNWOUND):
        assert status.value == state.value
    else:
        assert status is OutcomeStatus.NAKED
    assert outcome_of_entry(replace(PAIR, state=state), None, {}).status is status


def test_the_legs_tell_the_direction_that_was_asked_for() -> None:
    entry = outcome_of_entry(PAIR, None, {})
    leaving = outcome_of_exit("s-2", [PAIR], OutcomeStatus.CLOSED, None, {})

    assert [leg.side.value for leg in entry.legs] == ["buy", "sell"]
    assert [leg.side.value for leg in leaving.legs] == ["sell", "buy"]
    assert entry.legs[0].average_price == Decimal("33.33333333")
    assert leaving.legs[1].average_price is None
    assert entry.legs[0].client_order_ids == (
        "kimp-p0123456789ab-s001",
        "kimp-p0123456789ab-s002",
    )
    assert (entry.signal_id, leaving.signal_id) == ("s-1", "s-2")


def test_an_exit_of_several_pairs_names_none() -> None:
    both = outcome_of_exit("s-2", [PAIR, PAIR], OutcomeStatus.CLOSED, "both", {})
    assert both.pair_id is None
    assert both.premium_pct is None
    assert len(both.legs) == 4
