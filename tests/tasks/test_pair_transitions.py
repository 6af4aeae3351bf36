"""Every state against every event."""

from __future__ import annotations

from itertools import product

import pytest

from tasks.errors import IllegalTransition
from tasks.pair_transitions import PairEvent, PairState, advance

# Written out a second time, by state and event names, so that a slip in the table shows.
ALLOWED = {
    line.split()[0] + " " + line.split()[1]: line.split()[2]
    for line in """
    opening legs_matched hedged
    opening nothing_filled failed
    opening leg_missing recovering
    opening outcome_unknown unknown
    unknown legs_matched hedged
    unknown nothing_filled failed
    unknown leg_missing recovering
    unknown flat closed
    unknown unwound unwound
    unknown gave_up naked
    hedged exit_started closing
    closing flat closed
    closing legs_matched hedged
    closing leg_missing recovering
    closing outcome_unknown unknown
    recovering legs_matched hedged
    recovering flat closed
    recovering unwound unwound
    recovering gave_up naked
    recovering outcome_unknown unknown
    naked recovery_started recovering
    opening forced_close opening
    opening manual_trade opening
    opening late_fill opening
    unknown forced_close unknown
    unknown manual_trade unknown
    unknown late_fill unknown
    hedged forced_close recovering
    hedged manual_trade recovering
    hedged late_fill recovering
    closing forced_close closing
    closing manual_trade closing
    closing late_fill closing
    recovering forced_close recovering
    recovering manual_trade recovering
    recovering late_fill recovering
    naked forced_close recovering
    naked manual_trade recovering
    naked late_fill recovering
    closed late_fill recovering
    unwound late_fill recovering
    failed late_fill recovering
    """.strip().splitlines()
}


@pytest.mark.parametrize(("state", "event"), list(product(PairState, PairEvent)))
def test_a_pair_goes_only_where_the_table_says(state: PairState, event: PairEvent) -> None:
    expected = ALLOWED.get(f"{state} {event}")

    if expected is None:
        with pytest.raises(IllegalTransition, match=rf"\b{state}\b.*\b{event}\b"):
            advance(state, event)
    else:
        assert advance(state, event) == expected


def test_ended_pairs_stay_ended() -> None:
    assert {state for state in PairState if state.is_terminal} == {"closed", "unwound", "failed"}
