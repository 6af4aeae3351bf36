"""A day's work with a whole desk: stopping it and going on from the command line, a resume that is
refused, and what the desk says of itself. What is said is looked for wherever a person would."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tasks.outcome import OutcomeStatus
from tests.deployments.running_desk import PREFECT_S, RunningDesk
from tests.deployments.up_process import desk_environment, kimp

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(600)]

HEARD_S = 60.0
RESUME_S = 120.0
"""The look before it may wait for room in a venue's rate limits."""
ENTRY, INTAKE = "entry/live", "signal-intake/live"
HEALTHY = re.compile(r"healthy 9/9( \(.+\))? · trading · errors 1h \d+(, today \d+)?")
"""As ``flows/health.py`` writes it: in brackets what is warned of, such as a slow venue."""


def said(home: Path, *arguments: str) -> str:
    """By a command of ``kimp`` that ends well."""
    done = kimp(desk_environment(home), *arguments, timeout_s=RESUME_S)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_stop_with_its_reason_and_its_end_are_seen_everywhere(
    desk: RunningDesk, home: Path
) -> None:
    why, over = "the auditors are here", "the auditors have left"

    told = said(home, "stop", "--reason", why)

    assert told.startswith(f"paused {ENTRY} and {INTAKE}: no new pairs; open pairs are kept")
    for name in (ENTRY, INTAKE):
        wait_for_note(desk, name, why)
        assert desk.is_paused(name)
    assert {stop["switch"]: stop["sentence"] for stop in desk.stops()} == {ENTRY: why, INTAKE: why}
    status = said(home, "status")
    assert "takes no entries" in status
    for name in (ENTRY, INTAKE):
        assert f"{name} is paused in Prefect (MANUAL_STOP: {why}, heard at " in status
    fast = desk.fast(desk.entry())
    run = desk.run(INTAKE, signal=desk.entry())
    assert fast.status is OutcomeStatus.DENIED
    assert (fast.reason or "").startswith("paused: ")
    assert why in (fast.reason or "")
    assert run["state"]["name"] == "Denied"
    assert why in run["state"]["message"]
    readiness = desk.run(ENTRY)
    assert (readiness["state"]["type"], readiness["state"]["name"]) == ("COMPLETED", "NotReady")
    listed = desk.artifact_text(readiness["id"], "readiness")
    for name in (ENTRY, INTAKE):
        assert re.search(rf"\| paused \| {name} is paused in Prefect: .+MANUAL_STOP: {why}", listed)

    told = said(home, "resume", "--reason", over)

    assert told.endswith("resumed: entries and signals are on again\n")
    for name in (ENTRY, INTAKE):
        assert not desk.is_paused(name)
        wait_for_note(desk, name, f"is on: {over}")
    assert desk.stops() == []
    desk.wait_until("entries are taken", desk.takes_entries, HEARD_S)
    status = said(home, "status")
    assert "takes entries" in status
    assert "paused    nothing" in status
    assert why not in status
    entered = desk.entered()
    assert entered.status is OutcomeStatus.HEDGED, entered


