"""Books and own orders over real WebSockets, through everything that happens to a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from decimal import Decimal

import pytest

from exchanges.credentials import Credentials
from exchanges.errors import AuthenticationFailed, OrderRejected, OutcomeUnknown
from exchanges.instrument import Venue
from exchanges.order import OrderReport, OrderStatus
from exchanges.side import Side
from exchanges.simulator.faults import Fault, FaultKind
from exchanges.simulator.market import Quote
from tests.exchanges.simulated_desk import TOUCH, Desk
from tests.exchanges.upbit.hearing import PATIENCE_S, Hearing, hearing, until

PRIVATE, PUBLIC = "/websocket/v1/private", "/websocket/v1"
HIGHER = Quote(Decimal(61_000_000), Decimal(61_010_000), Decimal("0.3"))


def is_over(client_order_id: str) -> Callable[[OrderReport], bool]:
    """The end of an order, with all its trades."""

    def told(report: OrderReport) -> bool:
        return (
            report.client_order_id == client_order_id
            and report.is_terminal
            and report.fills_complete
        )

    return told


def dialled(desk: Desk, path: str) -> int:
    return sum(seen.path == path for seen in desk.simulation.requests.requests())


def fault(desk: Desk, kind: FaultKind, endpoint: str = "myOrder", times: int = 1) -> None:
    desk.simulation.faults.add(Fault(Venue.UPBIT, endpoint, kind, times))


@asynccontextmanager
async def orders_heard(desk: Desk) -> AsyncIterator[Hearing[OrderReport]]:
    """The stream of orders, subscribed: an order made before has been told."""
    first = desk.resting("first")
    await desk.exchange.submit(first)
    async with hearing(desk.exchange.stream_orders()) as heard:
        await heard.until(lambda report: report.client_order_id == "kimp-first")
        yield heard


# ---- books


async def test_books_of_several_markets_come_over_one_connection(upbit: Desk) -> None:
    async with hearing(upbit.exchange.stream_books(["BTC", "USDT"])) as heard:
        bitcoin = await heard.until(lambda book: book.symbol == "BTC")
        tether = await heard.until(lambda book: book.symbol == "USDT")

    asked = await upbit.exchange.book("BTC")
    assert bitcoin == replace(asked, bids=asked.bids[:15], asks=asked.asks[:15])
    assert len(bitcoin.bids) == len(bitcoin.asks) == 15
    assert tether.best_bid is not None
    assert dialled(upbit, PUBLIC) == 1


async def test_book_follows_the_market(upbit: Desk) -> None:
    async with hearing(upbit.exchange.stream_books(["BTC"])) as heard:
        await heard.until(lambda book: book.symbol == "BTC")

        upbit.clock.advance(1)
        upbit.simulation.market.set_quote(Venue.UPBIT, "KRW-BTC", HIGHER)
        moved = await heard.until(
            lambda book: book.best_bid is not None and book.best_bid.price == HIGHER.bid
        )

    assert moved.venue_time == upbit.clock.now()
    assert moved.received == upbit.clock.monotonic()


async def test_lost_book_stream_comes_back_with_a_whole_book(upbit: Desk) -> None:
    async with hearing(upbit.exchange.stream_books(["BTC"])) as heard:
        await heard.until(lambda book: book.symbol == "BTC")

        fault(upbit, FaultKind.DROP_STREAM, "orderbook")
        upbit.simulation.market.set_quote(Venue.UPBIT, "KRW-BTC", HIGHER)
        await heard.until(
            lambda book: book.best_bid is not None and book.best_bid.price == HIGHER.bid
        )

    assert dialled(upbit, PUBLIC) == 2


async def test_books_stop_during_maintenance_and_come_back_after_it(upbit: Desk) -> None:
    async with hearing(upbit.exchange.stream_books(["BTC"])) as heard:
        await heard.until(lambda book: book.symbol == "BTC")

        fault(upbit, FaultKind.MAINTENANCE, "*")
        upbit.simulation.market.set_quote(Venue.UPBIT, "KRW-BTC", HIGHER)
        await until(lambda: dialled(upbit, PUBLIC) >= 2)
        told_meanwhile = [book for book in heard.items if book.best_bid != heard.items[0].best_bid]
        upbit.simulation.faults.clear()
        await heard.until(
            lambda book: book.best_bid is not None and book.best_bid.price == HIGHER.bid
        )

    assert told_meanwhile == []


async def test_books_need_no_key(upbit: Desk) -> None:
    stranger = upbit.connect(Credentials("nobody", "nothing"))

    async with hearing(stranger.stream_books(["BTC"])) as heard:
        await heard.until(lambda book: book.symbol == "BTC")


# ---- own orders


async def test_order_is_told_to_its_end_with_its_trades(upbit: Desk) -> None:
    order = replace(upbit.order("told", "1.2"), price=Decimal(60_100_000))
    async with orders_heard(upbit) as heard:
        await upbit.exchange.submit(order)
        told = await heard.until(is_over(order.client_order_id))

    read = await upbit.connect().order("BTC", order.client_order_id)
    assert told.status is OrderStatus.FILLED
    assert len(told.fills) > 1
    assert replace(told, updated_at=read.updated_at) == read
    filled = [r.filled for r in heard.items if r.client_order_id == order.client_order_id]
    assert filled == sorted(filled)
    asked = "/v1/order" in asked_since_the_order(upbit, order.client_order_id)
    assert asked is (upbit.adapter == "ccxt")  # whose news is only a hint to read the order


def asked_since_the_order(desk: Desk, client_order_id: str) -> list[str]:
    """What the adapter asked over REST after placing it; the check afterwards is left out."""
    seen = desk.simulation.requests.requests()
    placed = next(n for n, each in enumerate(seen) if each.client_order_id == client_order_id)
    return [each.path for each in seen[placed + 1 : -1]]


async def test_cancelled_order_is_told(upbit: Desk) -> None:
    async with orders_heard(upbit) as heard:
        await upbit.exchange.cancel("BTC", "kimp-first")
        told = await heard.until(is_over("kimp-first"))

    assert (told.status, told.filled) == (OrderStatus.CANCELLED, Decimal(0))


async def test_order_made_elsewhere_is_told(upbit: Desk) -> None:
    elsewhere = upbit.connect()
    await elsewhere.rules("BTC")
    order = upbit.order("elsewhere")
    async with orders_heard(upbit) as heard:
        await elsewhere.submit(order)
        told = await heard.until(is_over(order.client_order_id))

    assert told.filled == order.quantity


@pytest.mark.parametrize("lost", [1, 2, 3])
async def test_order_filled_while_the_stream_is_down_is_told(upbit: Desk, lost: int) -> None:
    """The wire breaks at the ``lost``th of the events wait, trade, done."""
    order = upbit.order("filled")
    async with orders_heard(upbit) as heard:
        for _ in range(lost - 1):
            fault(upbit, FaultKind.DUPLICATE_EVENT)
        fault(upbit, FaultKind.DROP_STREAM)
        await upbit.exchange.submit(order)
        told = await heard.until(is_over(order.client_order_id))
        await until(lambda: dialled(upbit, PRIVATE) == 2)

    assert told.filled == order.quantity


async def test_order_cancelled_while_the_stream_is_down_is_told(upbit: Desk) -> None:
    async with orders_heard(upbit) as heard:
        fault(upbit, FaultKind.DROP_STREAM)
        await upbit.exchange.cancel("BTC", "kimp-first")
        told = await heard.until(is_over("kimp-first"))

    assert told.status is OrderStatus.CANCELLED
    assert dialled(upbit, PRIVATE) == 2


async def test_order_made_elsewhere_while_the_stream_is_down_is_told(upbit: Desk) -> None:
    elsewhere = upbit.connect()
    await elsewhere.rules("BTC")
    async with orders_heard(upbit) as heard:
        fault(upbit, FaultKind.DROP_STREAM)
        await elsewhere.submit(upbit.resting("elsewhere"))
        told = await heard.until(lambda report: report.client_order_id == "kimp-elsewhere")

    assert told.status is OrderStatus.NEW
    assert dialled(upbit, PRIVATE) == 2


async def test_nothing_is_told_before_the_gap_is_closed(upbit: Desk) -> None:
    order = upbit.order("filled")
    async with orders_heard(upbit) as heard:
        fault(upbit, FaultKind.DROP_STREAM)
        fault(upbit, FaultKind.HTTP_500, "GET /v1/orders/open", times=2)
        await upbit.exchange.submit(order)
        await heard.until(is_over(order.client_order_id))

    assert dialled(upbit, PRIVATE) == 4


@pytest.mark.parametrize("dropped", [1, 2])
async def test_trade_whose_event_is_lost_is_read(upbit: Desk, dropped: int) -> None:
    order = upbit.order("lossy")
    async with orders_heard(upbit) as heard:
        fault(upbit, FaultKind.DROP_EVENT, times=dropped)
        await upbit.exchange.submit(order)
        told = await heard.until(is_over(order.client_order_id))

    assert told.filled == order.quantity
    assert dialled(upbit, PRIVATE) == 1


async def test_order_of_which_every_event_is_lost_is_read_when_it_stays_quiet(upbit: Desk) -> None:
    order = upbit.order("silent")
    async with orders_heard(upbit) as heard:
        fault(upbit, FaultKind.DROP_EVENT, times=3)
        await upbit.exchange.submit(order)
        upbit.clock.advance(11)
        told = await heard.until(is_over(order.client_order_id))

    assert told.filled == order.quantity
    assert dialled(upbit, PRIVATE) == 1


async def test_event_that_comes_twice_counts_once(upbit: Desk) -> None:
    order = replace(upbit.order("twice", "1.2"), price=Decimal(60_100_000))
    async with orders_heard(upbit) as heard:
        fault(upbit, FaultKind.DUPLICATE_EVENT, times=10)
        await upbit.exchange.submit(order)
        await heard.until(is_over(order.client_order_id))

    reports = [r for r in heard.items if r.client_order_id == order.client_order_id]
    assert max(report.filled for report in reports) == order.quantity
    assert all(report.filled <= order.quantity for report in reports)
    assert len({fill.trade_id for fill in reports[-1].fills}) == len(reports[-1].fills)


async def test_order_sent_before_the_stream_began_is_told(upbit: Desk) -> None:
    order = upbit.order("before")
    await upbit.exchange.submit(order)

    async with hearing(upbit.exchange.stream_orders()) as heard:
        told = await heard.until(is_over(order.client_order_id))

    assert told.filled == order.quantity


async def test_order_that_was_refused_is_not_asked_about(upbit: Desk) -> None:
    rich = upbit.order("rich", "5")
    with pytest.raises(OrderRejected):
        await upbit.exchange.submit(rich)

    async with orders_heard(upbit):
        pass

    asked = [seen for seen in upbit.simulation.requests.requests() if seen.path == "/v1/order"]
    assert asked == []


async def test_order_whose_reply_was_lost_is_told(upbit: Desk) -> None:
    order = upbit.order("unknown", side=Side.SELL)
    async with orders_heard(upbit) as heard:
        upbit.fault(FaultKind.LOSE_REPLY)
        with pytest.raises(OutcomeUnknown):
            await upbit.exchange.submit(order)
        told = await heard.until(is_over(order.client_order_id))

    assert (told.filled, told.value) == (order.quantity, order.quantity * TOUCH[Venue.UPBIT].bid)


async def test_order_whose_reply_and_events_were_lost_is_told(upbit: Desk) -> None:
    order = upbit.order("unknown")
    async with orders_heard(upbit) as heard:
        fault(upbit, FaultKind.DROP_EVENT, times=3)
        upbit.fault(FaultKind.LOSE_REPLY)
        with pytest.raises(OutcomeUnknown):
            await upbit.exchange.submit(order)
        upbit.clock.advance(11)
        told = await heard.until(is_over(order.client_order_id))

    assert told.filled == order.quantity


async def test_key_that_is_refused_ends_the_stream(upbit: Desk) -> None:
    stranger = upbit.connect(Credentials("nobody", "nothing"))

    with pytest.raises(AuthenticationFailed, match="401"):
        await anext(stranger.stream_orders())


async def test_closed_adapter_ends_its_streams(upbit: Desk) -> None:
    exchange = upbit.connect()
    async with AsyncExitStack() as stack:
        books = await stack.enter_async_context(hearing(exchange.stream_books(["BTC"])))
        await books.until(lambda book: book.symbol == "BTC")
        ending = asyncio.create_task(anext(exchange.stream_orders()))

        await exchange.aclose()

        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(StopAsyncIteration):
                await ending
