"""Books and own orders through everything that happens to a stream, on time that jumps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal

import pytest

from exchanges.errors import OutcomeUnknown
from exchanges.hyperliquid.order_stream import QUIET_S
from exchanges.order import OrderReport, OrderStatus, TimeInForce
from exchanges.side import Side
from exchanges.simulator.faults import FaultKind
from tests.exchanges.hyperliquid.in_memory import Desk, at_simulator, first, is_over
from tests.exchanges.upbit.hearing import Hearing, hearing

UPDATES, FILLS = "orderUpdates", "userFills"


@asynccontextmanager
async def orders_heard(desk: Desk) -> AsyncIterator[Hearing[OrderReport]]:
    """The stream of orders, subscribed: an order made before has been told."""
    await desk.exchange.submit(desk.limit("first", "40000"))
    async with hearing(desk.exchange.stream_orders()) as heard:
        await heard.until(lambda report: report.client_order_id == "kimp-first")
        yield heard


def test_book_is_whole_and_follows_the_market() -> None:
    async def story(desk: Desk) -> None:
        async with hearing(desk.exchange.stream_books(["BTC"])) as heard:
            seen = await heard.until(lambda book: book.symbol == "BTC")
            asked = await desk.exchange.book("BTC")
            desk.quote("51000", "51002")
            moved = await heard.until(
                lambda book: book.best_bid is not None and book.best_bid.price == 51_000
            )

            assert replace(seen, received=0, venue_time=asked.venue_time) == replace(
                asked, received=0
            )
            assert moved.received == desk.clock.monotonic()
            assert desk.asked("/ws") == 1

    at_simulator(story)


@pytest.mark.parametrize("kind", [FaultKind.DROP_STREAM, FaultKind.MAINTENANCE])
def test_book_stream_comes_back(kind: FaultKind) -> None:
    async def story(desk: Desk) -> None:
        async with hearing(desk.exchange.stream_books(["BTC"])) as heard:
            await heard.until(lambda book: book.symbol == "BTC")
            desk.fault(kind, "l2Book")
            desk.quote("51000", "51002")
            await asyncio.sleep(5)
            desk.simulation.faults.clear()
            await heard.until(
                lambda book: book.best_bid is not None and book.best_bid.price == 51_000
            )

            assert desk.asked("/ws") >= 2

    at_simulator(story)


def test_books_that_stand_still_age_and_are_subscribed_to_anew() -> None:
    async def story(desk: Desk) -> None:
        async with hearing(desk.exchange.stream_books(["BTC"])) as heard:
            await heard.until(lambda book: book.symbol == "BTC")
            desk.fault(FaultKind.STALE_BOOK)
            told = len(heard.items)
            await asyncio.sleep(15)

            assert len(heard.items) - told <= 1
            assert desk.asked("/ws") == 2

            desk.simulation.faults.clear()
            await asyncio.sleep(1)
            assert len(heard.items) - told > 1

    at_simulator(story)


def test_market_order_is_bound_by_the_book_of_the_stream() -> None:
    async def story(desk: Desk) -> None:
        async with hearing(desk.exchange.stream_books(["BTC"])) as heard:
            await heard.until(lambda book: book.symbol == "BTC")
            asked = desk.asked("/info")
            report = await desk.exchange.submit(desk.market("bound"))

            assert report.status is OrderStatus.FILLED
            assert desk.asked("/info") == asked

    at_simulator(story)


def test_order_is_told_to_its_end_with_its_trades() -> None:
    async def story(desk: Desk) -> None:
        async with orders_heard(desk) as heard:
            await asyncio.sleep(0.5)  # the gap is closed
            asked = desk.asked("/info")
            order = desk.limit("told", "50100", tif=TimeInForce.IOC)
            await desk.exchange.submit(replace(order, quantity=Decimal("1.2")))
            told = await heard.until(is_over("kimp-told"))
            asked_meanwhile = desk.asked("/info") - asked
            read = await desk.another().order("BTC", "kimp-told")

            assert told.status is OrderStatus.FILLED
            assert len(told.fills) > 1
            assert replace(told, updated_at=read.updated_at) == read
            assert asked_meanwhile == 0
            filled = [r.filled for r in heard.items if r.client_order_id == "kimp-told"]
            assert filled == sorted(filled)

    at_simulator(story)


def test_resting_order_is_told_as_it_fills_and_is_cancelled() -> None:
    async def story(desk: Desk) -> None:
        async with orders_heard(desk) as heard:
            order = replace(desk.limit("rests", "50001"), quantity=Decimal("0.7"))
            await desk.exchange.submit(order)
            part = await heard.until(
                lambda report: report.client_order_id == "kimp-rests" and report.fills_complete
            )
            await desk.exchange.cancel("BTC", "kimp-rests")
            ended = await heard.until(is_over("kimp-rests"))

            assert (part.status, part.filled) == (OrderStatus.PARTIALLY_FILLED, Decimal("0.5"))
            assert (ended.status, ended.filled) == (OrderStatus.CANCELLED, Decimal("0.5"))

    at_simulator(story)


def test_order_made_elsewhere_is_told() -> None:
    async def story(desk: Desk) -> None:
        elsewhere = desk.another()
        await elsewhere.rules("BTC")
        async with orders_heard(desk) as heard:
            await asyncio.sleep(0.01)  # one signer, so two nonces must not be of one millisecond
            await elsewhere.submit(desk.market("elsewhere"))
            told = await heard.until(is_over("kimp-elsewhere"))

            assert told.filled == Decimal("0.01")

    at_simulator(story)


@pytest.mark.parametrize("channel", [UPDATES, FILLS])
@pytest.mark.parametrize("kind", [FaultKind.DROP_EVENT, FaultKind.DROP_STREAM])
def test_order_whose_event_is_lost_is_told(channel: str, kind: FaultKind) -> None:
    async def story(desk: Desk) -> None:
        async with orders_heard(desk) as heard:
            desk.fault(kind, channel)
            await desk.exchange.submit(desk.market("lossy"))
            told = await heard.until(is_over("kimp-lossy"))
            await asyncio.sleep(1)

            assert told.filled == Decimal("0.01")
            assert desk.asked("/ws") == (2 if kind is FaultKind.DROP_STREAM else 1)

    at_simulator(story)


def test_end_that_the_reply_has_told_is_told_on_the_stream_too() -> None:
    async def story(desk: Desk) -> None:
        async with orders_heard(desk) as heard:
            desk.fault(FaultKind.DROP_EVENT, UPDATES)
            order = desk.limit("empty", "49000", tif=TimeInForce.IOC)
            replied = await desk.exchange.submit(order)
            told = await heard.until(is_over("kimp-empty"), 2 * QUIET_S)

            assert replied.status is told.status is OrderStatus.EXPIRED
            assert replied.filled == told.filled == 0

    at_simulator(story)


def test_resting_order_filled_without_a_word_is_read_when_it_stays_quiet() -> None:
    async def story(desk: Desk) -> None:
        async with orders_heard(desk) as heard:
            desk.fault(FaultKind.DROP_EVENT, "*", times=2)
            desk.quote("39990", "39999")
            await asyncio.sleep(QUIET_S)
            told = await heard.until(is_over("kimp-first"))

            assert told.filled == Decimal("0.01")
            assert desk.asked("/ws") == 1

    at_simulator(story)


def test_order_cancelled_while_the_stream_is_down_is_told() -> None:
    async def story(desk: Desk) -> None:
        async with orders_heard(desk) as heard:
            desk.fault(FaultKind.DROP_STREAM, UPDATES)
            await desk.exchange.cancel("BTC", "kimp-first")
            told = await heard.until(is_over("kimp-first"))

            assert told.status is OrderStatus.CANCELLED
            assert desk.asked("/ws") == 2

    at_simulator(story)


def test_event_that_comes_twice_counts_once() -> None:
    async def story(desk: Desk) -> None:
        async with orders_heard(desk) as heard:
            desk.fault(FaultKind.DUPLICATE_EVENT, "*", times=10)
            order = desk.limit("twice", "50100", tif=TimeInForce.IOC)
            await desk.exchange.submit(replace(order, quantity=Decimal("1.2")))
            await heard.until(is_over("kimp-twice"))
            await asyncio.sleep(1)

            reports = [r for r in heard.items if r.client_order_id == "kimp-twice"]
            assert all(report.filled <= Decimal("1.2") for report in reports)
            fills = reports[-1].fills
            assert len({fill.trade_id for fill in fills}) == len(fills)

    at_simulator(story)


def test_order_whose_reply_was_lost_is_told() -> None:
    async def story(desk: Desk) -> None:
        async with orders_heard(desk) as heard:
            desk.fault(FaultKind.LOSE_REPLY)
            with pytest.raises(OutcomeUnknown):
                await desk.exchange.submit(desk.limit("lost", "49999", Side.SELL))
            told = await heard.until(is_over("kimp-lost"))

            assert told.value == Decimal("499.99")

    at_simulator(story)


def test_order_filled_before_the_stream_began_is_told() -> None:
    async def story(desk: Desk) -> None:
        await desk.exchange.submit(desk.market("before"))

        told = await first(desk.exchange.stream_orders(), is_over("kimp-before"))

        assert told.filled == Decimal("0.01")

    at_simulator(story)


def test_gap_that_cannot_be_closed_is_tried_again() -> None:
    async def story(desk: Desk) -> None:
        async with orders_heard(desk) as heard:
            desk.fault(FaultKind.HTTP_500, "POST /info", times=3)
            desk.fault(FaultKind.DROP_STREAM, UPDATES)
            await desk.exchange.cancel("BTC", "kimp-first")
            told = await heard.until(is_over("kimp-first"))

            assert told.status is OrderStatus.CANCELLED
            assert desk.asked("/ws") == 5

    at_simulator(story)


def test_connection_is_heard_while_the_rate_limit_keeps_a_gap_open() -> None:
    async def story(desk: Desk) -> None:
        async with orders_heard(desk) as heard:
            desk.fault(FaultKind.RATE_LIMITED, "POST /info", seconds=30)
            desk.fault(FaultKind.DROP_STREAM, UPDATES)
            await desk.exchange.cancel("BTC", "kimp-first")
            await asyncio.sleep(2)
            began = desk.clock.monotonic()
            elsewhere = desk.another()
            await elsewhere.rules("BTC")
            await elsewhere.submit(desk.limit("meanwhile", "40000"))
            await heard.until(lambda report: report.client_order_id == "kimp-meanwhile")
            told_after_s = desk.clock.monotonic() - began
            await heard.until(is_over("kimp-first"), patience_s=60)

            assert told_after_s < 1
            assert desk.asked("/ws") == 2

    at_simulator(story)


def test_quiet_connection_is_kept_open_by_pings() -> None:
    async def story(desk: Desk) -> None:
        async with orders_heard(desk) as heard:
            await desk.exchange.cancel("BTC", "kimp-first")
            await heard.until(is_over("kimp-first"))
            await asyncio.sleep(600)
            await desk.exchange.submit(desk.market("late"))
            await heard.until(is_over("kimp-late"))

            assert desk.asked("/ws") == 1

    at_simulator(story)


def test_closed_adapter_ends_its_streams() -> None:
    async def story(desk: Desk) -> None:
        exchange = desk.another()
        books = exchange.stream_books(["BTC"])
        await anext(books)

        await exchange.aclose()

        async for _ in books:
            pass
        with pytest.raises(StopAsyncIteration):
            await anext(exchange.stream_orders())

    at_simulator(story)
