"""A whole desk whose executor, and then whose hot worker, is killed as memory killers do it:
others take their places, and the pair that was open stays open and hedged."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.outcome import OutcomeStatus
from tests.deployments.running_desk import PREFECT_S, RunningDesk

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(600)]

BACK_S = 120.0
EXECUTOR = "executor/live"


def test_the_next_executor_finds_the_pair_and_takes_entries(desk: RunningDesk) -> None:
    opened = desk.entered()
    assert opened.status is OutcomeStatus.HEDGED, opened
    pair_id, epoch = opened.pair_id, desk.epoch()
    assert pair_id is not None
    assert epoch is not None
    [killed] = desk.running(EXECUTOR)
    deaths = len(desk.alert_rows("executor"))

    desk.kill_executor()

    desk.wait_until("the next epoch", lambda: desk.epoch() not in (epoch, None), BACK_S)
    desk.wait_until("entries are taken", desk.takes_entries, BACK_S)
    # Prefect and whoever else misses it each ask for another; what comes too late ends by itself.
    desk.wait_until(
        "one run is left", lambda: len(desk.unfinished(EXECUTOR)) == 1, BACK_S, PREFECT_S
    )
    assert desk.state_of(killed) == "Crashed"
    [living] = desk.running(EXECUTOR)
    assert living != killed
    assert desk.epoch() == epoch + 1

    assert desk.ask(lambda executor: executor.pair(pair_id))["state"] == "hedged"
    reconciled = desk.reconciled()
    assert reconciled["agreed"], reconciled
    another = desk.entered()
    assert another.status is OutcomeStatus.HEDGED, another

    death = recovered(desk, "executor", deaths)
    assert death["level"] == "critical"
    assert f"An executor lives again, of epoch {epoch + 1}." in death["message"]


def test_the_next_hot_worker_takes_the_signals(desk: RunningDesk) -> None:
    deaths = len(desk.alert_rows("hot-worker"))

    desk.kill_hot_worker()

    desk.wait_until("its row", lambda: len(desk.alert_rows("hot-worker")) > deaths, BACK_S)
    [row] = [row for row in desk.alert_rows("hot-worker") if row["recovered_at"] is None]
    assert row["level"] == "critical"
    assert "hot worker ended unexpectedly (killed by SIGKILL)" in row["message"]
    assert recovered(desk, "hot-worker", deaths)["row_id"] == row["row_id"]
    run = desk.run("signal-intake/live", signal=desk.entry())
    assert run["state"]["name"] == "Hedged", run["state"]


def recovered(desk: RunningDesk, subject: str, earlier: int) -> dict[str, Any]:
    """The one row of ``subject`` beyond ``earlier`` ones, once its trouble is over."""

    def are_over() -> bool:
        rows = desk.alert_rows(subject)
        return len(rows) > earlier and all(row["recovered_at"] for row in rows)

    desk.wait_until(f"the alert about the {subject} is over", are_over, BACK_S)
    rows = sorted(desk.alert_rows(subject), key=lambda row: str(row["opened_at"]))
    [row] = rows[earlier:]
    return row
