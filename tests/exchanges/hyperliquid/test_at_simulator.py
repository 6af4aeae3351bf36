"""Orders of every kind, money and clocks at the simulated venue."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges.errors import (
    AuthenticationFailed,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    VenueUnavailable,
)
from exchanges.order import Order, OrderStatus, OrderType, TimeInForce
from exchanges.side import Side
from exchanges.simulator.faults import FaultKind
from tests.exchanges.hyperliquid.in_memory import Desk, at_simulator


def test_market_orders_open_and_close_a_position() -> None:
    async def story(desk: Desk) -> None:
        opened = await desk.exchange.submit(desk.market("open", Side.SELL))
        held = await desk.exchange.position("BTC")
        closing = replace(desk.market("close"), reduce_only=True)
        await desk.exchange.submit(closing)
        with pytest.raises(OrderRejected) as caught:
            await desk.exchange.submit(replace(closing, client_order_id="kimp-again"))
        read = await desk.exchange.order("BTC", "kimp-open")
        flat = await desk.exchange.position("BTC")

        assert (opened.status, opened.filled) == (OrderStatus.FILLED, Decimal("0.01"))
        assert held.quantity == Decimal("-0.01")
        assert held.entry_price == 49_999
        assert caught.value.code == "reduceOnlyRejected"
        assert flat.quantity == 0
        assert read.value == Decimal("499.99")
        assert read.fee_in("USDC") == Decimal("0.224996")  # 0.045 % in millionths
        assert read.fills[0].client_order_id == "kimp-open"

    at_simulator(story)


def test_market_order_stops_five_percent_through_the_book() -> None:
    async def story(desk: Desk) -> None:
        book = await desk.exchange.book("BTC")
        there = sum(
            (level.quantity for level in book.asks if level.price <= Decimal("52500")), Decimal(0)
        )
        wanted = there + 20

        report = await desk.exchange.submit(desk.market("deep", quantity=str(wanted)))
        read = await desk.exchange.order("BTC", "kimp-deep")

        assert report.is_terminal
        assert read.filled == report.filled <= wanted
        assert max(fill.price for fill in read.fills) <= Decimal("52500")
        assert read.fills_complete

    at_simulator(story)


def test_post_only_order_that_would_match_is_rejected() -> None:
    async def story(desk: Desk) -> None:
        crossing = desk.limit("post", "50001", tif=TimeInForce.POST_ONLY)
        resting = desk.limit("rest", "49999", tif=TimeInForce.POST_ONLY)

        with pytest.raises(OrderRejected) as caught:
            await desk.exchange.submit(crossing)
        report = await desk.exchange.submit(resting)

        assert caught.value.code == "badAloPxRejected"
        assert report.status is OrderStatus.NEW

    at_simulator(story)


def test_partly_filled_order_that_rests_shows_it_and_can_be_cancelled() -> None:
    async def story(desk: Desk) -> None:
        order = replace(desk.limit("rests", "50001"), quantity=Decimal("0.7"))

        await desk.exchange.submit(order)
        read = await desk.exchange.order("BTC", "kimp-rests")
        (listed,) = await desk.exchange.open_orders("BTC")
        await desk.exchange.cancel("BTC", "kimp-rests")
        ended = await desk.exchange.order("BTC", "kimp-rests")

        assert (read.status, read.filled) == (OrderStatus.PARTIALLY_FILLED, Decimal("0.5"))
        assert (listed.status, listed.filled) == (OrderStatus.PARTIALLY_FILLED, Decimal("0.5"))
        assert (ended.status, ended.filled) == (OrderStatus.CANCELLED, Decimal("0.5"))
        assert ended.fills_complete

    at_simulator(story)


def test_order_in_part_by_a_fault_has_expired_with_what_it_got() -> None:
    async def story(desk: Desk) -> None:
        desk.fault(FaultKind.PARTIAL, fraction="0.4")

        report = await desk.exchange.submit(desk.market("part"))
        read = await desk.exchange.order("BTC", "kimp-part")

        assert (report.status, report.filled) == (OrderStatus.EXPIRED, Decimal("0.004"))
        assert (read.status, read.filled) == (OrderStatus.EXPIRED, Decimal("0.004"))
        assert read.fills_complete

    at_simulator(story)


def test_order_for_want_of_money_is_rejected() -> None:
    async def story(desk: Desk) -> None:
        desk.fault(FaultKind.INSUFFICIENT)

        with pytest.raises(OrderRejected) as caught:
            await desk.exchange.submit(desk.market("poor"))

        assert caught.value.code == "perpMarginRejected"

    at_simulator(story)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (FaultKind.REJECT, OrderRejected),
        (FaultKind.RATE_LIMITED, RateLimited),
        (FaultKind.BANNED, VenueUnavailable),
        (FaultKind.HTTP_500, OutcomeUnknown),
        (FaultKind.HTTP_503_UNKNOWN, OutcomeUnknown),
        (FaultKind.LOSE_REQUEST, OutcomeUnknown),
        (FaultKind.LOSE_REPLY, OutcomeUnknown),
        (FaultKind.REFUSE_CONNECTION, VenueUnavailable),
        (FaultKind.HALT_MARKET, OrderRejected),
        (FaultKind.MAINTENANCE, OutcomeUnknown),
    ],
)
def test_fault_of_an_order_means(kind: FaultKind, expected: type[Exception]) -> None:
    async def story(desk: Desk) -> None:
        desk.fault(kind)

        with pytest.raises(expected) as caught:
            await desk.exchange.submit(desk.limit("faulty", "50001", tif=TimeInForce.IOC))

        assert type(caught.value) is expected

    at_simulator(story)


@pytest.mark.parametrize(
    ("kind", "is_there"), [(FaultKind.LOSE_REQUEST, False), (FaultKind.LOSE_REPLY, True)]
)
def test_fate_of_an_unknown_order_is_asked_for_by_our_id(kind: FaultKind, is_there: bool) -> None:
    async def story(desk: Desk) -> None:
        desk.fault(kind)
        with pytest.raises(OutcomeUnknown):
            await desk.exchange.submit(desk.limit("lost", "50001", tif=TimeInForce.IOC))

        try:
            report = await desk.exchange.order("BTC", "kimp-lost")
        except OrderNotFound:
            assert not is_there
        else:
            assert is_there
            assert report.filled == Decimal("0.01")

    at_simulator(story)


@pytest.mark.parametrize(("delay_ms", "arrives"), [(4_000, True), (6_000, False)])
def test_order_held_up_on_the_way_trades_within_its_life_or_never(
    delay_ms: int, arrives: bool
) -> None:
    async def story(desk: Desk) -> None:
        desk.fault(FaultKind.DELAY, ms=delay_ms)
        with pytest.raises(OutcomeUnknown):
            await desk.exchange.submit(desk.limit("slow", "50001", tif=TimeInForce.IOC))
        with pytest.raises(OrderNotFound):  # not yet
            await desk.exchange.order("BTC", "kimp-slow")

        await asyncio.sleep(10)

        if arrives:
            assert (await desk.exchange.order("BTC", "kimp-slow")).filled == Decimal("0.01")
        else:
            with pytest.raises(OrderNotFound):
                await desk.exchange.order("BTC", "kimp-slow")
            assert (await desk.exchange.position("BTC")).quantity == 0

    at_simulator(story)


def test_halted_market_is_shown_as_such() -> None:
    async def story(desk: Desk) -> None:
        desk.fault(FaultKind.HALT_MARKET)

        halted = await desk.exchange.rules("BTC")
        desk.simulation.faults.clear()
        traded = await desk.exchange.rules("BTC")

        assert not halted.is_trading
        assert traded.is_trading

    at_simulator(story)


def test_late_order_is_dead_until_the_clocks_agree() -> None:
    async def story(desk: Desk) -> None:
        desk.simulation.hyperliquid.set_clock_offset(60_000)

        with pytest.raises(AuthenticationFailed) as caught:
            await desk.exchange.submit(desk.market("late"))
        offset = await desk.exchange.server_time() - desk.clock.now()
        report = await desk.exchange.submit(desk.market("in-time"))

        assert caught.value.code == "expired"
        assert offset == timedelta(minutes=1)
        assert report.filled == Decimal("0.01")

    at_simulator(story)


def test_time_goes_on_while_books_stand_still() -> None:
    async def story(desk: Desk) -> None:
        desk.fault(FaultKind.STALE_BOOK)
        desk.simulation.hyperliquid.set_clock_offset(2_000)

        assert await desk.exchange.server_time() == desk.clock.now() + timedelta(seconds=2)

    at_simulator(story)


def test_hourly_funding_is_read_once_and_adds_up() -> None:
    async def story(desk: Desk) -> None:
        start = desk.clock.now()
        await desk.exchange.submit(desk.market("short", Side.SELL, "0.1"))
        (before,) = await desk.exchange.balances()

        desk.simulation.hyperliquid.settle_funding(Decimal("0.0001"))
        payments = await desk.exchange.funding("BTC", start)
        (after,) = await desk.exchange.balances()

        assert len(payments) == 1
        assert payments[0].amount == after.total - before.total > 0
        assert payments == await desk.exchange.funding("BTC", start)
        assert await desk.exchange.funding("BTC", start + timedelta(hours=2)) == []

    at_simulator(story)


def test_money_moves_by_fees_and_results_alone() -> None:
    async def story(desk: Desk) -> None:
        (start,) = await desk.exchange.balances()
        await desk.exchange.submit(desk.market("in"))
        (held,) = await desk.exchange.balances()
        desk.quote("51000", "51001")
        (risen,) = await desk.exchange.balances()
        bought = await desk.exchange.order("BTC", "kimp-in")

        assert start.total == start.available == 100_000
        assert held.total == risen.total == start.total - bought.fee_in("USDC")
        assert held.available < held.total

    at_simulator(story)


# Orders that keep the rules as read are never refused for breaking them.
PRICES = st.decimals("10100", "240000", places=2)
VALUES = st.decimals("10", "2000", places=2)


@settings(max_examples=40, deadline=None)
@given(touch=st.integers(1_000, 9_000), price=PRICES, value=VALUES, side=st.sampled_from(Side))
def test_quantised_order_is_never_refused_for_tick_lot_or_minimum(
    touch: int, price: Decimal, value: Decimal, side: Side
) -> None:
    async def story(desk: Desk) -> None:
        rules = await desk.exchange.rules("BTC")
        desk.quote(str(touch * 10), str(touch * 10 + 10))
        least = touch * 10  # what a market sell gets: the minimum is counted at the price traded
        limit = rules.price_down(price) if side is Side.BUY else rules.price_up(price)
        lots = (value / min(limit, Decimal(least)) / rules.quantity_step).to_integral_value(
            rounding=ROUND_CEILING
        )
        quantity = rules.quantity_down(lots * rules.quantity_step)
        orders = [
            Order("kimp-limit", "BTC", side, OrderType.LIMIT, quantity, limit),
            Order("kimp-market", "BTC", side, OrderType.MARKET, quantity),
        ]

        refusals = []
        for order in orders:
            try:
                await desk.exchange.submit(order)
            except OrderRejected as refused:
                refusals.append(refused.code)

        assert set(refusals) <= {"oracleRejected"}  # too far from the market breaks no rule

    at_simulator(story)
