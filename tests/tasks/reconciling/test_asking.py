"""Venues that do not answer, answer late, or may not be asked for a moment."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from tasks.outcome import OutcomeStatus
from tests.tasks.desks import Bench, assert_agreed, entered, run
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
