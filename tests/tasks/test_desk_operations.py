"""Repairing, reconciling, killing and resuming."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from exchanges.order import Order, OrderType, TimeInForce
from exchanges.side import Side
from tasks.errors import DeskError
from tasks.outcome import OutcomeStatus
from tasks.pair import LegName
from tasks.pair_transitions import PairEvent, PairState
from tasks.paper_desk import PaperDesk
from tasks.switch_guard import ENTRY, SIGNAL_INTAKE
from tests.tasks.desks import (
    Bench,
    assert_agreed,
    assert_cash_is_conserved,
    entered,
    pair_of,
    run,
)
from warehouse.records import RecordType


def codes(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [reason["code"] for reason in answer["reasons"]]


async def rest_an_order(desk: PaperDesk, name: str) -> None:
    """Place a spot order far from the market under an id of our own."""
    spot = desk.parts.trading.venues[LegName.SPOT]
    await spot.exchange.submit(
        Order(
            client_order_id=name,
            symbol="BTC",
            side=Side.BUY,
            type=OrderType.LIMIT,
            quantity=Decimal("0.001"),
            price=Decimal(30_000_000),
            time_in_force=TimeInForce.GTC,
        )
    )


def test_kill_stops_entries_over_a_restart_until_resume(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk)
            answer = await desk.parts.killing.kill("drill", liquidate=False)

            nothing: dict[str, list[str]] = {"cancelled": [], "not_cancelled": [], "outcomes": []}
            assert answer == {"killed": True, **nothing}
            assert desk.switches.paused[ENTRY]
            assert desk.switches.paused[SIGNAL_INTAKE]
            assert pair_of(desk, opened).state is PairState.HEDGED
        await asyncio.sleep(2)
        async with bench.desk() as desk:  # its switches are all off again
            refused = await entered(desk)
            assert (refused.reason or "").startswith("killed: ")
            assert "an emergency stop holds (drill)" in desk.switches.notes[ENTRY]
            assert desk.parts.view.state()["killed"] == "drill"

            assert (await desk.parts.stopping.resuming.resume("drill is over"))["resumed"] is True
            assert (await entered(desk)).status is OutcomeStatus.HEDGED
        await asyncio.sleep(2)
        async with bench.desk() as desk:
            assert desk.parts.view.state()["killed"] is None

    run(tmp_path, scenario)


def test_kill_liquidates_only_when_told_to_and_at_any_price(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await entered(desk)
            await entered(desk)
            answer = await desk.parts.killing.kill("get out", liquidate=True)

            assert [item["status"] for item in answer["outcomes"]] == ["closed", "closed"]
            assert bench.coin() == 0
            assert bench.position() == 0
            purposes = {r.body["purpose"] for r in bench.records(RecordType.ORDER_INTENDED)}
            assert purposes == {"entry", "liquidation"}
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_kill_cancels_our_resting_orders_and_no_others(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await rest_an_order(desk, "kimp-p0123456789ab-s001")
            await rest_an_order(desk, "kimp-p0123456789ab-s002")
            await rest_an_order(desk, "somebody-else")
            # The first that is asked for ends before its cancel arrives.
            bench.fault(Venue.UPBIT, "reject", endpoint="DELETE /v1/order", code="order_not_found")
            answer = await desk.parts.killing.kill("drill", liquidate=False)

            assert len(answer["cancelled"]) == 1
            assert answer["cancelled"][0].startswith("kimp-p0123456789ab-s00")
            spot = desk.parts.trading.venues[LegName.SPOT].exchange
            resting = await spot.open_orders("BTC", urgent=True)
            left = [order.client_order_id for order in resting]
            assert len(left) == 2
            assert "somebody-else" in left
            assert answer["cancelled"][0] not in left

    run(tmp_path, scenario)


def test_a_kill_says_what_it_could_not_cancel(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await rest_an_order(desk, "kimp-p0123456789ab-s001")
            bench.fault(Venue.UPBIT, "http_500", endpoint="DELETE /v1/order")
            bench.fault(Venue.BINANCE, "http_500", endpoint="GET /fapi/v1/openOrders")
            answer = await desk.parts.killing.kill("drill", liquidate=False)
            again = await desk.parts.killing.kill("drill", liquidate=False)

            rests, unread = answer["not_cancelled"]
            assert rests.startswith("kimp-p0123456789ab-s001 could not be cancelled: ")
            assert unread.startswith("binance: resting orders cannot be read: ")
            assert answer["cancelled"] == []
            assert again["cancelled"] == ["kimp-p0123456789ab-s001"]
            assert again["not_cancelled"] == []

    run(tmp_path, scenario)


def test_resume_waits_until_everything_is_well(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await entered(desk)
            await desk.parts.killing.kill("drill", liquidate=False)
            bench.coin_vanishes("0.004")
            bench.simulation.upbit.set_clock_offset(5_000)
            answer = await desk.parts.stopping.resuming.resume("too early")

            assert answer["resumed"] is False
            assert "position_mismatch" in codes(answer)
            assert "unhealthy:clock" in codes(answer)
            assert desk.parts.view.state()["killed"] == "drill"

    run(tmp_path, scenario)


def test_coin_that_nothing_explains_blocks_entries_and_is_said_once(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await entered(desk)
            bench.coin_vanishes("0.005")
            for _ in range(2):
                record = await desk.parts.operations.reconcile()
            assert record["agreed"] is False
            [difference] = record["differences"]
            assert difference["kind"] == "balance"
            assert Decimal(difference["difference"]) == Decimal("-0.005")
            refused = await entered(desk)
            assert "POSITION_MISMATCH: journal and venues disagree" in (refused.reason or "")
            disagree = [text for text in bench.alerts("critical") if text.startswith("journal and")]
            assert len(disagree) == 1
            assert disagree[0].endswith("finds them equal and a person resumes.")
            assert "-0.005 BTC difference" in desk.switches.notes[ENTRY]

    run(tmp_path, scenario)


def test_a_venue_that_cannot_be_asked_disagrees_about_nothing(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await entered(desk)
            bench.fault(Venue.BINANCE, "refuse_connection", endpoint="*", times=1_000)

            record = await desk.parts.operations.reconcile()
            refused = await entered(desk)
            bench.simulation.faults.clear()
            later = await desk.parts.operations.reconcile()

            assert record["agreed"] is False
            assert (refused.reason or "").startswith(
                "not_ready: journal and venues could not be compared: binance could not be asked ("
            )
            assert bench.alerts("critical") == []
            assert sum("could not be compared" in alert for alert in bench.alerts("warning")) == 1
            assert later["agreed"] is True
            assert dict(desk.parts.blocks) == {}

    run(tmp_path, scenario)


def test_an_order_of_ours_that_rests_unknown_to_the_journal_is_a_difference(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await rest_an_order(desk, "kimp-p0123456789ab-s001")
            record = await desk.parts.operations.reconcile()
            assert [item["kind"] for item in record["differences"]] == ["order"]
            assert record["agreed"] is False

    run(tmp_path, scenario)


def test_recover_reports_the_pair_that_is_named_and_knows_no_other(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk)
            [report] = await desk.parts.operations.recover(opened.pair_id)
            assert report == {
                "pair_id": opened.pair_id,
                "was": "hedged",
                "state": "hedged",
                "holds": "spot 0.01, perpetual 0.01 BTC",
                "steps": [],
            }
            assert await desk.parts.operations.recover(None) == []
            with pytest.raises(DeskError, match="pair_id: expected a known pair"):
                await desk.parts.operations.recover("p000000000000")

    run(tmp_path, scenario)


def test_the_circuit_opens_after_five_failures_and_a_probe_closes_it(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.BINANCE, "http_500", times=10_000, endpoint="*")
            await asyncio.sleep(3)
            health = desk.parts.health.now()
            assert health["ok"] is False
            assert health["components"]["binance"]["detail"].startswith("circuit open")
            refused = await entered(desk)
            assert (refused.reason or "").startswith("circuit_open: ")

            asked = len(bench.simulation.requests.requests())
            await asyncio.sleep(20)
            venues = [r.venue for r in bench.simulation.requests.requests()[asked:]]
            assert Venue.BINANCE not in venues  # it is left alone

            bench.simulation.faults.clear()
            await asyncio.sleep(20)
            health = desk.parts.health.now()
            assert (await desk.parts.stopping.resuming.resume("it is back"))["resumed"] is True
            assert health["ok"] is True, health["components"]["binance"]
            assert (await entered(desk)).status is OutcomeStatus.HEDGED

    run(tmp_path, scenario)


def test_asking_too_often_is_no_illness_of_the_venue(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            spot = desk.parts.trading.venues[LegName.SPOT]
            await asyncio.gather(
                *(spot.call(spot.exchange.book("BTC")) for _ in range(40)),
                return_exceptions=True,
            )
            assert spot.breaker.state.value == "closed"

    run(tmp_path, scenario)


def test_refreshed_rates_are_told_with_the_premium(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.simulation.market.set_krw_per_usd(Decimal("1200.5"))
            rates = await desk.parts.operations.refresh_rates()

            assert rates["krw_per_usd"] == "1200.5"
            assert rates["fx_age_s"] == 0
            [premium] = rates["premiums"]
            assert premium["symbol"] == "BTC"
            assert Decimal(premium["enter_tether_pct"]) > Decimal(premium["leave_tether_pct"])

    run(tmp_path, scenario)


@pytest.mark.parametrize("is_named", [True, False])
def test_recovery_takes_the_pair_that_is_named_or_all(tmp_path: Path, is_named: bool) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            pairs = desk.parts.trading.pairs
            first, second = [pair_of(desk, await entered(desk)).pair_id for _ in range(2)]
            for pair_id in (first, second):
                pairs.advance(pair_id, PairEvent.MANUAL_TRADE, "for a test")

            reports = await desk.parts.operations.recover(second if is_named else None)

            assert [report["pair_id"] for report in reports] == (
                [second] if is_named else [first, second]
            )
            untouched = PairState.RECOVERING if is_named else PairState.HEDGED
            assert (pairs[first].state, pairs[second].state) == (untouched, PairState.HEDGED)

    run(tmp_path, scenario)
