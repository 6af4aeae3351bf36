"""What a whole desk says of itself: each trouble from its beginning to its end."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchanges.instrument import Venue
from tasks.alert import Alert, AlertLevel, AlertType
from tasks.alerting.alert_rows import Row
from tasks.assembled_desk import GUARDIAN_S
from tasks.errors import DeskError
from tasks.outcome import OutcomeStatus
from tasks.pair import LegName
from tasks.paper_desk import PaperDesk
from tests.tasks.desks import Bench, entered, pair_of, run
from warehouse.records import RecordType


def told(bench: Bench) -> list[tuple[str, str, bool]]:
    """Type, level and whether it was an end, of each alert."""
    return [
        (record.body["type"], record.body["level"], record.body["is_over"])
        for record in bench.records(RecordType.ALERT)
    ]


def open_rows(desk: PaperDesk) -> list[str]:
    return [row.type.value for row in desk.parts.alerts.rows.open()]


def row_of(desk: PaperDesk, type_: str) -> Row:
    rows = desk.parts.alerts.rows
    [row] = [row for row in (*rows.open(), *rows.others()) if row.type == type_]
    return row


def test_an_entry_and_its_exit_are_told_and_leave_nothing_open(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            opened = await entered(desk)
            bench.spot_at(63_000_000)
            await desk.parts.feeds.read_all()
            closed = await desk.submit(action="EXIT", pair_id=opened.pair_id)

            assert closed.status is OutcomeStatus.CLOSED
            assert told(bench) == [("TRADE_EXECUTED", "info", False)] * 2
            first, last = bench.alerts("info")
            assert first.startswith(f"{opened.pair_id} is hedged: spot 0.01")
            assert "is closed: earned" in last
            assert open_rows(desk) == []

    run(tmp_path, scenario)


def test_a_missing_leg_is_one_row_from_its_detection_to_its_repair(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(Venue.BINANCE, "reject")
            await entered(desk)

            assert told(bench) == [
                ("ONE_LEG", "warning", False),
                ("TRADE_EXECUTED", "info", False),
                ("ONE_LEG", "info", True),
            ]
            row = row_of(desk, "ONE_LEG")
            assert row.recovered_at is not None
            assert (row.alerts, row.level.value) == (2, "warning")
            assert open_rows(desk) == []

    run(tmp_path, scenario)


def test_a_naked_pair_stays_open_over_a_restart_until_it_is_repaired(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.leave_naked()
            await entered(desk)
            row = row_of(desk, "ONE_LEG")
            assert row.level.value == "critical"
            assert "NAKED" in row.message

        async with bench.still_desk() as desk:
            again = row_of(desk, "ONE_LEG")
            assert again.row_id == row.row_id
            assert again.recovered_at is not None  # the start-up's recovery has repaired it
            assert open_rows(desk) == []
            seen = desk.parts.alerts.last_number
        async with bench.still_desk() as desk:
            assert desk.parts.alerts.last_number == seen
            assert row_of(desk, "ONE_LEG").recovered_at is not None

    run(tmp_path, scenario)


def test_a_leg_that_fails_on_the_way_out_is_told_too(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            opened = await entered(desk)
            bench.spot_at(63_000_000)
            await desk.parts.feeds.read_all()
            bench.fault(Venue.BINANCE, "reject")
            await desk.submit(action="EXIT", pair_id=opened.pair_id)

            assert [kind for kind, _, _ in told(bench)] == [
                "TRADE_EXECUTED",
                "ONE_LEG",
                "TRADE_EXECUTED",
                "ONE_LEG",
            ]
            assert open_rows(desk) == []

    run(tmp_path, scenario)


def test_a_refused_loss_stays_open_until_the_pair_has_ended(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            opened = await entered(desk)
            for _ in range(2):
                await desk.submit(action="EXIT", pair_id=opened.pair_id)
            assert open_rows(desk) == ["STOP_REFUSED_LOSS"]
            assert row_of(desk, "STOP_REFUSED_LOSS").alerts == 2

            bench.spot_at(63_000_000)
            await desk.parts.feeds.read_all()
            await desk.submit(action="EXIT", pair_id=opened.pair_id)

            assert open_rows(desk) == []

    run(tmp_path, scenario)


def test_a_pair_that_reaches_its_target_says_so_before_it_is_closed(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await entered(desk)
            bench.spot_at(64_000_000)
            await desk.parts.feeds.read_all()
            await desk.parts.desk.validate_exits()

            assert [kind for kind, _, _ in told(bench)] == [
                "TRADE_EXECUTED",
                "PROFIT_TARGET_HIT",
                "TRADE_EXECUTED",
            ]

    run(tmp_path, scenario)


def test_a_venue_that_is_lost_and_comes_back_is_one_row(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            spot = desk.parts.trading.venues[LegName.SPOT]
            bench.fault(Venue.UPBIT, "maintenance")
            for _ in range(3):
                assert "API_CONNECTION_LOST" not in open_rows(desk)
                await desk.parts.outages.check(spot)
            assert "API_CONNECTION_LOST" in open_rows(desk)
            lost = row_of(desk, "API_CONNECTION_LOST")
            assert lost.subject == "upbit"
            assert lost.message.startswith("upbit failed 3 health checks in a row. Entries are off")
            assert row_of(desk, "STOP_ACTIVATED").message.startswith(
                "new entries blocked: entry/live is paused, API_CONNECTION_LOST: upbit failed 3 "
            )

            bench.simulation.faults.clear()
            await asyncio.sleep(31)
            await desk.parts.outages.check(spot)

            assert "API_CONNECTION_LOST" not in open_rows(desk)
            row = row_of(desk, "API_CONNECTION_LOST")
            assert row.recovered_at is not None
            assert "answers again" in row.message

    run(tmp_path, scenario)


def test_coin_that_is_missing_is_a_row_until_journal_and_venues_agree(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await entered(desk)
            bench.coin_vanishes("0.001")
            await desk.parts.operations.reconcile()
            assert "RECONCILE_MISMATCH" in open_rows(desk)
            row, stop = row_of(desk, "RECONCILE_MISMATCH"), row_of(desk, "STOP_ACTIVATED")
            assert (row.level, stop.level) == (AlertLevel.CRITICAL, AlertLevel.CRITICAL)
            assert "BTC at upbit: journal 0.01, venue 0.009, -0.001 BTC difference" in row.message
            assert stop.message.startswith("new entries blocked: entry/live is paused, POSITION_")
            assert "0.001 BTC difference" in stop.message

            bench.upbit().ledger.credit("BTC", Decimal("0.001"))
            await desk.parts.operations.reconcile()
            assert open_rows(desk) == ["STOP_ACTIVATED"]  # only a person resumes

    run(tmp_path, scenario)


@pytest.mark.parametrize(("share", "warned"), [(50, True), (90, False)])
def test_a_days_loss_near_its_limit_is_warned_of_once(
    tmp_path: Path, share: int, warned: bool
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            capital = desk.parts.loss_warning._facts.capital()
            assert capital is not None
            loss = capital.total_krw * Decimal("0.03") * Decimal("0.8")
            results = desk.parts.trading.pairs._results
            results.note("lost", bench.clock.now(), -loss)
            await asyncio.sleep(3 * GUARDIAN_S)

            assert (open_rows(desk) == ["DAILY_LOSS_WARNING"]) is warned
            assert len(bench.alerts("warning")) == warned
            results.forget("lost")
            await asyncio.sleep(2 * GUARDIAN_S)
            assert open_rows(desk) == []

    run(tmp_path, scenario, daily_loss_warning_pct=share)


@pytest.mark.parametrize("how", ["resume", "reset"])
def test_an_emergency_stop_is_a_critical_row_until_a_person_lifts_it(
    tmp_path: Path, how: str
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await desk.parts.killing.kill("drill", liquidate=False)
            row = row_of(desk, "EMERGENCY_STOP")
            assert (row.level, row.recovered_at) == (AlertLevel.CRITICAL, None)
            assert row.message.startswith("emergency stop: drill. New entries are blocked")

            if how == "resume":
                await desk.parts.stopping.resuming.resume("it is over")
            else:
                desk.parts.killing.reset("Min-ji", "it is over")

            assert row_of(desk, "EMERGENCY_STOP").recovered_at is not None
            assert "EMERGENCY_STOP" not in open_rows(desk)

    run(tmp_path, scenario)


def test_a_row_that_a_person_has_seen_is_open_no_more_and_still_hears_of_its_end(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            opened = await entered(desk)
            await desk.submit(action="EXIT", pair_id=opened.pair_id)
            [row] = desk.parts.alerts.rows.open()
            desk.parts.alerts.acknowledge(row.row_id, "Kim")
            assert open_rows(desk) == []

        async with bench.still_desk() as desk:
            seen = row_of(desk, "STOP_REFUSED_LOSS")
            assert (seen.acknowledged_by, seen.recovered_at) == ("Kim", None)
            await desk.submit(action="EXIT", pair_id=opened.pair_id)
            assert open_rows(desk) == []  # a person looks after it already
            bench.spot_at(63_000_000)
            await desk.parts.feeds.read_all()
            await desk.submit(action="EXIT", pair_id=opened.pair_id)
            assert row_of(desk, "STOP_REFUSED_LOSS").recovered_at is not None

            with pytest.raises(DeskError, match="expected the id of an open one such as a17"):
                desk.parts.alerts.acknowledge(row.row_id, "Kim")

    run(tmp_path, scenario)


def test_an_alert_that_cannot_be_written_is_told_all_the_same(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            heard: list[Any] = []
            desk.parts.alerts.listeners.append(heard.append)
        said = "the disk is full"
        full = Alert(AlertType.SYSTEM_ERROR, AlertLevel.CRITICAL, said, subject="disk")
        desk.parts.trading.alert(full)

        assert [notice.alert.message for notice in heard] == ["the disk is full"]

    run(tmp_path, scenario)


def test_a_pair_that_is_repaired_is_named_in_the_alert(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(Venue.BINANCE, "reject")
            pair = pair_of(desk, await entered(desk))

            [warning] = bench.alerts("warning")
            assert warning.startswith(f"{pair.pair_id}: its legs differ (")
            assert f"{pair.pair_id} is hedged: repaired: " in bench.alerts("info")[-1]

    run(tmp_path, scenario)
