"""One suite of scenarios for every adapter, over real HTTP, against the simulated venues."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from exchanges.errors import (
    OrderDenied,
    OrderNotFound,
    OrderRejected,
)
from exchanges.instrument import InstrumentKind, Venue
from exchanges.order import Order, OrderStatus, OrderType, TimeInForce
from exchanges.side import Side
from tests.exchanges.simulated_desk import (
    DOLLAR,
    LEAST_VALUE,
    QUOTE,
    START_MONEY,
    TOUCH,
    Desk,
)


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
    assert report.fee_in(QUOTE[desk.venue]) == report.value * rules.taker_fee
    assert {fill.client_order_id for fill in report.fills} == {order.client_order_id}
    assert {fill.time for fill in report.fills} == {desk.clock.now()}
    assert after.quantity - before.quantity == order.quantity


async def test_money_moves_by_value_and_fee(desk: Desk) -> None:
    order = desk.order("paid", "0.02")

    await desk.exchange.submit(order)
    report = await desk.exchange.order("BTC", order.client_order_id)

    start, money = START_MONEY[desk.venue], await desk.money()
    if desk.exchange.kind is InstrumentKind.SPOT:
        assert money["KRW"] == start["KRW"] - report.value - report.fee_in("KRW")
        assert money["BTC"] == start["BTC"] + report.filled
    else:
        dollar = DOLLAR[desk.venue]
        assert money[dollar] == start[dollar] - report.fee_in(dollar)


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


async def test_orders_whose_trades_are_known_are_not_asked_for_and_those_known_in_part_are(
    desk: Desk,
) -> None:
    start = desk.clock.now()
    for name in ("whole", "part", "new"):
        desk.clock.advance(1)
        await desk.exchange.submit(desk.order(name))
    trades = {fill.client_order_id: fill for fill in await desk.exchange.fills("BTC", start)}
    whole, part, new = (trades[f"kimp-{name}"] for name in ("whole", "part", "new"))
    known = {whole.venue_order_id: whole.quantity, part.venue_order_id: part.quantity / 2}
    fresh = desk.connect()
    asked = len(desk.simulation.requests.requests())

    told = await fresh.fills("BTC", start, known=known)

    assert [fill for fill in told if fill != whole] == [part, new]
    if desk.venue is not Venue.HYPERLIQUID:  # it lists trades with our ids
        assert whole not in told
        by_order = [
            seen
            for seen in desk.simulation.requests.requests()[asked:]
            if seen.path in {"/v1/order", "/fapi/v1/order"}
        ]
        assert len(by_order) == 2


async def test_order_that_nobody_can_pay_is_rejected(desk: Desk) -> None:
    quantity = "5" if desk.venue is Venue.UPBIT else "100"
    order = replace(desk.order("rich", quantity), time_in_force=None)

    with pytest.raises(OrderRejected) as caught:
        await desk.exchange.submit(order)

    assert await desk.came_to_nothing(order)
    assert caught.value.code in {"insufficient_funds_bid", "-2019", "perpMarginRejected"}
    assert caught.value.status == (200 if desk.venue is Venue.HYPERLIQUID else 400)
    assert await desk.money() == START_MONEY[desk.venue]


async def test_order_against_the_rules_never_reaches_the_venue(desk: Desk) -> None:
    rules = await desk.exchange.rules("BTC")
    order = desk.order("crooked")
    assert order.price is not None

    with pytest.raises(OrderDenied):
        await desk.exchange.submit(replace(order, price=order.price + rules.tick(order.price) / 2))

    assert desk.actions() == []


async def test_every_request_of_a_story_is_sent_once(desk: Desk) -> None:
    story = [desk.order("a"), desk.order("b", side=Side.SELL), desk.resting("c")]
    for order in story:
        await desk.exchange.submit(order)
    await desk.exchange.cancel("BTC", story[2].client_order_id)

    ids = [order.client_order_id for order in story]
    assert desk.actions() == [*ids, ids[2]]


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


async def test_perpetual_report_of_a_market_order_shows_it_filled(perpetual: Desk) -> None:
    order = Order("kimp-short", "BTC", Side.SELL, OrderType.MARKET, Decimal("0.010"))

    report = await perpetual.exchange.submit(order)

    assert report.status is OrderStatus.FILLED
    assert report.filled == Decimal("0.01")
    assert (await perpetual.exchange.position("BTC")).quantity == Decimal("-0.01")


async def test_reduce_only_closes_and_never_opens(perpetual: Desk) -> None:
    opening = Order("kimp-open", "BTC", Side.SELL, OrderType.MARKET, Decimal("0.010"))
    closing = replace(opening, client_order_id="kimp-close", side=Side.BUY, reduce_only=True)
    await perpetual.exchange.submit(opening)

    await perpetual.exchange.submit(closing)
    with pytest.raises(OrderRejected) as caught:
        await perpetual.exchange.submit(replace(closing, client_order_id="kimp-again"))

    assert caught.value.code in {"-2022", "reduceOnlyRejected"}
    assert (await perpetual.exchange.position("BTC")).quantity == 0


async def test_funding_is_read_from_the_income_feed_once(perpetual: Desk) -> None:
    start = perpetual.clock.now()
    await perpetual.exchange.submit(
        Order("kimp-short", "BTC", Side.SELL, OrderType.MARKET, Decimal("0.100"))
    )
    before = (await perpetual.money())[DOLLAR[perpetual.venue]]
    perpetual.clock.advance(60)

    perpetual.simulation.perpetuals[perpetual.venue].settle_funding(Decimal("0.0001"))
    (payment,) = await perpetual.exchange.funding("BTC", start)

    assert payment.amount == (await perpetual.money())[DOLLAR[perpetual.venue]] - before
    assert payment.amount > 0
    assert payment.currency == DOLLAR[perpetual.venue]
    assert await perpetual.exchange.funding("BTC", start + timedelta(seconds=61)) == []
