"""A newcomer's first ``kimp up --once``, with nothing there at all, and the desk that goes on where
it ended."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any

import pytest

from deployments.state_folder import simulator_state
from tasks.outcome import Outcome, OutcomeStatus
from tests.deployments.research import Research
from tests.deployments.running_desk import RunningDesk, running_up
from tests.deployments.told_story import assert_told
from tests.deployments.up_process import UpProcess, desk_environment, kimp
from tests.passing_refusal import is_passing
from tests.prefect_database import NO_BLOCKS

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(600)]

TAKEN_S = 30.0


def test_the_one_command_tells_its_whole_story_and_the_next_desk_agrees_with_what_it_left(
    home: Path, request: pytest.FixtureRequest
) -> None:
    environment = desk_environment(home)
    environment = {name: value for name, value in environment.items() if name not in NO_BLOCKS}
    with running_up(home.parent, environment, "--once") as up:
        up.wait_for("takes entries")
        with story_untold(up):
            entered = entered_at(Research(home))

        second = kimp(environment, "up", "--once")

        assert second.returncode == 1
        assert f"already running in this KIMP_HOME, pid {up.process.pid}" in second.stderr
        assert entered.status is OutcomeStatus.HEDGED, entered
        assert_told(up, home, "binance")
    left = accounts(home)

    desk: RunningDesk = request.getfixturevalue("desk")  # begins only now
    desk.wait_until("entries are taken", desk.takes_entries, 60)
    reconciled = desk.reconciled()
    found = accounts(home)

    assert desk.open_pair_ids() == {entered.pair_id}
    assert reconciled["agreed"], reconciled
    assert found == left


@contextmanager
def story_untold(up: UpProcess) -> Iterator[None]:
    """The desk works and nobody goes on with the story: a venue would refuse another's order in the
    place of that of the second step."""
    up.process.send_signal(SIGSTOP)
    try:
        assert "2. ENTER" not in up.output
        yield
    finally:
        up.process.send_signal(SIGCONT)


def entered_at(research: Research) -> Outcome:
    """The first outcome that is no passing refusal, or the last one of ``TAKEN_S``."""
    deadline = time.monotonic() + TAKEN_S
    while True:
        outcome = research.fast(research.entry())
        if not is_passing(outcome.status, outcome.reason) or time.monotonic() > deadline:
            return outcome
        time.sleep(0.2)


def accounts(home: Path) -> dict[str, Any]:
    """The desk's account at each simulated venue, as remembered."""
    venues = json.loads(simulator_state(home).read_bytes())["venues"]
    found = {}
    for venue in ("upbit", "binance"):
        (found[venue],) = venues[venue]["accounts"].values()
    return found
