"""Whose clock is signed with, what is silenced, and whose place in the limits is used."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from exchanges.errors import (
    AuthenticationFailed,
    OrderDenied,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    VenueUnavailable,
)
from exchanges.transport import Interrupted, NotSent, Response, TransportError
from tests.exchanges.binance import samples
from tests.exchanges.binance.wired import NOW_MS, SELL, build, build_ready, parameters
from tests.exchanges.scripted_transport import reply

TOO_EARLY = reply(
    {"code": -1021, "msg": "Timestamp for this request was 1000ms ahead of the server's time."}, 400
)


async def test_after_a_refused_timestamp_the_time_is_asked_before_anything_else_is_signed() -> None:
    exchange, wire = await build_ready(
        TOO_EARLY,
        reply({"serverTime": NOW_MS - 4_000}),
        reply(samples.order(clientOrderId="kimp-p1-p002")),
    )
    with pytest.raises(AuthenticationFailed):
        await exchange.submit(SELL)

    await exchange.submit(replace(SELL, client_order_id="kimp-p1-p002"))

    assert [request.path for request in wire.requests] == [
        "/fapi/v1/order",
        "/fapi/v1/time",
        "/fapi/v1/order",
    ]
    assert parameters(wire.requests[2])["timestamp"] == str(NOW_MS - 4_000)


async def test_what_was_known_of_the_clock_before_it_was_refused_counts_no_more() -> None:
    exchange, wire, _ = build(
        reply({"serverTime": NOW_MS + 50_000}),
        TOO_EARLY,
        reply({"serverTime": NOW_MS + 1_000}),
        reply([]),
    )
    await exchange.server_time()
    with pytest.raises(AuthenticationFailed):
        await exchange.balances()

    await exchange.balances()

    assert parameters(wire.requests[3])["timestamp"] == str(NOW_MS + 1_000)


@pytest.mark.parametrize("answer", [NotSent("x"), Interrupted("x"), reply(b"<html>")])
async def test_order_is_not_sent_while_the_clock_is_in_doubt(
    answer: Response | TransportError,
) -> None:
    exchange, wire = await build_ready(TOO_EARLY, answer)
    with pytest.raises(AuthenticationFailed):
        await exchange.submit(SELL)

    with pytest.raises(VenueUnavailable):
        await exchange.submit(SELL)

    assert [request.method for request in wire.requests] == ["POST", "GET"]


async def test_ban_silences_everything_even_cancels() -> None:
    exchange, wire, _ = build(reply({"code": -1003, "msg": "banned"}, 418))
    with pytest.raises(RateLimited) as caught:
        await exchange.balances()

    for question in (
        exchange.book("BTC"),
        exchange.cancel("BTC", "kimp-1"),
        exchange.server_time(),
    ):
        with pytest.raises(RateLimited, match="not sent"):
            await question

    assert (caught.value.banned, caught.value.retry_after_s) == (True, 120)
    assert exchange.order_room() == 0
    assert len(wire.requests) == 1


async def test_booked_order_takes_no_second_place() -> None:
    exchange, _ = await build_ready(reply(samples.order()))
    booking = exchange.book_order()
    room = exchange.order_room()

    await exchange.submit(SELL, booking)

    assert exchange.order_room() == room


@pytest.mark.parametrize(
    ("answer", "error", "comes_back"),
    [
        (None, OrderDenied, 1),
        (reply({"code": -2019, "msg": "Margin is insufficient."}, 400), OrderRejected, 0),
        (Interrupted("x"), OutcomeUnknown, 0),
    ],
)
async def test_place_in_the_limits_comes_back_only_when_nothing_was_sent(
    answer: Response | TransportError | None, error: type[Exception], comes_back: int
) -> None:
    exchange, _ = await build_ready(*([] if answer is None else [answer]))
    quantity = Decimal("0.011") if answer is None else SELL.quantity
    booking = exchange.book_order()
    room = exchange.order_room()

    with pytest.raises(error):
        await exchange.submit(replace(SELL, quantity=quantity), booking)

    assert exchange.order_room() == room + comes_back


async def test_no_place_is_given_to_an_order_beyond_the_limits_but_recovery_gets_the_reserve() -> (
    None
):
    exchange, _ = await build_ready()
    for _ in range(240):
        exchange.book_order()

    with pytest.raises(RateLimited):
        exchange.book_order()
    exchange.book_order(urgent=True)
