"""A signal whose orders are at the venues when ``entry/live`` is paused ends as it was begun and
says so, and the next one is refused."""

from __future__ import annotations

import re

import pytest

from tests.deployments.running_desk import RunningDesk

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(600)]

HEARD_S = 60.0
ENTRY, INTAKE = "entry/live", "signal-intake/live"
TIME = r"\d\d:\d\d:\d\d\.\d{3} KST"


def test_each_signal_says_on_which_side_of_a_pause_it_was_decided(desk: RunningDesk) -> None:
    run_id, pair_id = desk.run_in_doubt()

    desk.switch(ENTRY, on=False)
    desk.wait_until("entry is off", lambda: desk.switches()[ENTRY], HEARD_S)
    still = desk.pair_state(pair_id)
    late_id = desk.start(INTAKE, signal=desk.entry())
    desk.venues.clear_faults()

    run, late = desk.ended(run_id), desk.ended(late_id)
    assert still == "opening"
    assert run["state"]["name"] == "Hedged", run["state"]
    message = run["state"]["message"]
    told = re.fullmatch(
        rf"Hedged \(before the stop\): pair {pair_id}: decided at {TIME} before the pause of "
        rf"{ENTRY} was heard at ({TIME})\.",
        message,
    )
    assert told is not None, message
    assert message in desk.log_of(run_id).splitlines()
    assert late["state"]["name"] == "Denied", late["state"]
    refusal = late["state"]["message"]
    assert refusal.startswith(
        f"Denied (paused): {ENTRY} is paused in Prefect: no new pairs (MANUAL"
    )
    assert f"heard at {told[1]})" in refusal
    assert refusal in desk.log_of(late_id).splitlines()
    assert desk.pair_state(pair_id) == "hedged"
    reconciled = desk.reconciled()
    assert reconciled["agreed"], reconciled
    assert sum(desk.venues.held()) == 0

    desk.switch(ENTRY, on=True)
    desk.wait_until("entries are taken", desk.takes_entries, HEARD_S)
