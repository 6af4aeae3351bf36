"""One-leg recovery when the venues will not have it: retries, emergency hedge, naked, and back."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from tasks.outcome import OutcomeStatus
from tasks.pair_transitions import PairState
from tests.tasks.desks import (
    Bench,
    assert_agreed,
    assert_cash_is_conserved,
    assert_legs_match,
    entered,
    pair_of,
    run,
)
from warehouse.records import RecordType

BOTH = (Venue.UPBIT, Venue.BINANCE)


@pytest.mark.parametrize("venue", BOTH)
def test_when_all_retries_fail_the_filled_leg_is_given_back(tmp_path: Path, venue: Venue) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(venue, "reject", times=4)
            started = bench.clock.monotonic()
            outcome = await entered(desk)

            assert outcome.status is OutcomeStatus.UNWOUND
            assert round(bench.clock.monotonic() - started, 3) >= 1 + 2 + 4
            assert bench.coin() == 0
            assert bench.position() == 0
            [result] = [
                record.body["result"]
                for record in bench.records(RecordType.PAIR_EVENT)
                if "result" in record.body
            ]
            assert Decimal(result["net_krw"]) < 0
            assert Decimal(result["premium_krw"]) == 0
            lost = bench.krw() - 100_000_000
            lost += (bench.dollars() - 100_000) * Decimal(result["krw_per_usdt"])
            assert Decimal(result["net_krw"]) == lost
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_an_unwind_of_the_perpetual_is_reduce_only(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.UPBIT, "reject", times=4)
            await entered(desk)

            [unwind] = [
                record.body
                for record in bench.records(RecordType.ORDER_INTENDED)
                if record.body["purpose"] == "unwind"
            ]
            assert unwind["leg"] == "perpetual"
            assert unwind["reduce_only"] is True

    run(tmp_path, scenario)


def test_when_the_unwind_fails_too_the_pair_is_naked_and_says_so(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.leave_naked()
            outcome = await entered(desk)

            assert outcome.status is OutcomeStatus.NAKED
            assert bench.coin() == Decimal("0.010")
            assert bench.position() == 0
            assert "is NAKED" in bench.alerts("critical")[-1]
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

            refused = await entered(desk)
            assert refused.status is OutcomeStatus.DENIED
            assert (refused.reason or "").startswith("naked_pair: ")
            # Nothing is traded behind the person's back.
            sent = bench.orders_placed()
            await asyncio.sleep(60)
            assert bench.orders_placed() == sent

    run(tmp_path, scenario)


def test_one_leg_recovery_finishes_a_naked_pair_later(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.leave_naked()
            outcome = await entered(desk)
            [report] = await desk.parts.operations.recover(None)

            assert report["pair_id"] == outcome.pair_id
            assert report["state"] == "hedged"
            assert report["steps"]
            assert bench.position() == Decimal("-0.010")
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)
            assert (await entered(desk)).status is OutcomeStatus.HEDGED

    run(tmp_path, scenario)


def test_a_naked_pair_is_tried_again_by_the_desk_that_starts_next(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.leave_naked()
            outcome = await entered(desk)
            assert outcome.status is OutcomeStatus.NAKED
        async with bench.still_desk() as desk:
            assert pair_of(desk, outcome).state is PairState.HEDGED
            assert bench.position() == -bench.coin() == Decimal("-0.010")
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_a_leg_is_not_chased_beyond_its_price(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.BINANCE, "reject")
            entering = asyncio.create_task(entered(desk))
            await asyncio.sleep(0.2)
            bench.perpetual_at(49_000)  # 2 % worse for who wants to sell
            outcome = await entering

            assert outcome.status is OutcomeStatus.UNWOUND
            assert "is beyond" in (outcome.reason or "")
            assert bench.position() == 0
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    ("cap_bps", "ends"),
    [(100, OutcomeStatus.UNWOUND), (150, OutcomeStatus.UNWOUND), (300, OutcomeStatus.HEDGED)],
)
def test_no_retry_costs_more_than_the_setting_however_dear_undoing_would_be(
    tmp_path: Path, cap_bps: int, ends: OutcomeStatus
) -> None:
    """The perpetual is 200 basis points worse, and giving spot back would cost 500."""

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(Venue.BINANCE, "reject")
            entering = asyncio.create_task(entered(desk))
            await asyncio.sleep(0.2)
            bench.perpetual_at(49_000)
            bench.spot_at(57_000_000)
            outcome = await entering

            assert outcome.status is ends, outcome.reason
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario, max_recovery_cost_bps=cap_bps)


@pytest.mark.parametrize("venue", BOTH)
@pytest.mark.parametrize("kind", ["lose_reply", "lose_request", "http_500"])
def test_a_repair_whose_fate_is_unknown_is_not_repeated_blindly(
    tmp_path: Path, venue: Venue, kind: str
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(venue, "reject")
            bench.fault(venue, kind)
            outcome = await entered(desk)

            assert outcome.status is OutcomeStatus.HEDGED
            assert bench.coin() == Decimal("0.010")
            assert bench.position() == Decimal("-0.010")
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario)


@pytest.mark.parametrize("venue", BOTH)
def test_in_doubt_nothing_is_sent_until_the_venue_speaks(tmp_path: Path, venue: Venue) -> None:
    """The order is accepted, its reply is lost, and the venue cannot be asked for a minute."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(venue, "lose_reply")
            path = "/v1/order" if venue is Venue.UPBIT else "/fapi/v1/order"
            bench.fault(venue, "http_500", times=10_000, endpoint=f"GET {path}")
            outcome = await entered(desk)

            assert outcome.status is OutcomeStatus.NAKED
            assert pair_of(desk, outcome).state is PairState.UNKNOWN
            assert "has not shown what became of an order" in bench.alerts("critical")[-1]
            await asyncio.sleep(60)
            assert len(bench.orders_placed()) == 2
            assert (await entered(desk)).status is OutcomeStatus.DENIED

            bench.simulation.faults.clear()
            await asyncio.sleep(60)
            assert pair_of(desk, outcome).state is PairState.HEDGED
            assert len(bench.orders_placed()) == 2
            assert_legs_match(desk)
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_in_doubt_about_both_legs_nothing_is_taken_for_granted(tmp_path: Path) -> None:
    """Neither order can be asked about: that nothing is known to have filled is no evidence."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            for venue, path in ((Venue.UPBIT, "/v1/order"), (Venue.BINANCE, "/fapi/v1/order")):
                bench.fault(venue, "lose_reply")
                bench.fault(venue, "http_500", times=10_000, endpoint=f"GET {path}")
            outcome = await entered(desk)
            await asyncio.sleep(120)

            assert pair_of(desk, outcome).state is PairState.UNKNOWN
            assert len(bench.orders_placed()) == 2
            entry = desk.signal(id="beside-a-doubt", action="ENTER", quantity="0.01")
            reasons = [reason["code"] for reason in desk.parts.desk.check(entry)["reasons"]]
            assert "naked_pair" in reasons

            bench.simulation.faults.clear()
            await asyncio.sleep(60)
            assert pair_of(desk, outcome).state is PairState.HEDGED
            assert len(bench.orders_placed()) == 2
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_nothing_is_sent_while_the_rules_are_not_known(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.leave_naked()
            outcome = await entered(desk)
        # The perpetual venue cannot be read at all while the next desk starts.
        bench.fault(Venue.BINANCE, "http_500", times=10_000, endpoint="*")
        sent = bench.orders_placed()
        async with bench.desk() as desk:
            assert pair_of(desk, outcome).state is PairState.NAKED
            assert bench.orders_placed() == sent
            assert not desk.parts.view.state()["accepting_entries"]

            bench.simulation.faults.clear()
            await asyncio.sleep(120)
            await desk.parts.operations.recover(None)
            assert pair_of(desk, outcome).state is PairState.HEDGED
            await assert_agreed(desk)

    run(tmp_path, scenario)
