"""The same desk on Upbit × Binance and on Upbit × Hyperliquid, in memory and on virtual time."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

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

pytestmark = pytest.mark.parametrize("perpetual", [Venue.BINANCE, Venue.HYPERLIQUID])

DOLLAR = {Venue.BINANCE: "USDT", Venue.HYPERLIQUID: "USDC"}


def test_pair_is_opened_and_closed_in_profit_to_the_last_digit(
    tmp_path: Path, perpetual: Venue
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk, "0.010")
            assert opened.status is OutcomeStatus.HEDGED
            assert bench.position() == Decimal("-0.010")
            assert pair_of(desk, opened).perpetual.venue is perpetual
            assert pair_of(desk, opened).perpetual.fee_currency == DOLLAR[perpetual]
            bench.spot_at(61_000_000)
            await asyncio.sleep(1)

            closed = await desk.submit(action="EXIT", pair_id=opened.pair_id)

            assert closed.status is OutcomeStatus.CLOSED
            assert bench.position() == 0
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario, perpetual_venue=perpetual)


def test_loss_making_exit_is_refused(tmp_path: Path, perpetual: Venue) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk, "0.010")

            held = await desk.submit(action="EXIT", pair_id=opened.pair_id)

            assert held.status is OutcomeStatus.HELD
            assert pair_of(desk, opened).state is PairState.HEDGED

    run(tmp_path, scenario, perpetual_venue=perpetual)


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        ("reject", {}),
        ("insufficient", {}),
        ("partial", {"fraction": "0.4"}),
        ("lose_request", {}),
        ("lose_reply", {}),
        ("http_500", {}),
        ("http_503_unknown", {}),
        ("rate_limited", {}),
        ("refuse_connection", {}),
        ("delay", {"ms": 5_000}),
    ],
)
def test_perpetual_leg_that_fails_is_repaired(
    tmp_path: Path, perpetual: Venue, kind: str, args: dict[str, Any]
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(perpetual, kind, **args)

            opened = await entered(desk, "0.010")
            await asyncio.sleep(30)

            assert opened.status in (OutcomeStatus.HEDGED, OutcomeStatus.UNWOUND), opened.reason
            assert_legs_match(desk)
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario, perpetual_venue=perpetual)


def test_restarted_desk_knows_its_pair_again(tmp_path: Path, perpetual: Venue) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk, "0.010")
            before = pair_of(desk, opened).snapshot()

        async with bench.desk() as desk:
            assert pair_of(desk, opened).snapshot() == before
            await assert_agreed(desk)
            bench.spot_at(61_000_000)
            await asyncio.sleep(1)
            closed = await desk.submit(action="EXIT", pair_id=opened.pair_id)

            assert closed.status is OutcomeStatus.CLOSED
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario, perpetual_venue=perpetual)


def test_funding_is_booked_once_in_the_venue_s_dollar(tmp_path: Path, perpetual: Venue) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await entered(desk, "0.010")
            before = bench.dollars()
            bench.simulation.perpetuals[perpetual].settle_funding(Decimal("0.0001"))
            await asyncio.sleep(30)

            [record] = bench.records(RecordType.FUNDING)
            assert Decimal(record.body["amount"]) == bench.dollars() - before > 0
            assert record.body["currency"] == DOLLAR[perpetual]

    run(tmp_path, scenario, perpetual_venue=perpetual)


def test_dollar_is_priced_by_its_own_market(tmp_path: Path, perpetual: Venue) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.simulation.market.set_krw_per_usdt(Decimal(1_163))
            await asyncio.sleep(2)

            told = {r.body["pair"]: r.body["rate"] for r in bench.records(RecordType.FX_RATE)}
            assert told[f"{DOLLAR[perpetual]}KRW"] == "1163"
            rates = desk.parts.view.state()["rates"]
            assert (rates["krw_per_usdt"], rates["dollar"]) == ("1163", DOLLAR[perpetual])

    run(tmp_path, scenario, perpetual_venue=perpetual)
