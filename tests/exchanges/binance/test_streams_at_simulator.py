"""Streams of books and orders over real WebSockets, undisturbed and through every fault."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from exchanges.binance.adapter import BinancePerpetual
from exchanges.binance.order_stream import QUIET_S, RENEW_AGAIN_S, RENEW_S
from exchanges.book import Book
from exchanges.credentials import Credentials
from exchanges.errors import AuthenticationFailed, OutcomeUnknown
from exchanges.order import OrderReport, OrderStatus, TimeInForce
from exchanges.simulator.faults import EVENT_KINDS, FaultKind
from exchanges.streaming import HEALTHY_S
from tests.exchanges.binance.at_simulator import ACCOUNT, BOUND_S, Listener, Scene, scene

DEPTH, TICKER, ORDER = "btcusdt@depth", "btcusdt@bookTicker", "ORDER_TRADE_UPDATE"
PRIVATE = ("POST", "/fapi/v1/listenKey")
RENEWAL = ("PUT", "/fapi/v1/listenKey")
SNAPSHOT = ("GET", "/fapi/v1/depth")
OPEN_ORDERS = ("GET", "/fapi/v1/openOrders")


def has_touch(bid: str, ask: str) -> Callable[[Book], bool]:
    return lambda book: (
        book.best_bid is not None
        and book.best_ask is not None
        and (book.best_bid.price, book.best_ask.price) == (Decimal(bid), Decimal(ask))
    )


async def orders_of(stage: Scene, exchange: BinancePerpetual) -> Listener[OrderReport]:
    """The account's stream, connected; what was open has been read."""
    before = stage.asked(*OPEN_ORDERS)
    await exchange.rules("BTC")
    orders = stage.listen(exchange.stream_orders())
    await stage.until(lambda: stage.asked(*OPEN_ORDERS) > before)
    return orders


def filled(report: OrderReport) -> bool:
    return report.status is OrderStatus.FILLED and report.fills_complete


async def test_book_follows_the_market() -> None:
    async with scene() as stage:
        books = stage.listen(stage.connect().stream_books(["BTC"]))
        await books.until(has_touch("49999.0", "50001.0"))

        stage.quote("50010.0", "50012.0")
        book = await books.until(has_touch("50010.0", "50012.0"))

        rest = await stage.desk.exchange.book("BTC")
        assert len(book.bids) >= 5
        await books.until(lambda one: (one.bids, one.asks) == (rest.bids[:20], rest.asks[:20]))
        assert not any(one.is_crossed for one in books.heard)


async def test_lost_change_is_noticed_and_a_snapshot_closes_the_gap() -> None:
    async with scene() as stage:
        books = stage.listen(stage.connect().stream_books(["BTC"]))
        await books.until(has_touch("49999.0", "50001.0"))
        stage.fault(DEPTH, FaultKind.DROP_EVENT)

        stage.quote("50010.0", "50012.0")
        await stage.until_faults_are_used()
        stage.desk.clock.advance(2)
        stage.quote("50020.0", "50022.0")

        await books.until(has_touch("50020.0", "50022.0"))
        assert stage.asked(*SNAPSHOT) == 2


async def test_change_that_comes_twice_is_no_gap() -> None:
    async with scene() as stage:
        books = stage.listen(stage.connect().stream_books(["BTC"]))
        await books.until(has_touch("49999.0", "50001.0"))
        stage.fault(DEPTH, FaultKind.DUPLICATE_EVENT)

        stage.quote("50010.0", "50012.0")
        await stage.until_faults_are_used()
        stage.quote("50020.0", "50022.0")

        await books.until(has_touch("50020.0", "50022.0"))
        assert stage.asked(*SNAPSHOT) == 1


@pytest.mark.parametrize("event", [DEPTH, TICKER])
async def test_cut_stream_of_books_comes_back_whole(event: str) -> None:
    async with scene() as stage:
        books = stage.listen(stage.connect().stream_books(["BTC"]))
        await books.until(has_touch("49999.0", "50001.0"))
        stage.fault(event, FaultKind.DROP_STREAM)

        stage.quote("50010.0", "50012.0")
        await stage.until_faults_are_used()

        await books.until(has_touch("50010.0", "50012.0"))
        await stage.until(lambda: stage.asked(*SNAPSHOT) == 2)


