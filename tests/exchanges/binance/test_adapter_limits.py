"""The Binance adapter stays within the rate limits, and is silent when told to be."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from exchanges.errors import AuthenticationFailed, RateLimited
from exchanges.order import OrderType, TimeInForce
from tests.exchanges.binance import samples
from tests.exchanges.binance.wired import (
    NOW_MS,
    SELL,
    build,
    build_ready,
    parameters,
)
from tests.exchanges.scripted_transport import reply


@pytest.mark.parametrize(
    ("time_in_force", "expected"),
    [
        (None, "GTC"),
        (TimeInForce.GTC, "GTC"),
        (TimeInForce.IOC, "IOC"),
        (TimeInForce.FOK, "FOK"),
        (TimeInForce.POST_ONLY, "GTX"),
    ],
)
async def test_limit_order_names_price_and_time_in_force(
    time_in_force: TimeInForce | None, expected: str
) -> None:
    exchange, wire = await build_ready(reply(samples.order()))

    await exchange.submit(
        replace(SELL, type=OrderType.LIMIT, price=Decimal("60000.10"), time_in_force=time_in_force)
    )

    sent = parameters(wire.requests[0])
    assert (sent["type"], sent["price"], sent["timeInForce"]) == ("LIMIT", "60000.1", expected)
    assert "reduceOnly" not in sent


async def test_counters_of_the_headers_are_believed() -> None:
    headers = {"x-mbx-order-count-10s": "230", "x-mbx-used-weight-1m": "1999"}
    exchange, _ = await build_ready(reply(samples.order(), headers=headers))

    assert exchange.order_room() == 240
    await exchange.submit(SELL)

    assert exchange.order_room() == 10
    with pytest.raises(RateLimited, match="not sent"):
        await exchange.balances()


@pytest.mark.parametrize("value", ["", "-1", "many", "9" * 30])
async def test_header_that_says_nothing_changes_nothing(value: str) -> None:
    exchange, _ = await build_ready(
        reply(samples.order(), headers={"x-mbx-order-count-10s": value})
    )

    await exchange.submit(SELL)

    assert exchange.order_room() == 239


async def test_too_many_orders_silence_orders_only() -> None:
    exchange, wire = await build_ready(
        reply({"code": -1015, "msg": "Too many new orders."}, 429), reply(samples.BALANCES)
    )
    with pytest.raises(RateLimited):
        await exchange.submit(SELL)

    assert exchange.order_room() == 0
    with pytest.raises(RateLimited):
        await exchange.submit(SELL)
    await exchange.balances()

    assert [request.method for request in wire.requests] == ["POST", "GET"]


async def test_too_much_weight_silences_everything_until_it_ends() -> None:
    exchange, wire, clock = build(reply(b"", 429, {"retry-after": "5"}), reply(samples.DEPTH))
    with pytest.raises(RateLimited) as caught:
        await exchange.book("BTC")
    assert (caught.value.retry_after_s, caught.value.banned) == (5, False)

    with pytest.raises(RateLimited):
        await exchange.cancel("BTC", "kimp-1")
    clock.advance(5)
    await exchange.book("BTC")

    assert len(wire.requests) == 2


async def test_cancel_asks_for_the_time_out_of_the_reserve() -> None:
    exchange, wire = await build_ready(
        reply(samples.order(), headers={"x-mbx-used-weight-1m": "2000"}),
        reply({"code": -1021, "msg": "Timestamp is outside of the recvWindow."}, 400),
        reply({"serverTime": NOW_MS}),
        reply(samples.order(status="CANCELED")),
    )
    await exchange.submit(SELL)

    with pytest.raises(AuthenticationFailed):
        await exchange.cancel("BTC", SELL.client_order_id)
    await exchange.cancel("BTC", SELL.client_order_id)

    assert [request.path for request in wire.requests[2:]] == ["/fapi/v1/time", "/fapi/v1/order"]
