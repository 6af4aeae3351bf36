"""A whole desk whose Prefect server freezes, is killed, and comes back: pairs open, break and close
meanwhile, and afterwards Prefect shows what happened.
"""

from __future__ import annotations

from typing import Any

import pytest

from tasks.outcome import OutcomeStatus
from tests.deployments.running_desk import RunningDesk

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(600)]

BACK_S = 120.0


def test_pairs_open_break_and_close_without_prefect_which_is_told_once_it_is_back(
    desk: RunningDesk,
) -> None:
    executor_run = desk.running("executor/live")
    entered = desk.entry()
    opened = desk.fast(entered)
    pair_id = opened.pair_id
    assert pair_id is not None
    desk.freeze_prefect()

    desk.venues.refuse_perpetual_orders(2)
    breaking = desk.entry()
    repaired = desk.fast(breaking)
    desk.wait_until("entries stop", lambda: "switch_silent" in desk.blocks(), 20)
    late = desk.entry()
    refused = desk.fast(late)
    desk.venues.raise_upbit_price(percent=3)
    leaving = desk.exit(pair_id)
    desk.wait_until("the new price", lambda: desk.is_in_profit(pair_id), 20)
    closed = desk.fast(leaving)
    desk.kill_prefect()

    assert opened.status is OutcomeStatus.HEDGED
    assert repaired.status is OutcomeStatus.HEDGED
    assert (repaired.reason or "").startswith("repaired: ")
    assert refused.status is OutcomeStatus.DENIED
    assert (refused.reason or "").startswith("switch_silent: ")
    assert closed.status is OutcomeStatus.CLOSED

    desk.wait_until("entries go on", desk.takes_entries, BACK_S)
    told = {"Hedged": [entered, breaking], "Denied": [late], "Closed": [leaving]}
    for state_name, signals in told.items():
        for signal in signals:
            assert the_one_run_of(desk, signal)["state"]["name"] == state_name
    assert desk.running("executor/live") == executor_run
    assert desk.fast(desk.entry()).status is OutcomeStatus.HEDGED


def the_one_run_of(desk: RunningDesk, signal: dict[str, Any]) -> dict[str, Any]:
    return desk.ended(desk.found_run("signal-intake/live", BACK_S, signal=signal), BACK_S)
