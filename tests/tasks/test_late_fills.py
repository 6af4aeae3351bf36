"""An order that had ended and trades after all: noticed, in the books, hedged."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from exchanges.order import OrderReport
from tasks.outcome import OutcomeStatus
from tasks.pair import LegName
from tasks.pair_transitions import PairState
from tasks.paper_desk import PaperDesk
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

SLOW_MS = 15_000
"""Longer than the desk waits before it believes that an order never came. (Binance does not take
an order that is on its way for so long, see its ``recvWindow``.)"""


def late_events(bench: Bench) -> int:
    return sum(
        record.body["event"] == "late_fill" for record in bench.records(RecordType.PAIR_EVENT)
    )


@pytest.mark.parametrize("streams", ["up", "down"])
def test_a_spot_order_that_was_never_received_arrives_after_all(
    tmp_path: Path, streams: str
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            if streams == "down":
                bench.fault(Venue.UPBIT, "drop_stream", times=10_000, endpoint="*")
                await asyncio.sleep(5)
            bench.fault(Venue.UPBIT, "delay", ms=SLOW_MS)
            outcome = await entered(desk)
            assert late_events(bench) == 0

            await asyncio.sleep(120)

            assert late_events(bench) == 1
            assert_legs_match(desk)
            assert pair_of(desk, outcome).state is PairState.HEDGED
            await assert_agreed(desk)
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario)


@pytest.mark.parametrize("venue", [Venue.BINANCE, Venue.HYPERLIQUID])
def test_a_failed_pair_whose_perpetual_order_arrives_late_is_hedged(
    tmp_path: Path, venue: Venue
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            watching = asyncio.create_task(desk.parts.late_fills.run())
            bench.fault(Venue.UPBIT, "reject")
            bench.fault(venue, "lose_request")
            outcome = await entered(desk)
            assert outcome.status is OutcomeStatus.FAILED
            assert outcome.pair_id is not None
            lost = desk.parts.trading.pairs.leg_order(f"kimp-{outcome.pair_id}-p001").order

            await desk.parts.trading.venues[LegName.PERPETUAL].exchange.submit(lost)
            await asyncio.sleep(60)

            assert pair_of(desk, outcome).state is PairState.HEDGED
            assert pair_of(desk, outcome).held(LegName.SPOT) == Decimal("0.010")
            await assert_agreed(desk)
            assert_cash_is_conserved(bench, desk)
            watching.cancel()

    run(tmp_path, scenario, perpetual_venue=venue)


@pytest.mark.parametrize("venue", [Venue.BINANCE, Venue.HYPERLIQUID])
def test_a_late_fill_that_the_stream_tells_of_is_hedged_at_once(
    tmp_path: Path, venue: Venue
) -> None:
    """Long before its order is due to be asked about again."""

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            loops = (desk.parts.streams.run(), desk.parts.late_fills.run())
            running = [asyncio.create_task(loop) for loop in loops]
            await asyncio.sleep(1)
            bench.fault(Venue.UPBIT, "reject")
            bench.fault(venue, "lose_request")
            outcome = await entered(desk)
            assert outcome.status is OutcomeStatus.FAILED
            lost = desk.parts.trading.pairs.leg_order(f"kimp-{outcome.pair_id}-p001").order

            await desk.parts.trading.venues[LegName.PERPETUAL].exchange.submit(lost)
            await asyncio.sleep(2)

            assert pair_of(desk, outcome).state is PairState.HEDGED
            assert_legs_match(desk)
            for task in running:
                task.cancel()

    run(tmp_path, scenario, perpetual_venue=venue)


async def lost_spot_order(bench: Bench, desk: PaperDesk) -> str:
    """A failed pair whose spot order arrives at the venue when the desk has given it up; its
    client id."""
    bench.fault(Venue.UPBIT, "delay", ms=SLOW_MS)
    bench.fault(bench.perpetual, "reject")
    outcome = await entered(desk)
    assert outcome.status is OutcomeStatus.FAILED
    await asyncio.sleep(SLOW_MS / 1000)
    assert bench.coin() == Decimal("0.010")
    return f"kimp-{outcome.pair_id}-s001"


def test_a_lost_order_that_arrived_while_the_desk_was_down_is_found_at_start(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await lost_spot_order(bench, desk)
        await asyncio.sleep(3_600)
        async with bench.desk() as desk:
            await asyncio.sleep(30)

            [pair] = desk.parts.trading.pairs
            assert pair.state is PairState.HEDGED
            await assert_agreed(desk)
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario)


def test_trades_that_a_reconciliation_finds_are_their_orders_and_others_are_nobodys(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            trading = desk.parts.trading
            order_id = await lost_spot_order(bench, desk)
            since = bench.clock.now() - timedelta(minutes=10)
            spot = trading.venues[LegName.SPOT]
            [late] = await spot.exchange.fills("BTC", since)
            unknown = replace(late, trade_id="1", client_order_id="kimp-p0123456789ab-s001")
            nameless = replace(late, trade_id="2", client_order_id=None)

            async with desk.parts.desk.all_locks():
                found = desk.parts.late_fills.found
                nobodys = await found(Venue.UPBIT, [late, unknown, nameless])
                again = await found(Venue.UPBIT, [late])
                elsewhere = await found(bench.perpetual, [late])

            assert nobodys == [unknown, nameless]
            assert again == []
            assert elsewhere == [late]
            assert late_events(bench) == 1
            [pair] = trading.pairs
            assert pair.state is PairState.RECOVERING
            assert pair.spot.held == Decimal("0.010")
            assert [
                record.body["client_order_id"] for record in bench.records(RecordType.FILL)
            ] == [order_id]

            await desk.parts.operations.recover(None)
            assert trading.pairs[pair.pair_id].state is PairState.HEDGED

    run(tmp_path, scenario)


def test_an_order_that_rests_although_it_had_ended_is_cancelled(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            trading = desk.parts.trading
            bench.fault(Venue.UPBIT, "lose_request")
            bench.fault(bench.perpetual, "reject")
            outcome = await entered(desk)
            order = trading.pairs.leg_order(f"kimp-{outcome.pair_id}-s001").order
            exchange = trading.venues[LegName.SPOT].exchange
            await exchange.submit(replace(order, price=Decimal(59_000_000), time_in_force=None))

            async with desk.parts.desk.all_locks():
                resting = await exchange.open_orders("BTC")
                alive = await desk.parts.late_fills.found_resting(Venue.UPBIT, resting)

            assert alive == [order.client_order_id]
            assert await exchange.open_orders("BTC") == []
            assert late_events(bench) == 0
            assert pair_of(desk, outcome).state is PairState.FAILED

    run(tmp_path, scenario)


def test_a_late_fill_that_cannot_be_read_to_its_end_keeps_its_pair_in_repair(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            trading = desk.parts.trading
            order_id = await lost_spot_order(bench, desk)
            read = trading.venues[LegName.SPOT].exchange.order

            async def read_once(
                symbol: str, client_order_id: str, *, urgent: bool = False
            ) -> OrderReport:
                report = await read(symbol, client_order_id, urgent=urgent)
                bench.fault(Venue.UPBIT, "http_500", times=1_000, endpoint="GET /v1/order")
                return report

            trading.venues[LegName.SPOT].exchange.order = read_once  # type: ignore[method-assign]
            async with desk.parts.desk.all_locks():
                fills = await trading.venues[LegName.SPOT].exchange.fills(
                    "BTC", bench.clock.now() - timedelta(minutes=10)
                )
                assert await desk.parts.late_fills.found(Venue.UPBIT, fills) == []

            [pair] = trading.pairs
            assert pair.state is PairState.RECOVERING
            assert [
                item.order.client_order_id for item in trading.pairs.undecided(pair.pair_id)
            ] == [order_id]
            bench.simulation.faults.clear()
            trading.venues[LegName.SPOT].exchange.order = read  # type: ignore[method-assign]
            await desk.parts.operations.recover(None)
            assert trading.pairs[pair.pair_id].state is PairState.HEDGED

    run(tmp_path, scenario)


def test_news_that_only_repeats_what_is_known_costs_no_question(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            outcome = await entered(desk)
            exchange = desk.parts.trading.venues[LegName.SPOT].exchange
            report = await exchange.order("BTC", f"kimp-{outcome.pair_id}-s001")
            asked = len(bench.simulation.requests.requests())
            running = asyncio.create_task(desk.parts.late_fills.run())

            desk.parts.late_fills.heard(report)
            desk.parts.late_fills.heard(replace(report, client_order_id="somebody-elses"))
            await asyncio.sleep(5)

            assert len(bench.simulation.requests.requests()) == asked
            running.cancel()

    run(tmp_path, scenario)
