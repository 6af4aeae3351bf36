"""One suite for the streams of every adapter, over real WebSockets, against the simulated venues.

The clock is the machine's, because connections live on it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from decimal import Decimal

import pytest
import pytest_asyncio

from exchanges.book import Book
from exchanges.instrument import Venue
from exchanges.order import Order, OrderReport, OrderStatus
from exchanges.simulator.faults import Fault, FaultKind
from exchanges.simulator.market import Quote
from tests.exchanges.running_clock import RunningClock
from tests.exchanges.simulated_desk import NATIVE, TOUCH, Desk, choices, open_desk
from tests.exchanges.upbit.hearing import Hearing, hearing

ORDER_EVENTS = {
    Venue.UPBIT: ("myOrder",),
    Venue.BINANCE: ("ORDER_TRADE_UPDATE",),
    Venue.HYPERLIQUID: ("orderUpdates", "userFills"),
}


@pytest_asyncio.fixture(params=choices(*Venue))
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        venue, adapter = request.param
        yield await open_desk(venue, stack, RunningClock(), adapter)


def move(desk: Desk, steps: int) -> Decimal:
    """Hold the market ``steps`` of its ticks (10 of Upbit's) from where it began; its new bid."""
    touch = TOUCH[desk.venue]
    distance = Decimal(steps) * (10_000 if desk.venue is Venue.UPBIT else 1)
    quote = Quote(touch.bid + distance, touch.ask + distance, touch.size)
    desk.simulation.market.set_quote(desk.venue, NATIVE[desk.venue], quote)
    return quote.bid


def fault(desk: Desk, kind: FaultKind, endpoint: str = "*", times: int = 1) -> None:
    desk.simulation.faults.add(Fault(desk.venue, endpoint, kind, times))


def at(bid: Decimal) -> Callable[[Book], bool]:
    return lambda book: book.best_bid is not None and book.best_bid.price == bid


def same(read: Book) -> Callable[[Book], bool]:
    """The same best levels; at Binance a touch may be told before the depth below it."""
    return lambda book: book.bids[:5] == read.bids[:5] and book.asks[:5] == read.asks[:5]


def ended(order: Order) -> Callable[[OrderReport], bool]:
    """The end of the order, with all its trades."""
    return lambda report: (
        report.client_order_id == order.client_order_id
        and report.is_terminal
        and report.fills_complete
    )


@asynccontextmanager
async def orders_heard(desk: Desk) -> AsyncIterator[Hearing[OrderReport]]:
    """The stream of orders once it is known to be subscribed."""
    first = desk.resting("first")
    await desk.exchange.submit(first)
    async with hearing(desk.exchange.stream_orders()) as heard:
        await heard.until(lambda report: report.client_order_id == first.client_order_id)
        yield heard


async def test_books_follow_the_market(desk: Desk) -> None:
    async with hearing(desk.exchange.stream_books(["BTC"])) as heard:
        first = await heard.until(at(TOUCH[desk.venue].bid))
        later = await heard.until(at(move(desk, 3)))

        assert first.symbol == "BTC"
        assert len(first.bids) >= 5
        assert len(first.asks) >= 5
        assert not later.is_crossed
        assert later == replace(
            await desk.exchange.book("BTC"),
            bids=later.bids,
            asks=later.asks,
            received=later.received,
            venue_time=later.venue_time,
        )


async def test_streamed_book_is_the_one_that_is_read(desk: Desk) -> None:
    async with hearing(desk.exchange.stream_books(["BTC"])) as heard:
        await heard.until(at(TOUCH[desk.venue].bid))
        for steps in (1, 5, 2, 8):
            await heard.until(at(move(desk, steps)))

        streamed = await heard.until(same(await desk.exchange.book("BTC")))

        assert not streamed.is_crossed


@pytest.mark.parametrize(
    "kind", [FaultKind.DROP_STREAM, FaultKind.DROP_EVENT, FaultKind.DUPLICATE_EVENT]
)
async def test_books_are_right_again_after_whatever_happened(desk: Desk, kind: FaultKind) -> None:
    async with hearing(desk.exchange.stream_books(["BTC"])) as heard:
        await heard.until(at(TOUCH[desk.venue].bid))
        fault(desk, kind)
        move(desk, 1)
        await heard.until(at(move(desk, 4)))
        move(desk, 6)

        streamed = await heard.until(same(await desk.exchange.book("BTC")))

        assert streamed.best_bid is not None


async def test_order_is_told_to_its_end_with_its_fills(desk: Desk) -> None:
    async with orders_heard(desk) as heard:
        order = desk.order("told", "0.02")
        await desk.exchange.submit(order)

        told = await heard.until(ended(order))
        read = await desk.exchange.order("BTC", order.client_order_id)

        assert told.status is OrderStatus.FILLED
        assert told.filled == order.quantity
        assert [(fill.trade_id, fill.price, fill.quantity, fill.fee) for fill in told.fills] == [
            (fill.trade_id, fill.price, fill.quantity, fill.fee) for fill in read.fills
        ]


async def test_cancel_is_told(desk: Desk) -> None:
    async with orders_heard(desk) as heard:
        order = desk.resting("cancelled")
        await desk.exchange.submit(order)
        await desk.exchange.cancel("BTC", order.client_order_id)

        told = await heard.until(ended(order))

        assert told.status is OrderStatus.CANCELLED
        assert told.filled == 0


async def test_order_that_ends_while_the_stream_is_down_is_told(desk: Desk) -> None:
    async with orders_heard(desk) as heard:
        for name in ORDER_EVENTS[desk.venue]:
            fault(desk, FaultKind.DROP_STREAM, name)
        order = desk.order("unheard", "0.02")
        await desk.exchange.submit(order)

        told = await heard.until(ended(order))

        assert told.filled == order.quantity


async def test_resting_order_that_fills_while_the_stream_is_down_is_told(desk: Desk) -> None:
    async with orders_heard(desk) as heard:
        order = desk.resting("resting")
        await desk.exchange.submit(order)
        for name in ORDER_EVENTS[desk.venue]:
            fault(desk, FaultKind.DROP_STREAM, name, times=3)
        move(desk, -5)

        told = await heard.until(ended(order))

        assert told.status is OrderStatus.FILLED


async def test_news_told_twice_counts_once(desk: Desk) -> None:
    async with orders_heard(desk) as heard:
        for name in ORDER_EVENTS[desk.venue]:
            fault(desk, FaultKind.DUPLICATE_EVENT, name, times=10)
        order = desk.order("twice", "0.02")
        await desk.exchange.submit(order)

        told = await heard.until(ended(order))

        assert told.filled == order.quantity
        assert len({fill.trade_id for fill in told.fills}) == len(told.fills)


async def test_closed_adapter_ends_its_streams(desk: Desk) -> None:
    exchange = desk.connect()
    async with hearing(exchange.stream_books(["BTC"])) as heard:
        await heard.until(at(TOUCH[desk.venue].bid))

        await exchange.aclose()
        count = len(heard.items)
        move(desk, 3)
        await desk.exchange.book("BTC")

        assert len(heard.items) == count
