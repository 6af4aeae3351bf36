"""The red button of a whole desk, pushed in Prefect while an order of the desk rests at its venue:
it reaches the order, keeps the pairs, and keeps entries out until a person has lifted it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tasks.client_order_id import client_order_id
from tasks.outcome import OutcomeStatus
from tasks.pair import LegName
from tests.deployments.running_desk import PREFECT_S, RunningDesk
from tests.deployments.whole_desk.test_operating import said

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(600)]

BACK_S = 120.0
BUTTON = "emergency-stop/live"
ENTRY, INTAKE, EXECUTOR = "entry/live", "signal-intake/live", "executor/live"


def test_what_rests_is_cancelled_and_nothing_enters_until_a_person_lifts_it(
    desk: RunningDesk, home: Path
) -> None:
    why = "the venue is odd"
    opened = desk.entered()
    assert opened.status is OutcomeStatus.HEDGED, opened
    kept = opened.pair_id
    assert kept is not None
    desk.venues.leave_spot_order_open(filled="0.4")
    run_id, torn = desk.run_in_doubt()
    assert desk.venues.open_orders() == [client_order_id(torn, LegName.SPOT, 1)]

    stop = desk.run(BUTTON, reason=why, confirm="STOP")
    left = desk.venues.open_orders()
    desk.venues.clear_faults()

    assert stop["state"]["name"] == "Stopped", stop["state"]
    assert stop["state"]["message"].startswith("1 orders cancelled, 0 pairs liquidated; the desk ")
    assert left == []
    # What the order had not filled is bought again: it is a leg that is missing, and no new pair.
    torn_run = desk.ended(run_id)
    assert torn_run["state"]["name"] == "Hedged", torn_run["state"]
    assert_hedged(desk, kept, torn)
    assert torn_run["state"]["message"].startswith(f"Hedged (repaired): pair {torn}: ")
    assert f"before the pause of {ENTRY} was heard at " in torn_run["state"]["message"]
    assert desk.is_paused(ENTRY)
    assert desk.is_paused(INTAKE)
    assert_killed(desk, why)

    epoch = desk.epoch()
    desk.kill_executor()
    desk.wait_until("the next epoch", lambda: desk.epoch() not in (epoch, None), BACK_S)
    assert_killed(desk, why)
    desk.wait_until("it has looked", lambda: "recovering" not in desk.blocks(), BACK_S)
    assert_hedged(desk, kept, torn)
    desk.wait_until(
        "one run is left", lambda: len(desk.unfinished(EXECUTOR)) == 1, BACK_S, PREFECT_S
    )

    told = said(home, "reset", "--by", "Min-ji", "--reason", "they called back", "--yes", "RESET")
    assert told.startswith(f"lifted by Min-ji: killed: {why}\n")
    refused = desk.fast(desk.entry())
    assert refused.status is OutcomeStatus.DENIED
    assert (refused.reason or "").startswith("paused: ")
    assert f"emergency stop: {why}" in (refused.reason or "")
    said(home, "resume", "--reason", "all is well")
    desk.wait_until("entries are taken", desk.takes_entries, BACK_S)
    entered = desk.entered()
    assert entered.status is OutcomeStatus.HEDGED, entered
    run = desk.run(INTAKE, signal=desk.entry())
    assert run["state"]["name"] == "Hedged", run["state"]


def test_a_coin_is_liquidated_by_name_and_a_button_pushed_wrongly_stops_nothing(
    desk: RunningDesk,
) -> None:
    entered = desk.entered()
    assert entered.status is OutcomeStatus.HEDGED, entered
    open_pairs = desk.open_pair_ids()
    for reason in ("", "    "):
        with pytest.raises(httpx.HTTPStatusError, match="409"):
            desk.run(BUTTON, reason=reason, confirm="STOP")
    fields = {"reason": "delisted", "liquidate": True}
    unconfirmed = desk.run(BUTTON, **fields, confirm="STOP BTC", symbol="BTC")
    unknown = desk.run(BUTTON, **fields, confirm="LIQUIDATE DOGE", symbol="DOGE")
    assert unconfirmed["state"]["name"] == "NotConfirmed"
    assert "symbol: expected one of BTC, got DOGE" in unknown["state"]["message"]
    desk.wait_until("entries are taken", desk.takes_entries, BACK_S)
    assert desk.open_pair_ids() == open_pairs

    def is_liquidated() -> bool:
        stop = desk.run(BUTTON, **fields, confirm="LIQUIDATE BTC", symbol="BTC")["state"]
        assert stop["name"] == "Stopped" or "Not everything was closed" in stop["message"], stop
        return bool(stop["name"] == "Stopped")

    desk.wait_until("its pairs are closed", is_liquidated, BACK_S)  # they need a fresh price

    assert {desk.pair_state(pair_id) for pair_id in open_pairs} == {"closed"}
    assert desk.open_pair_ids() == set()
    assert not any(desk.venues.held())
    assert_agreed(desk)
    assert_killed(desk, "delisted")
    assert not desk.is_paused(ENTRY)
    assert not desk.is_paused(INTAKE)
    resumed = desk.run("resume/live", reason="listed again")
    assert resumed["state"]["name"] == "Resumed", resumed["state"]
    entered = desk.entered()
    assert entered.status is OutcomeStatus.HEDGED, entered


def assert_killed(desk: RunningDesk, why: str) -> None:
    """Both doors refuse an entry with the reason."""
    told = f"the desk was killed ({why}) and not resumed"
    fast, run = desk.fast(desk.entry()), desk.run(INTAKE, signal=desk.entry())
    assert (fast.status, fast.reason) == (OutcomeStatus.DENIED, f"killed: {told}")
    assert run["state"]["name"] == "Denied"
    assert told in run["state"]["message"]


def assert_hedged(desk: RunningDesk, *pair_ids: str) -> None:
    for pair_id in pair_ids:
        assert desk.pair_state(pair_id) == "hedged"
    assert_agreed(desk)


def assert_agreed(desk: RunningDesk) -> None:
    """The desk with its venues, and these with each other."""
    reconciled = desk.reconciled()
    assert reconciled["agreed"], reconciled
    assert sum(desk.venues.held()) == 0
