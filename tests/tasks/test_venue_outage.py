"""A venue that fails three health checks, and its return."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from exchanges.order import Order, OrderType, TimeInForce
from exchanges.side import Side
from tasks.pair import LegName
from tasks.pair_transitions import PairState
from tasks.paper_desk import PaperDesk
from tasks.switch_guard import ENTRY
from tests.tasks.desks import Bench, assert_agreed, entered, pair_of, run
from tests.tasks.test_desk_operations import rest_an_order


def blocks(desk: PaperDesk) -> list[str]:
    return [code for code, _ in desk.parts.blocks]


def lost(bench: Bench) -> list[str]:
    return [text for text in bench.alerts("critical") if "health checks" in text]


def test_outage_blocks_entries_keeps_pairs_and_ends_once_journal_and_venues_agree(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk)
            bench.fault(Venue.UPBIT, "maintenance")
            await asyncio.sleep(32)

            assert blocks(desk) == ["outage:upbit"]
            assert len(lost(bench)) == 2  # the alert, and the stop that it led to
            assert "Entries are off until it answers" in lost(bench)[0]
            assert "and a person resumes" in lost(bench)[0]
            assert desk.switches.paused[ENTRY]
            assert pair_of(desk, opened).state is PairState.HEDGED

            bench.simulation.faults.clear()
            await asyncio.sleep(45)
            assert blocks(desk) == []
            assert len(lost(bench)) == 2
            assert desk.switches.paused[ENTRY]  # only a person switches it on
            [back] = [text for text in bench.alerts("info") if "upbit answers again" in text]
            assert back.endswith("Entries wait for kimp resume.")
            await assert_agreed(desk)

    run(tmp_path, scenario)


@pytest.mark.parametrize("perpetual", [Venue.BINANCE, Venue.HYPERLIQUID])
def test_perpetual_venue_that_does_not_answer_is_out(tmp_path: Path, perpetual: Venue) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(perpetual, "maintenance")
            for _ in range(3):
                await desk.parts.outages.check(desk.parts.trading.venues[LegName.PERPETUAL])

            assert blocks(desk) == [f"outage:{perpetual}"]

    run(tmp_path, scenario, perpetual_venue=perpetual)


def test_two_failed_checks_are_no_outage(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            spot = desk.parts.trading.venues[LegName.SPOT]
            bench.fault(Venue.UPBIT, "maintenance")
            await desk.parts.outages.check(spot)
            await desk.parts.outages.check(spot)
            bench.simulation.faults.clear()
            await desk.parts.outages.check(spot)
            bench.fault(Venue.UPBIT, "maintenance")
            await desk.parts.outages.check(spot)
            await desk.parts.outages.check(spot)

            assert blocks(desk) == []
            await desk.parts.outages.check(spot)
            assert blocks(desk) == ["outage:upbit"]

    run(tmp_path, scenario)


def test_empty_budget_of_ours_is_no_failed_check(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            perpetual = desk.parts.trading.venues[LegName.PERPETUAL]
            bench.fault(Venue.BINANCE, "rate_limited", endpoint="GET /fapi/v1/time", seconds=60)
            for _ in range(4):
                await desk.parts.outages.check(perpetual)

            assert blocks(desk) == []

    run(tmp_path, scenario)


def test_what_rests_is_cancelled_at_the_other_venue_at_once_and_here_on_return(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            spot, perpetual = (desk.parts.trading.venues[leg] for leg in LegName)
            await rest_an_order(desk, "kimp-resting-s001")
            bench.fault(Venue.BINANCE, "maintenance")
            for _ in range(3):
                await desk.parts.outages.check(perpetual)
            assert not await spot.exchange.open_orders("BTC")

            bench.simulation.faults.clear()
            bench.fault(Venue.UPBIT, "maintenance")
            for _ in range(3):
                await desk.parts.outages.check(spot)
            bench.simulation.faults.clear()
            await rest_an_order(desk, "kimp-resting-s002")
            assert await spot.exchange.open_orders("BTC")
            await asyncio.sleep(31)
            await desk.parts.outages.check(spot)
            assert not await spot.exchange.open_orders("BTC")

    run(tmp_path, scenario)


@pytest.mark.parametrize("perpetual", [Venue.BINANCE, Venue.HYPERLIQUID])
def test_what_rests_at_the_perpetual_is_cancelled_when_spot_cannot_be_reached(
    tmp_path: Path, perpetual: Venue
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            spot, other = (desk.parts.trading.venues[leg] for leg in LegName)
            await other.exchange.submit(
                Order(
                    client_order_id="kimp-p0123456789ab-p001",
                    symbol="BTC",
                    side=Side.BUY,
                    type=OrderType.LIMIT,
                    quantity=Decimal("0.010"),
                    price=Decimal(40_000),
                    time_in_force=TimeInForce.GTC,
                )
            )
            assert await other.exchange.open_orders("BTC")
            bench.fault(Venue.UPBIT, "maintenance")
            for _ in range(3):
                await desk.parts.outages.check(spot)

            assert not await other.exchange.open_orders("BTC")

    run(tmp_path, scenario, perpetual_venue=perpetual)


def test_return_that_cannot_be_compared_yet_does_not_end_the_outage(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            spot = desk.parts.trading.venues[LegName.SPOT]
            bench.fault(Venue.UPBIT, "maintenance")
            for _ in range(3):
                await desk.parts.outages.check(spot)
            bench.simulation.faults.clear()
            bench.fault(Venue.UPBIT, "http_500", endpoint="GET /v1/accounts", times=50)
            await asyncio.sleep(31)

            await desk.parts.outages.check(spot)
            assert blocks(desk)
            bench.simulation.faults.clear()
            await asyncio.sleep(31)
            await desk.parts.outages.check(spot)
            await desk.parts.operations.reconcile()
            assert blocks(desk) == []

    run(tmp_path, scenario)