async def test_own_order_is_told_with_its_trades_and_fees() -> None:
    async with scene() as stage:
        exchange = stage.connect()
        orders = await orders_of(stage, exchange)
        order = stage.desk.order("streamed", "0.7")

        await exchange.submit(replace(order, price=Decimal("50010.0")))
        report = await orders.until(filled)
        rest = await exchange.order("BTC", order.client_order_id)

        assert len(report.fills) > 1
        assert report == rest
        assert report.fee_in("USDT") > 0


async def test_trade_that_is_told_twice_counts_once() -> None:
    async with scene() as stage:
        exchange = stage.connect()
        orders = await orders_of(stage, exchange)
        stage.fault(ORDER, FaultKind.DUPLICATE_EVENT, times=5)

        await exchange.submit(stage.desk.order("twice", "0.1"))
        await orders.until(filled)

        assert {report.filled for report in orders.heard} <= {Decimal(0), Decimal("0.1")}
        assert all(report.value <= Decimal("5000.1") for report in orders.heard)


async def test_fill_that_falls_together_with_the_connection_is_read_afterwards() -> None:
    async with scene() as stage:
        exchange = stage.connect()
        orders = await orders_of(stage, exchange)
        order = stage.desk.resting("cut")
        await exchange.submit(order)
        await orders.until(lambda report: report.status is OrderStatus.NEW)
        stage.fault(ORDER, FaultKind.DROP_STREAM)

        stage.quote("49000.0", "49002.0")
        report = await orders.until(filled)

        assert report.client_order_id == order.client_order_id
        assert report.filled == order.quantity


async def test_order_made_and_filled_by_another_program_while_the_stream_is_down_is_told() -> None:
    async with scene() as stage:
        exchange, other = stage.connect(), stage.connect()
        await other.rules("BTC")
        orders = await orders_of(stage, exchange)
        await other.submit(stage.desk.resting("foreign"))
        await orders.until(lambda report: report.client_order_id == "kimp-foreign")
        stage.fault(ORDER, FaultKind.DROP_STREAM)

        await other.submit(stage.desk.order("spark"))
        stage.quote("49000.0", "49002.0")

        report = await orders.until(filled)
        assert report.client_order_id == "kimp-foreign"


async def test_event_that_is_lost_on_a_standing_connection_is_made_up_for() -> None:
    async with scene() as stage:
        exchange = stage.connect()
        orders = await orders_of(stage, exchange)
        order = stage.desk.resting("silent")
        await exchange.submit(order)
        await orders.until(lambda report: report.status is OrderStatus.NEW)
        stage.fault(ORDER, FaultKind.DROP_EVENT)

        stage.quote("49000.0", "49002.0")
        await stage.until_faults_are_used()
        stage.desk.clock.advance(QUIET_S)

        assert (await orders.until(filled)).client_order_id == order.client_order_id
        assert stage.asked(*PRIVATE) == 1


async def test_order_whose_reply_was_lost_is_told_by_the_stream() -> None:
    async with scene() as stage:
        exchange = stage.connect()
        orders = await orders_of(stage, exchange)
        stage.fault("POST /fapi/v1/order", FaultKind.LOSE_REPLY)

        with pytest.raises(OutcomeUnknown):
            await exchange.submit(stage.desk.order("lost", "0.1"))

        assert (await orders.until(filled)).client_order_id == "kimp-lost"


async def test_listen_key_is_renewed_on_the_same_connection() -> None:
    async with scene() as stage:
        exchange = stage.connect()
        orders = await orders_of(stage, exchange)

        stage.desk.clock.advance(RENEW_S)
        await stage.until(lambda: stage.asked(*RENEWAL) == 1)
        await exchange.submit(stage.desk.order("later", "0.1"))

        await orders.until(filled)
        assert stage.asked(*PRIVATE) == 1


async def test_listen_key_that_has_expired_is_replaced() -> None:
    async with scene() as stage:
        exchange = stage.connect()
        orders = await orders_of(stage, exchange)

        stage.desk.clock.advance(61 * 60)
        await stage.until(lambda: stage.asked(*PRIVATE) == 2 and stage.asked(*OPEN_ORDERS) == 2)
        await exchange.submit(stage.desk.order("renewed", "0.1"))

        assert (await orders.until(filled)).client_order_id == "kimp-renewed"


