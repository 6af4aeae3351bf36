"""Books and order news that the venues push: newer than what is read, and never needed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from tasks.outcome import OutcomeStatus
from tasks.pair import LegName
from tasks.paper_desk import PaperDesk
from tests.tasks.desks import Bench, assert_agreed, entered, run
from tests.tasks.test_leg_execution import spot_order

BOOK = {Venue.UPBIT: "/v1/orderbook", Venue.BINANCE: "/fapi/v1/depth"}
LEG = {Venue.UPBIT: LegName.SPOT, Venue.BINANCE: LegName.PERPETUAL}


def bid(desk: PaperDesk, venue: Venue) -> Decimal:
    best = desk.parts.trading.venues[LEG[venue]].books["BTC"].best_bid
    assert best is not None
    return best.price


def books_asked(bench: Bench, venue: Venue) -> int:
    return sum(
        seen.venue is venue and seen.path == BOOK[venue]
        for seen in bench.simulation.requests.requests()
    )


@pytest.mark.parametrize("venue", list(BOOK))
def test_book_is_known_before_it_would_be_read(tmp_path: Path, venue: Venue) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            asked = books_asked(bench, venue)
            bench.spot_at(61_000_000)
            bench.perpetual_at(51_000)
            await asyncio.sleep(0.3)

            assert bid(desk, venue) == {Venue.UPBIT: 61_000_000, Venue.BINANCE: 51_000}[venue]
            assert books_asked(bench, venue) == asked

    run(tmp_path, scenario, book_poll_ms=1_400)


@pytest.mark.parametrize("venue", list(BOOK))
def test_moving_market_is_streamed_and_still_read_now_and_then(
    tmp_path: Path, venue: Venue
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk():
            asked = books_asked(bench, venue)
            for step in range(100):
                bench.spot_at(60_000_000 + step * 10_000)
                bench.perpetual_at(50_000 + step)
                await asyncio.sleep(0.1)

            asked = books_asked(bench, venue) - asked
            assert 3 <= asked <= 16  # 40 by polls alone, and 10 of the dollar that does not move

    run(tmp_path, scenario)


@pytest.mark.parametrize("venue", list(BOOK))
def test_dead_stream_leaves_the_polls(tmp_path: Path, venue: Venue) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(venue, "drop_stream", times=10_000, endpoint="*")
            for step in range(20):
                bench.spot_at(60_000_000 + step * 10_000)
                bench.perpetual_at(50_000 + step)
                await asyncio.sleep(0.5)

            expected = {Venue.UPBIT: 60_190_000, Venue.BINANCE: 50_019}[venue]
            assert bid(desk, venue) == expected
            assert (await entered(desk)).status is OutcomeStatus.HEDGED
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_news_of_an_order_is_read_at_once(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            trading = desk.parts.trading
            item = spot_order(desk)
            resting = replace(item.order, price=Decimal(59_000_000), time_in_force=None)
            settling = asyncio.create_task(trading.execute([replace(item, order=resting)]))
            await asyncio.sleep(0.3)
            assert not settling.done()

            bench.spot_at(58_900_000)
            began = bench.clock.monotonic()
            [settled] = await settling

            assert settled.decided
            assert settled.filled == resting.quantity
            assert bench.clock.monotonic() - began < 0.1

    run(tmp_path, scenario, settle_poll_ms=1_900)


def test_lost_news_costs_no_more_than_a_poll(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            trading = desk.parts.trading
            item = spot_order(desk)
            resting = replace(item.order, price=Decimal(59_000_000), time_in_force=None)
            bench.fault(Venue.UPBIT, "drop_event", times=100, endpoint="myOrder")
            settling = asyncio.create_task(trading.execute([replace(item, order=resting)]))
            await asyncio.sleep(0.3)

            bench.spot_at(58_900_000)
            [settled] = await settling

            assert settled.decided
            assert settled.filled == resting.quantity

    run(tmp_path, scenario, settle_poll_ms=500)
