"""Faults of ours about a pair: each is a row of its own, and ends when its trouble does."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from tasks.contradictions import CONTRADICTED
from tasks.outcome import OutcomeStatus
from tasks.pair_transitions import PairState
from tasks.paper_desk import PaperDesk
from tests.tasks.desks import Bench, entered, pair_of, run
from tests.tasks.test_contradictions import contradicted


def faults(desk: PaperDesk) -> list[tuple[str | None, str | None]]:
    """Pair and subject of each row that is open, in the order in which they began."""
    rows = [row for row in desk.parts.alerts.rows.open() if row.type == "SYSTEM_ERROR"]
    return [(row.pair_id, row.subject) for row in sorted(rows, key=lambda row: row.opened_at)]


def broken_at_once(*_: object) -> None:
    raise KeyError("nobody foresaw this")


async def broken(*_: object) -> None:
    broken_at_once()


def test_a_pair_that_is_repaired_ends_the_failure_of_its_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(Venue.BINANCE, "reject")
            with monkeypatch.context() as patch:
                patch.setattr("tasks.recovery.Recovery.repair", broken)
                outcome = await entered(desk)
            assert (outcome.reason or "").startswith("system_error: ")
            assert faults(desk) == [(outcome.pair_id, "decision")]

            await desk.parts.operations.recover(None)

            assert pair_of(desk, outcome).state is PairState.HEDGED
            assert faults(desk) == []

    run(tmp_path, scenario)


def test_a_resume_ends_what_failed_after_or_without_a_pair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            with monkeypatch.context() as patch:
                patch.setattr("tasks.feeds.Feeds.refresh_balances", broken)
                hedged = await entered(desk)
            await desk.parts.stopping.resuming.resume("seen")
            with monkeypatch.context() as patch:
                patch.setattr("tasks.desk_facts.DeskFacts.entry_plan", broken_at_once)
                without = await entered(desk)

        async with bench.still_desk() as desk:  # over a restart too
            assert pair_of(desk, hedged).state is PairState.HEDGED
            assert without.status is OutcomeStatus.DENIED
            assert faults(desk) == [(None, f"decision {without.signal_id}")]

            assert (await desk.parts.stopping.resuming.resume("seen"))["resumed"]

            assert faults(desk) == []

    run(tmp_path, scenario)


def test_a_contradiction_is_another_row_than_a_failed_signal_and_a_resume_ends_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            pair_id = await contradicted(desk)
            await asyncio.sleep(1)
            with monkeypatch.context() as patch:
                patch.setattr("tasks.exit_judge.ExitJudge.judge", broken_at_once)
                await desk.submit(action="EXIT", pair_id=pair_id)
            assert faults(desk) == [(pair_id, CONTRADICTED), (pair_id, "decision")]

        async with bench.still_desk() as desk:
            assert (await desk.parts.stopping.resuming.resume("compared"))["resumed"]

            assert faults(desk) == []
            ended = [row for row in desk.parts.alerts.rows.others() if row.subject == CONTRADICTED]
            assert [row.message for row in ended] == [
                f"{pair_id}: a person has compared it with its venues: compared."
            ]

    run(tmp_path, scenario)
