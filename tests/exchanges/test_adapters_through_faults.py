"""What every adapter makes of a venue that fails, over real HTTP."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from decimal import Decimal

import pytest

from exchanges.credentials import Credentials
from exchanges.errors import (
    AuthenticationFailed,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    VenueUnavailable,
)
from exchanges.instrument import Venue
from exchanges.order import OrderStatus
from exchanges.simulator.faults import Fault, FaultKind
from tests.exchanges.simulated_desk import (
    CREDENTIALS,
    START_MONEY,
    Desk,
    choices,
    learn,
)


async def test_rest_of_an_order_that_fills_in_part_ends(desk: Desk) -> None:
    desk.fault(FaultKind.PARTIAL, fraction="0.4")
    order = desk.order("partial")

    await desk.exchange.submit(order)
    report = await desk.exchange.order("BTC", order.client_order_id)

    assert report.filled == Decimal("0.004")
    assert report.is_terminal
    assert report.status is not OrderStatus.FILLED
    assert report.fills_complete


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
    await learn(hasty)
    order = desk.order("late")
    desk.fault(FaultKind.DELAY, ms=3_000)  # long enough for a machine that stalls

    with pytest.raises(OutcomeUnknown):
        await hasty.submit(order)
    with pytest.raises(OrderNotFound):
        await desk.exchange.order("BTC", order.client_order_id)
    report = None
    async with asyncio.timeout(30):
        while report is None:
            desk.clock.advance(0.05)  # room in the rate limits, still within the receive window
            await asyncio.sleep(0.1)
            with suppress(OrderNotFound):
                report = await desk.exchange.order("BTC", order.client_order_id, urgent=True)

    assert report.status is OrderStatus.FILLED


async def test_server_error_is_unknown_and_nothing_is_sent_again(desk: Desk) -> None:
    order = desk.order("http-500")
    desk.fault(FaultKind.HTTP_500)

    with pytest.raises(OutcomeUnknown):
        await desk.exchange.submit(order)

    assert desk.actions() == [order.client_order_id]


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


@pytest.mark.parametrize("desk", choices(Venue.UPBIT, Venue.BINANCE), indirect=True)
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


async def test_key_that_the_account_has_not_approved_places_nothing(hyperliquid: Desk) -> None:
    account = CREDENTIALS[Venue.HYPERLIQUID].access_key
    stranger = hyperliquid.connect(Credentials(account, "0x" + "33" * 32))
    await stranger.rules("BTC")

    with pytest.raises(AuthenticationFailed) as caught:
        await stranger.submit(hyperliquid.order("stranger"))

    assert "33" * 32 not in f"{caught.value!s}{caught.value!r}"


async def test_venue_that_is_gone_is_unavailable_for_orders_and_questions(desk: Desk) -> None:
    exchange = desk.connect()
    await exchange.rules("BTC")
    await exchange.aclose()

    with pytest.raises(VenueUnavailable):
        await exchange.submit(desk.order("gone"))
    with pytest.raises(VenueUnavailable):
        await exchange.balances()


async def test_clock_that_runs_wrong_is_refused_until_the_venue_was_asked(binance: Desk) -> None:
    binance.simulation.binance.set_clock_offset(30_000)

    with pytest.raises(AuthenticationFailed) as caught:
        await binance.exchange.balances()
    await binance.exchange.server_time()

    assert caught.value.code == "-1021"
    assert await binance.money() == START_MONEY[Venue.BINANCE]


async def use_up_questions(desk: Desk) -> None:
    """Ask, from the dearest question to the cheapest, as long as the rate limits let ordinary
    ones through. The clock stands still, so nothing comes back."""
    start = desk.clock.now()
    for ask in (
        lambda: desk.exchange.funding("BTC", start),
        desk.exchange.balances,
        lambda: desk.exchange.open_orders("BTC"),
    ):
        with suppress(RateLimited):
            for _ in range(100):
                await ask()


async def test_reserve_reads_the_fate_of_orders_and_cancels_them(desk: Desk) -> None:
    traded, resting = desk.order("traded"), desk.resting("resting")
    await desk.exchange.submit(traded)
    await desk.exchange.submit(resting)

    await use_up_questions(desk)
    with pytest.raises(RateLimited):
        await desk.exchange.open_orders("BTC")
    report = await desk.exchange.order("BTC", traded.client_order_id, urgent=True)
    await desk.exchange.cancel("BTC", resting.client_order_id)
    cancelled = await desk.exchange.order("BTC", resting.client_order_id, urgent=True)

    assert report.fills_complete
    assert report.filled == traded.quantity
    assert cancelled.status is OrderStatus.CANCELLED