def test_a_switch_that_goes_on_too_early_goes_off_again_and_says_why(
    desk: RunningDesk, home: Path
) -> None:
    entered = desk.entered()
    assert entered.status is OutcomeStatus.HEDGED, entered
    [executor_run] = desk.running("executor/live")
    desk.switch(ENTRY, on=False)
    desk.wait_until("entry is off", lambda: desk.switches()[ENTRY], HEARD_S)
    # Coin that a list explains would be booked.
    desk.venues.hide_transfers()
    desk.venues.move_coin("-0.001")
    why = "-0.001 BTC difference"

    desk.switch(ENTRY, on=True)

    desk.wait_until("the refusal", lambda: desk.refused_resume() is not None, RESUME_S)
    wait_for_note(desk, ENTRY, "resume refused: journal and venues disagree: balance BTC at upbit")
    assert desk.is_paused(ENTRY)
    assert why in desk.pause_note(ENTRY)
    assert why in str(desk.refused_resume())
    status = said(home, "status")
    assert re.search(rf"^resume    refused at .+{why}", status, re.MULTILINE)
    assert re.search(rf"{ENTRY} is paused in Prefect .+resume refused: .+{why}", status)
    line = re.compile(rf"the resume of {ENTRY} is refused: .+{why}")
    desk.wait_until(
        "the line in the executor's log",
        lambda: line.search(desk.log_of(executor_run)) is not None,
        HEARD_S,
        PREFECT_S,
    )
    refused = desk.fast(desk.entry())
    assert refused.status is OutcomeStatus.DENIED
    assert why in (refused.reason or "")

    desk.venues.move_coin("0.001")
    desk.venues.clear_faults()
    told = said(home, "resume", "--reason", "the coin is back")

    assert told.endswith("resumed: entries and signals are on again\n")
    assert not desk.is_paused(ENTRY)
    assert desk.refused_resume() is None
    assert desk.stops() == []
    assert "refused" not in said(home, "status")
    rows = [*desk.alert_rows(ENTRY), *desk.alert_rows("position_mismatch")]
    told_of = {"STOP_ACTIVATED", "RESUME_REFUSED", "RECONCILE_MISMATCH"}
    assert told_of <= {row["type"] for row in rows}
    assert all(row["recovered_at"] for row in rows), rows
    desk.wait_until("entries are taken", desk.takes_entries, HEARD_S)
    entered = desk.entered()
    assert entered.status is OutcomeStatus.HEDGED, entered


def test_what_an_automation_switches_on_goes_off_again_until_a_person_resumes(
    desk: RunningDesk, home: Path
) -> None:
    desk.switch(ENTRY, on=False)
    desk.wait_until("entry is off", lambda: desk.switches()[ENTRY], HEARD_S)
    why = "Prefect's automation 'each morning', and only a person resumes"

    desk.have_switched_on(ENTRY, "each morning", lambda: desk.refused_resume() is not None)

    wait_for_note(desk, ENTRY, why)
    desk.wait_until("it is off in Prefect", lambda: desk.is_paused(ENTRY), HEARD_S, PREFECT_S)
    refused = desk.fast(desk.entry())
    assert refused.status is OutcomeStatus.DENIED
    assert why in (refused.reason or "")
    told = said(home, "resume", "--reason", "a person has looked")
    assert told.endswith("resumed: entries and signals are on again\n")
    assert not desk.is_paused(ENTRY)
    desk.wait_until("entries are taken", desk.takes_entries, HEARD_S)
    entered = desk.entered()
    assert entered.status is OutcomeStatus.HEDGED, entered


def test_a_well_desk_says_so_in_readiness_canary_and_health(desk: RunningDesk) -> None:
    assert message_of(desk, ENTRY, "Ready") == "BTC: would trade."
    canary = message_of(desk, INTAKE, "Alive")
    assert canary.startswith("The path answers; would trade; took ")
    health = message_of(desk, "health/live", "Healthy", "Warning")
    assert HEALTHY.fullmatch(health), health


def message_of(desk: RunningDesk, name: str, *states: str) -> str:
    """Of a run of ``name`` that ends so; another is asked for where the scheduled one is at it, or
    the machine stood still for a moment."""
    runs = []

    def ends_so() -> bool:
        runs.append(desk.run(name))
        return runs[-1]["state"]["name"] in states

    desk.wait_until(f"a run of {name} that ends {' or '.join(states)}", ends_so, HEARD_S)
    assert runs[-1]["state"]["type"] == "COMPLETED"
    return str(runs[-1]["state"]["message"])


def wait_for_note(desk: RunningDesk, name: str, text: str) -> None:
    """Left in Prefect with the switch ``name``: the desk sets the switch first."""
    described = f"{text!r} stands with {name}"
    desk.wait_until(described, lambda: text in desk.pause_note(name), HEARD_S, PREFECT_S)
