"""Venues that do not answer, answer late, or may not be asked for a moment."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from tasks.outcome import OutcomeStatus
from tasks.reconciling.look import Look
from tasks.reconciling.reconciliation import Reconciliation
from tasks.switch_guard import ENTRY
from tests.tasks.desks import Bench, assert_agreed, entered, run
from tests.tasks.reconciling.accounts import pay
from tests.tasks.reconciling.comparing import compared
from warehouse.records import RecordType

BOTH_VENUES = pytest.mark.parametrize("perpetual", [Venue.BINANCE, Venue.HYPERLIQUID])


@pytest.mark.parametrize(
    ("venue", "endpoint", "what"),
    [
        (Venue.UPBIT, "GET /v1/accounts", "holdings"),
        (Venue.UPBIT, "GET /v1/orders/closed", "trades"),
        (Venue.BINANCE, "GET /fapi/v3/positionRisk", "holdings"),
        (Venue.BINANCE, "GET /fapi/v1/openOrders", "resting orders"),
    ],
)
def test_a_venue_that_cannot_be_read_is_a_difference(
    tmp_path: Path, venue: Venue, endpoint: str, what: str
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await entered(desk)
            bench.fault(venue, "http_500", times=10_000, endpoint=endpoint)
            agreed, differences = await compared(desk)
            assert agreed is False
            assert {(item["kind"], item["journal"]) for item in differences} == {
                ("unreadable", what)
            }
            assert (await entered(desk)).status is OutcomeStatus.DENIED

            bench.simulation.faults.clear()
            await assert_agreed(desk)
            assert desk.parts.trading.pairs.adoptions() == []

    run(tmp_path, scenario)


@BOTH_VENUES
def test_funding_is_funding_and_not_paid_in_also_when_the_feed_cannot_be_read(
    tmp_path: Path, perpetual: Venue
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await entered(desk)
            bench.simulation.perpetuals[perpetual].settle_funding(Decimal("0.01"))
            if perpetual is Venue.BINANCE:
                bench.fault(perpetual, "http_500", times=10_000, endpoint="GET /fapi/v1/income")
                assert (await compared(desk))[0] is False
                bench.simulation.faults.clear()

            await assert_agreed(desk)

            assert desk.parts.trading.pairs.adoptions() == []
            [payment] = bench.records(RecordType.FUNDING)
            assert Decimal(payment.body["amount"]) > 0

    run(tmp_path, scenario, perpetual_venue=perpetual)


@pytest.mark.parametrize("kind", ["http_500", "rate_limited"])
def test_a_question_that_fails_for_a_moment_is_asked_again(tmp_path: Path, kind: str) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await entered(desk)
            bench.fault(Venue.BINANCE, kind, endpoint="GET /fapi/v3/positionRisk")

            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_a_look_without_room_between_two_that_show_the_same_takes_nothing_from_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_or_not: list[bool] = []
    look_at_all = Reconciliation._look

    async def scenario(bench: Bench) -> None:
        async def every_second_without_room(
            reconciliation: Reconciliation, *, adopt_strays: bool
        ) -> Look:
            if len(whole_or_not) % 2:
                endpoint = "GET /fapi/v3/positionRisk"
                bench.fault(Venue.BINANCE, "rate_limited", endpoint=endpoint, seconds=3)
            look = await look_at_all(reconciliation, adopt_strays=adopt_strays)
            whole_or_not.append(not look.no_room)
            return look

        async with bench.still_desk() as desk:
            await entered(desk)
            await assert_agreed(desk)
            pay(bench, Venue.BINANCE, "5")
            monkeypatch.setattr(Reconciliation, "_look", every_second_without_room)

            agreed, [difference] = await compared(desk)

            assert whole_or_not == [True, False, True]
            assert agreed is False
            assert (difference["kind"], difference["difference"]) == ("balance", "5")
            assert difference["explained"] is None

    run(tmp_path, scenario)


def test_what_one_look_alone_has_shown_is_no_difference_though_a_venue_has_no_room_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Look] = []
    look_at_all = Reconciliation._look

    async def scenario(bench: Bench) -> None:
        async def coin_comes_after_the_first(
            reconciliation: Reconciliation, *, adopt_strays: bool
        ) -> Look:
            look = await look_at_all(reconciliation, adopt_strays=adopt_strays)
            if not looks:
                bench.upbit().ledger.credit("BTC", Decimal("0.001"))
            looks.append(look)
            return look

        async with bench.still_desk() as desk:
            bench.coin_vanishes("0.001")
            endpoint = "GET /fapi/v3/positionRisk"
            bench.fault(Venue.BINANCE, "rate_limited", endpoint=endpoint, seconds=100)
            monkeypatch.setattr(Reconciliation, "_look", coin_comes_after_the_first)
            began = bench.clock.monotonic()

            _, differences = await compared(desk)

            assert {it["kind"] for it in looks[0].open} == {"balance", "unreadable"}
            assert {it["kind"] for it in differences} == {"unreadable"}
            assert desk.parts.stopping.board.of(ENTRY) == []
            assert bench.clock.monotonic() - began < 10  # nor is it waited for

    run(tmp_path, scenario, coin="1")