async def test_listen_key_that_is_gone_when_it_is_renewed_is_replaced() -> None:
    async with scene() as stage:
        exchange = stage.connect()
        orders = await orders_of(stage, exchange)
        stage.fault("PUT /fapi/v1/listenKey", FaultKind.REJECT, code=-1125)

        stage.desk.clock.advance(RENEW_S)
        await stage.until(lambda: stage.asked(*PRIVATE) == 2 and stage.asked(*OPEN_ORDERS) == 2)
        await exchange.submit(stage.desk.order("renewed", "0.1"))

        assert (await orders.until(filled)).client_order_id == "kimp-renewed"
        assert stage.asked(*RENEWAL) == 1


async def test_renewal_that_does_not_get_through_is_tried_again() -> None:
    async with scene() as stage:
        await orders_of(stage, stage.connect())
        stage.fault("PUT /fapi/v1/listenKey", FaultKind.HTTP_500)

        stage.desk.clock.advance(RENEW_S)
        await stage.until(lambda: stage.asked(*RENEWAL) == 1)
        stage.desk.clock.advance(RENEW_AGAIN_S)
        await stage.until(lambda: stage.asked(*RENEWAL) == 2)

        assert stage.asked(*PRIVATE) == 1


async def test_stream_ends_when_the_key_is_refused() -> None:
    async with scene() as stage:
        exchange = stage.connect(credentials=Credentials("nobody", ACCOUNT.secret_key))

        with pytest.raises(AuthenticationFailed):
            await anext(exchange.stream_orders())


async def test_clock_that_is_off_while_a_gap_is_closed_does_not_end_the_stream() -> None:
    async with scene() as stage:
        exchange = stage.connect()
        await exchange.rules("BTC")
        stage.desk.simulation.binance.set_clock_offset(60_000)

        orders = stage.listen(exchange.stream_orders())
        await stage.until(lambda: stage.asked("GET", "/fapi/v1/time") == 1)
        await exchange.submit(stage.desk.order("shifted", "0.1"))

        await orders.until(filled)


async def test_streams_end_with_the_adapter() -> None:
    async with scene() as stage:
        exchange = stage.connect()
        books = stage.listen(exchange.stream_books(["BTC"]))
        await books.until(has_touch("49999.0", "50001.0"))

        await exchange.aclose()

        async with asyncio.timeout(BOUND_S):
            await asyncio.gather(*stage.tasks)


@pytest.mark.parametrize("kind", [FaultKind.DROP_EVENT, FaultKind.DROP_STREAM])
async def test_end_that_only_the_reply_told_is_told_on_the_stream_too(kind: FaultKind) -> None:
    async with scene() as stage:
        exchange = stage.connect()
        orders = await orders_of(stage, exchange)
        stage.fault(ORDER, kind, times=2 if kind is FaultKind.DROP_EVENT else 1)
        missed = replace(stage.desk.resting("missed"), time_in_force=TimeInForce.IOC)

        placed = await exchange.submit(missed)
        await stage.until_faults_are_used()
        stage.desk.clock.advance(QUIET_S)

        assert placed.is_terminal
        assert await orders.until(lambda report: report == placed)


async def test_no_end_is_lost_through_a_row_of_faults() -> None:
    async with scene() as stage:
        exchange = stage.connect()
        orders = await orders_of(stage, exchange)

        for number, kind in enumerate(sorted(EVENT_KINDS) * 4):
            stage.fault(ORDER, kind)
            order = stage.desk.order(f"row-{number}")
            if number % 2:
                order = replace(order, price=Decimal("49999.0"))  # beside the market
            placed = await exchange.submit(order)
            stage.desk.clock.advance(HEALTHY_S)

            report = await orders.until(ended(order.client_order_id))
            assert report.filled == placed.filled


def ended(client_order_id: str) -> Callable[[OrderReport], bool]:
    return lambda report: (
        report.client_order_id == client_order_id and report.is_terminal and report.fills_complete
    )
