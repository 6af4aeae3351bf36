"""One suite of scenarios for every adapter, over real HTTP, against the simulated venues."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import pytest
import pytest_asyncio

from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.errors import (
    AuthenticationFailed,
    OrderDenied,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    VenueUnavailable,
)
from exchanges.exchange import Exchange
from exchanges.factory import create_exchange
from exchanges.instrument import InstrumentKind, Venue
from exchanges.order import Order, OrderStatus, OrderType, TimeInForce
from exchanges.side import Side
from exchanges.simulator.faults import Fault, FaultKind
from exchanges.simulator.market import Quote
from exchanges.simulator.server import Address, Addresses, serve
from exchanges.simulator.simulation import Simulation
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.still_market import still_path

CREDENTIALS = Credentials("access-key", "secret-key")
START_MONEY = {
    Venue.UPBIT: {"KRW": Decimal(100_000_000), "BTC": Decimal(1)},
    Venue.BINANCE: {"USDT": Decimal(100_000)},
}
NATIVE = {Venue.UPBIT: "KRW-BTC", Venue.BINANCE: "BTCUSDT"}
PLACE = {Venue.UPBIT: "POST /v1/orders", Venue.BINANCE: "POST /fapi/v1/order"}
TOUCH = {
    Venue.UPBIT: Quote(Decimal(60_000_000), Decimal(60_010_000), Decimal("0.5")),
    Venue.BINANCE: Quote(Decimal("49999.0"), Decimal("50001.0"), Decimal("0.5")),
}
LEAST_VALUE = {Venue.UPBIT: Decimal(5_000), Venue.BINANCE: Decimal(50)}


@dataclass(frozen=True, slots=True)
class Desk:
    """An adapter at a simulated venue, on one clock that stands still."""

    exchange: Exchange
    simulation: Simulation
    clock: ManualClock
    stack: AsyncExitStack
    endpoints: Endpoints

    @property
    def venue(self) -> Venue:
        return self.exchange.venue

    def order(self, name: str, quantity: str = "0.01", side: Side = Side.BUY) -> Order:
        """A limit order that takes the touch at once, the rest ends."""
        touch = TOUCH[self.venue]
        return Order(
            f"kimp-{name}",
            "BTC",
            side,
            OrderType.LIMIT,
            Decimal(quantity),
            touch.ask if side is Side.BUY else touch.bid,
            TimeInForce.IOC,
        )

    def resting(self, name: str) -> Order:
        """A buy at the bid."""
        return replace(self.order(name), price=TOUCH[self.venue].bid, time_in_force=None)

    def fault(self, kind: FaultKind, **args: object) -> None:
        self.simulation.faults.add(Fault(self.venue, PLACE[self.venue], kind, 1, args))

    def connect(self, credentials: Credentials = CREDENTIALS, timeout_s: float = 3.0) -> Exchange:
        """One more adapter at the same venue."""
        exchange = create_exchange(
            self.venue,
            credentials=credentials,
            endpoints=self.endpoints,
            clock=self.clock,
            timeout_s=timeout_s,
        )
        self.stack.push_async_callback(exchange.aclose)
        return exchange

    async def money(self) -> dict[str, Decimal]:
        return {balance.currency: balance.total for balance in await self.exchange.balances()}


@pytest_asyncio.fixture(params=list(Venue))
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(request.param, stack)


@pytest_asyncio.fixture
async def upbit() -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(Venue.UPBIT, stack)


@pytest_asyncio.fixture
async def binance() -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(Venue.BINANCE, stack)


async def open_desk(venue: Venue, stack: AsyncExitStack) -> Desk:
    clock = ManualClock()
    simulation = Simulation(still_path(), clock)
    simulation.market.set_quote(venue, NATIVE[venue], TOUCH[venue])
    simulation.engines[venue].add_account(
        CREDENTIALS.access_key, CREDENTIALS.secret_key, START_MONEY[venue]
    )
    free = Address("127.0.0.1", 0)
    urls = await serve(simulation, Addresses(free, free, free), stack)
    endpoints = Endpoints(urls.upbit if venue is Venue.UPBIT else urls.binance)
    exchange = create_exchange(
        venue,
        credentials=CREDENTIALS,
        endpoints=endpoints,
        clock=clock,
    )
    stack.push_async_callback(exchange.aclose)
    await exchange.rules("BTC")
    return Desk(exchange, simulation, clock, stack, endpoints)


async def test_balances_are_those_of_the_account(desk: Desk) -> None:
    assert await desk.money() == START_MONEY[desk.venue]


async def test_book_shows_the_touch(desk: Desk) -> None:
    book = await desk.exchange.book("BTC")

    touch = TOUCH[desk.venue]
    assert book.best_bid is not None
    assert book.best_ask is not None
    assert (book.best_bid.price, book.best_ask.price) == (touch.bid, touch.ask)
    assert book.best_ask.quantity == touch.size
    assert book.venue_time == desk.clock.now()
    assert not book.is_crossed


async def test_rules_are_those_of_the_venue(desk: Desk) -> None:
    rules = await desk.exchange.rules("BTC")

    assert rules.min_notional == LEAST_VALUE[desk.venue]
    assert TOUCH[desk.venue].ask % rules.tick(TOUCH[desk.venue].ask) == 0
    assert rules.taker_fee > 0


async def test_server_time_is_that_of_the_venue(desk: Desk) -> None:
    desk.simulation.engines[desk.venue].set_clock_offset(60_000)

    offset = await desk.exchange.server_time() - desk.clock.now()

    assert abs(offset - timedelta(minutes=1)) <= timedelta(milliseconds=500)


async def test_order_is_filled_and_paid_for_exactly(desk: Desk) -> None:
    before = await desk.exchange.position("BTC")
    order = desk.order("filled", "0.02")

    await desk.exchange.submit(order)
    report = await desk.exchange.order("BTC", order.client_order_id)

    rules = await desk.exchange.rules("BTC")
    after = await desk.exchange.position("BTC")
    assert report.status is OrderStatus.FILLED
    assert report.filled == order.quantity
    assert report.fills_complete
    assert report.value == Decimal("0.02") * TOUCH[desk.venue].ask
    assert report.fee == report.value * rules.taker_fee
    assert {fill.client_order_id for fill in report.fills} == {order.client_order_id}
    assert {fill.time for fill in report.fills} == {desk.clock.now()}
    assert after.quantity - before.quantity == order.quantity


async def test_money_moves_by_value_and_fee(desk: Desk) -> None:
    order = desk.order("paid", "0.02")

    await desk.exchange.submit(order)
    report = await desk.exchange.order("BTC", order.client_order_id)

    start, money = START_MONEY[desk.venue], await desk.money()
    if desk.exchange.kind is InstrumentKind.SPOT:
        assert money["KRW"] == start["KRW"] - report.value - report.fee
        assert money["BTC"] == start["BTC"] + report.filled
    else:
        assert money["USDT"] == start["USDT"] - report.fee


async def test_order_through_several_levels_is_the_sum_of_its_fills(desk: Desk) -> None:
    book = await desk.exchange.book("BTC")
    executable = book.executable(Side.BUY, Decimal("1.2"))
    assert executable is not None
    order = replace(desk.order("deep", "1.2"), price=executable.worst_price)

    await desk.exchange.submit(order)
    report = await desk.exchange.order("BTC", order.client_order_id)

    assert len(report.fills) > 1
    assert report.fills_complete
    assert report.value == executable.value


async def test_rest_of_an_order_that_fills_in_part_ends(desk: Desk) -> None:
    desk.fault(FaultKind.PARTIAL, fraction="0.4")
    order = desk.order("partial")

    await desk.exchange.submit(order)
    report = await desk.exchange.order("BTC", order.client_order_id)

    assert report.filled == Decimal("0.004")
    assert report.is_terminal
    assert report.status is not OrderStatus.FILLED
    assert report.fills_complete


async def test_order_beside_the_market_ends_with_nothing(desk: Desk) -> None:
    order = replace(desk.resting("missed"), time_in_force=TimeInForce.IOC)

    await desk.exchange.submit(order)
    report = await desk.exchange.order("BTC", order.client_order_id)

    assert report.filled == 0
    assert report.fills == ()
    assert report.is_terminal


async def test_resting_order_is_open_until_it_is_cancelled(desk: Desk) -> None:
    order = desk.resting("resting")

    placed = await desk.exchange.submit(order)
    (listed,) = await desk.exchange.open_orders("BTC")
    await desk.exchange.cancel("BTC", order.client_order_id)
    report = await desk.exchange.order("BTC", order.client_order_id)

    assert placed.status is OrderStatus.NEW
    assert (listed.client_order_id, listed.status) == (order.client_order_id, OrderStatus.NEW)
    assert report.status is OrderStatus.CANCELLED
    assert report.filled == 0
    assert not await desk.exchange.open_orders("BTC")


async def test_unknown_order_is_not_found(desk: Desk) -> None:
    with pytest.raises(OrderNotFound):
        await desk.exchange.order("BTC", "kimp-nobody")
    with pytest.raises(OrderNotFound):
        await desk.exchange.cancel("BTC", "kimp-nobody")


async def test_order_that_is_done_cannot_be_cancelled(desk: Desk) -> None:
    order = desk.order("done")
    await desk.exchange.submit(order)

    with pytest.raises(OrderNotFound):
        await desk.exchange.cancel("BTC", order.client_order_id)

    assert (await desk.exchange.order("BTC", order.client_order_id)).filled == order.quantity


async def test_fills_since_are_those_of_the_orders(desk: Desk) -> None:
    start = desk.clock.now()
    orders = [desk.order("one"), desk.order("two", "0.03", Side.SELL), desk.resting("three")]
    for order in orders:
        desk.clock.advance(10)
        await desk.exchange.submit(order)
    reports = [await desk.exchange.order("BTC", order.client_order_id) for order in orders]

    everything = await desk.exchange.fills("BTC", start)
    later = await desk.exchange.fills("BTC", start + timedelta(seconds=11))

    assert everything == [*reports[0].fills, *reports[1].fills]
    assert later == [*reports[1].fills]


async def test_order_that_nobody_can_pay_is_rejected(desk: Desk) -> None:
    order = desk.order("rich", "5" if desk.venue is Venue.UPBIT else "100")

    with pytest.raises(OrderRejected) as caught:
        await desk.exchange.submit(order)
    with pytest.raises(OrderNotFound):
        await desk.exchange.order("BTC", order.client_order_id)

    assert caught.value.code in {"insufficient_funds_bid", "-2019"}
    assert caught.value.status == 400
    assert await desk.money() == START_MONEY[desk.venue]


async def test_order_against_the_rules_never_reaches_the_venue(desk: Desk) -> None:
    rules = await desk.exchange.rules("BTC")
    order = desk.order("crooked")
    assert order.price is not None

    with pytest.raises(OrderDenied):
        await desk.exchange.submit(replace(order, price=order.price + rules.tick(order.price) / 2))

    sent = [seen.method for seen in desk.simulation.requests.requests()]
    assert "POST" not in sent


async def test_lost_reply_is_unknown_and_the_order_shows_the_truth(desk: Desk) -> None:
    order = desk.order("lost-reply")
    desk.fault(FaultKind.LOSE_REPLY)

    with pytest.raises(OutcomeUnknown):
        await desk.exchange.submit(order)
    report = await desk.exchange.order("BTC", order.client_order_id)

    assert report.status is OrderStatus.FILLED
    assert report.fills_complete


async def test_lost_request_is_unknown_and_there_is_no_order(desk: Desk) -> None:
    order = desk.order("lost-request")
    desk.fault(FaultKind.LOSE_REQUEST)

    with pytest.raises(OutcomeUnknown):
        await desk.exchange.submit(order)
    with pytest.raises(OrderNotFound):
        await desk.exchange.order("BTC", order.client_order_id)

    assert await desk.money() == START_MONEY[desk.venue]


async def test_reply_that_comes_too_late_is_unknown_and_the_order_shows_up(desk: Desk) -> None:
    hasty = desk.connect(timeout_s=0.5)
    await hasty.rules("BTC")
    order = desk.order("late")
    desk.fault(FaultKind.DELAY, ms=1_000)

    with pytest.raises(OutcomeUnknown):
        await hasty.submit(order)
    with pytest.raises(OrderNotFound):
        await desk.exchange.order("BTC", order.client_order_id)
    report = None
    async with asyncio.timeout(10):
        while report is None:
            desk.clock.advance(0.05)  # room in the rate limits, still within the receive window
            await asyncio.sleep(0.02)
            with suppress(OrderNotFound):
                report = await desk.exchange.order("BTC", order.client_order_id)

    assert report.status is OrderStatus.FILLED


async def test_server_error_is_unknown_and_nothing_is_sent_again(desk: Desk) -> None:
    order = desk.order("http-500")
    desk.fault(FaultKind.HTTP_500)

    with pytest.raises(OutcomeUnknown):
        await desk.exchange.submit(order)

    sent = [seen.method for seen in desk.simulation.requests.requests()]
    assert sent.count("POST") == 1


async def test_lost_reply_to_a_question_is_no_more_than_no_answer(desk: Desk) -> None:
    desk.simulation.faults.add(Fault(desk.venue, "*", FaultKind.LOSE_REPLY, 1))

    with pytest.raises(VenueUnavailable):
        await desk.exchange.balances()

    assert await desk.money() == START_MONEY[desk.venue]


async def test_refusal_of_the_venue_is_its_end(desk: Desk) -> None:
    order = desk.order("refused")
    desk.fault(FaultKind.REJECT)

    with pytest.raises(OrderRejected):
        await desk.exchange.submit(order)
    with pytest.raises(OrderNotFound):
        await desk.exchange.order("BTC", order.client_order_id)


async def test_id_that_is_live_already_is_unknown_and_the_first_order_stands(desk: Desk) -> None:
    order = desk.resting("twice")
    first = await desk.exchange.submit(order)

    with pytest.raises(OutcomeUnknown):
        await desk.exchange.submit(order)
    (listed,) = await desk.exchange.open_orders("BTC")

    assert listed.venue_order_id == first.venue_order_id


@pytest.mark.parametrize(
    "credentials",
    [Credentials("access-key", "wrong-secret"), Credentials("wrong-key", "secret-key")],
)
async def test_wrong_key_is_told_apart_from_everything_else(
    desk: Desk, credentials: Credentials
) -> None:
    exchange = desk.connect(credentials)

    with pytest.raises(AuthenticationFailed) as caught:
        await exchange.balances()

    assert "wrong" not in str(caught.value)
    assert caught.value.status in {400, 401}


async def test_venue_that_is_gone_is_unavailable_for_orders_and_questions(desk: Desk) -> None:
    exchange = desk.connect()
    await exchange.rules("BTC")
    await exchange.aclose()

    with pytest.raises(VenueUnavailable):
        await exchange.submit(desk.order("gone"))
    with pytest.raises(VenueUnavailable):
        await exchange.balances()


async def test_every_request_of_a_story_is_sent_once(desk: Desk) -> None:
    story = [desk.order("a"), desk.order("b", side=Side.SELL), desk.resting("c")]
    for order in story:
        await desk.exchange.submit(order)
    await desk.exchange.cancel("BTC", story[2].client_order_id)

    seen = desk.simulation.requests.requests()
    assert [request.client_order_id for request in seen if request.method == "POST"] == [
        order.client_order_id for order in story
    ]
    assert sum(request.method == "DELETE" for request in seen) == 1


async def test_spot_sells_a_quantity_at_market(upbit: Desk) -> None:
    order = Order("kimp-sell", "BTC", Side.SELL, OrderType.MARKET, Decimal("0.25"))

    await upbit.exchange.submit(order)
    report = await upbit.exchange.order("BTC", "kimp-sell")

    assert report.filled == Decimal("0.25")
    assert report.value == Decimal("0.25") * TOUCH[Venue.UPBIT].bid
    assert (await upbit.money())["BTC"] == Decimal("0.75")


async def test_tether_market_has_rules_and_a_book(upbit: Desk) -> None:
    rules = await upbit.exchange.rules("USDT")
    book = await upbit.exchange.book("USDT")

    assert book.best_bid is not None
    assert book.best_bid.price % rules.tick(book.best_bid.price) == 0


async def test_perpetual_report_of_a_market_order_is_final_at_once(binance: Desk) -> None:
    order = Order("kimp-short", "BTC", Side.SELL, OrderType.MARKET, Decimal("0.010"))

    report = await binance.exchange.submit(order)

    assert report.status is OrderStatus.FILLED
    assert report.filled == Decimal("0.01")
    assert (await binance.exchange.position("BTC")).quantity == Decimal("-0.01")


async def test_reduce_only_closes_and_never_opens(binance: Desk) -> None:
    opening = Order("kimp-open", "BTC", Side.SELL, OrderType.MARKET, Decimal("0.010"))
    closing = replace(opening, client_order_id="kimp-close", side=Side.BUY, reduce_only=True)
    await binance.exchange.submit(opening)

    await binance.exchange.submit(closing)
    with pytest.raises(OrderRejected) as caught:
        await binance.exchange.submit(replace(closing, client_order_id="kimp-again"))

    assert caught.value.code == "-2022"
    assert (await binance.exchange.position("BTC")).quantity == 0


async def test_funding_is_read_from_the_income_feed_once(binance: Desk) -> None:
    start = binance.clock.now()
    await binance.exchange.submit(
        Order("kimp-short", "BTC", Side.SELL, OrderType.MARKET, Decimal("0.100"))
    )
    before = (await binance.money())["USDT"]
    binance.clock.advance(60)

    binance.simulation.binance.settle_funding(Decimal("0.0001"))
    (payment,) = await binance.exchange.funding("BTC", start)

    assert payment.amount == (await binance.money())["USDT"] - before
    assert payment.amount > 0
    assert payment.currency == "USDT"
    assert await binance.exchange.funding("BTC", start + timedelta(seconds=61)) == []


async def test_clock_that_runs_wrong_is_refused_until_the_venue_was_asked(binance: Desk) -> None:
    binance.simulation.binance.set_clock_offset(30_000)

    with pytest.raises(AuthenticationFailed) as caught:
        await binance.exchange.balances()
    await binance.exchange.server_time()

    assert caught.value.code == "-1021"
    assert await binance.money() == START_MONEY[Venue.BINANCE]
