"""What a client of the simulated Binance sees when the venue is limited, stuck or away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal

import aiohttp

from exchanges.simulator.faults import LONGEST_MS, FaultKind
from tests.exchanges.simulator.binance_venue import (
    SYMBOL,
    Reply,
    RunningVenue,
    move_market,
    running_venue,
)

ORDER = "/fapi/v1/order"
DEPTH = "/fapi/v1/depth"


async def has_order(venue: RunningVenue, name: str) -> bool:
    read = await venue.signed("GET", ORDER, symbol=SYMBOL, origClientOrderId=name)
    return read.status == 200


async def test_an_order_is_refused_for_want_of_money_though_there_is_enough() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.INSUFFICIENT, f"POST {ORDER}")

        reply = await venue.order(newClientOrderId="mine")

        assert (reply.status, reply.json) == (
            400,
            {"code": -2019, "msg": "Margin is insufficient."},
        )
        assert not await has_order(venue, "mine")


async def test_a_503_of_unknown_outcome_hides_an_order_that_was_carried_out() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.HTTP_503_UNKNOWN, f"POST {ORDER}")

        reply = await venue.order(newClientOrderId="mine")

        assert reply.status == 503
        assert reply.json["msg"] == "Unknown error, please check your request or try again later."
        assert await has_order(venue, "mine")


async def test_a_503_of_maintenance_meets_every_request_and_carries_nothing_out() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.MAINTENANCE, "*")
        placed = await venue.order(newClientOrderId="mine")
        asked = await venue.get("/fapi/v1/time")
        venue.simulation.faults.clear()

        assert (placed.status, placed.json["msg"]) == (503, "Service Unavailable.")
        assert (asked.status, asked.json["msg"]) == (503, "Service Unavailable.")
        assert not await has_order(venue, "mine")


async def test_a_503_of_throttling_lets_through_what_only_closes() -> None:
    async with running_venue() as venue:
        await venue.order(quantity="0.300")
        for _ in range(2):
            venue.fault(FaultKind.REJECT, f"POST {ORDER}", code=-1008)

        opening = await venue.order(quantity="0.010")
        closing = await venue.order(side="SELL", quantity="0.300", reduceOnly="true")

        assert (opening.status, opening.code) == (503, -1008)
        assert "Reduce-only/close-position orders are exempt" in opening.json["msg"]
        assert closing.json["status"] == "FILLED"


async def test_a_delayed_order_is_carried_out_late() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.DELAY, f"POST {ORDER}", ms=150)
        loop = asyncio.get_running_loop()

        started = loop.time()
        reply = await venue.order()

        assert loop.time() - started >= 0.15
        assert reply.json["status"] == "FILLED"


async def test_nobody_listens_for_a_while() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.REFUSE_CONNECTION, "*", ms=LONGEST_MS)

        reached = await until(lambda: _is_reached(venue), is_so=False)
        venue.simulation.faults.clear()
        again = await until(lambda: _is_reached(venue), is_so=True)

        assert (reached, again) == (False, True)


async def until(look: Callable[[], Awaitable[bool]], *, is_so: bool) -> bool:
    """Look again and again, at most a few seconds; what was seen last."""
    for _ in range(250):
        if await look() is is_so:
            return is_so
        await asyncio.sleep(0.02)
    return not is_so


async def _is_reached(venue: RunningVenue) -> bool:
    try:
        return (await venue.get("/fapi/v1/ping")).status == 200
    except aiohttp.ClientConnectionError:
        return False


async def test_rate_limited_says_how_long_to_wait() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.RATE_LIMITED, f"POST {ORDER}", seconds=7)

        reply = await venue.order(newClientOrderId="mine")

        assert (reply.status, reply.code, reply.headers["retry-after"]) == (429, -1003, "7")
        assert "current limit is 2400 requests per minute" in reply.json["msg"]
        assert not await has_order(venue, "mine")


async def test_banned_says_until_when() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.BANNED, f"POST {ORDER}", seconds=180)

        reply = await venue.order(newClientOrderId="mine")

        assert (reply.status, reply.code, reply.headers["retry-after"]) == (418, -1003, "180")
        assert f"IP banned until {venue.now_ms() + 180_000}" in reply.json["msg"]
        assert not await has_order(venue, "mine")


async def test_who_goes_on_after_429_is_banned_and_longer_each_time() -> None:
    async with running_venue() as venue:
        first = await _provoke_a_ban(venue)
        meanwhile = await venue.get("/fapi/v1/time")
        venue.clock.advance(120)
        after = await venue.get("/fapi/v1/time")
        second = await _provoke_a_ban(venue)

        assert (first.status, first.code, first.headers["retry-after"]) == (418, -1003, "120")
        assert "Way too many requests; IP banned until" in first.json["msg"]
        assert meanwhile.status == 418
        assert after.status == 200
        assert (second.status, second.headers["retry-after"]) == (418, "240")


async def _provoke_a_ban(venue: RunningVenue) -> Reply:
    """The first answer that is neither 200 nor 429."""
    for _ in range(200):
        reply = await venue.get(DEPTH, symbol=SYMBOL, limit=1000)
        if reply.status not in (200, 429):
            return reply
    raise AssertionError("no ban came")


async def test_funding_endpoints_share_a_limit_of_their_own() -> None:
    async with running_venue() as venue:
        for _ in range(250):
            await venue.get("/fapi/v1/fundingInfo")
            last = await venue.get("/fapi/v1/fundingRate", symbol=SYMBOL)

        refused = await venue.get("/fapi/v1/fundingInfo")
        other = await venue.get("/fapi/v1/time")

        assert last.status == 200
        assert (refused.status, refused.code) == (429, -1003)
        assert other.headers["x-mbx-used-weight-1m"] == "1"


async def test_a_batch_counts_five_orders_in_ten_seconds_and_one_in_a_minute() -> None:
    async with running_venue() as venue:
        reply = await venue.signed(
            "POST", "/fapi/v1/batchOrders", batchOrders='[{"symbol":"BTCUSDT"}]'
        )

        assert reply.headers["x-mbx-order-count-10s"] == "5"
        assert reply.headers["x-mbx-order-count-1m"] == "1"
        assert reply.headers["x-mbx-used-weight-1m"] == "5"


async def test_a_stale_book_stands_still_while_the_market_moves_on() -> None:
    async with running_venue() as venue:
        before = await venue.get(DEPTH, symbol=SYMBOL, limit=5)
        venue.fault(FaultKind.STALE_BOOK, "*", market=SYMBOL)
        await venue.get(DEPTH, symbol=SYMBOL, limit=5)
        venue.clock.advance(5)
        move_market(venue.simulation, Decimal("48999.0"), Decimal("49001.0"))

        stale = await venue.get(DEPTH, symbol=SYMBOL, limit=5)
        ticker = await venue.get("/fapi/v1/ticker/bookTicker", symbol=SYMBOL)
        filled = await venue.order()
        venue.simulation.faults.clear()
        fresh = await venue.get(DEPTH, symbol=SYMBOL, limit=5)

        assert stale.json["bids"] == before.json["bids"]
        assert stale.json["lastUpdateId"] == before.json["lastUpdateId"]
        assert (ticker.json["bidPrice"], ticker.json["askPrice"]) == ("49999.00", "50001.00")
        read = await venue.signed("GET", ORDER, symbol=SYMBOL, orderId=filled.json["orderId"])
        assert Decimal(read.json["avgPrice"]) == Decimal("49001")
        assert fresh.json["bids"][0][0] == "48999.00"
        assert fresh.json["lastUpdateId"] > stale.json["lastUpdateId"]


async def test_a_halted_market_is_shown_as_such_and_takes_no_order_but_lets_one_go() -> None:
    async with running_venue() as venue:
        await venue.limit("49000.0", newClientOrderId="rest")
        venue.fault(FaultKind.HALT_MARKET, "*", market=SYMBOL)
        move_market(venue.simulation, Decimal("48000.0"), Decimal("48000.1"))

        refused = await venue.order()
        rehearsed = await venue.signed(
            "POST", f"{ORDER}/test", symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.010"
        )
        info = await venue.get("/fapi/v1/exchangeInfo")
        untouched = await venue.signed("GET", ORDER, symbol=SYMBOL, origClientOrderId="rest")
        cancelled = await venue.signed("DELETE", ORDER, symbol=SYMBOL, origClientOrderId="rest")
        venue.simulation.faults.clear()
        reopened = await venue.get("/fapi/v1/exchangeInfo")

        assert refused.code == rehearsed.code == -4108
        assert info.json["symbols"][0]["status"] == "SETTLING"
        assert untouched.json["status"] == "NEW"
        assert cancelled.json["status"] == "CANCELED"
        assert reopened.json["symbols"][0]["status"] == "TRADING"
