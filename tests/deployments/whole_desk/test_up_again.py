"""``kimp up`` a second time in the same KIMP_HOME: the simulated venues are where they were."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deployments.state_folder import simulator_state
from tasks.outcome import OutcomeStatus
from tests.deployments.running_desk import RunningDesk

pytestmark = [pytest.mark.long, pytest.mark.prefect, pytest.mark.timeout(300)]


def test_a_pair_that_was_left_open_is_there_and_agreed_on(desk: RunningDesk) -> None:
    entered = desk.fast(desk.entry())
    desk.stop()
    left = accounts(desk)

    desk.start_again()
    desk.wait_until("entries are taken", desk.takes_entries, 60)
    reconciled = desk.reconciled()
    found = accounts(desk)

    assert entered.status is OutcomeStatus.HEDGED
    assert entered.pair_id in desk.open_pair_ids()
    assert reconciled["agreed"], reconciled
    assert found == left


def accounts(desk: RunningDesk) -> dict[str, Any]:
    """The desk's account at each simulated venue, as remembered."""
    venues = json.loads(simulator_state(desk.home).read_bytes())["venues"]
    found = {}
    for venue in ("upbit", "binance"):
        (found[venue],) = venues[venue]["accounts"].values()
    return found
