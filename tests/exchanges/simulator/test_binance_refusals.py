"""Every error code that an order can meet at the simulated Binance, and the way to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest

from exchanges.simulator.binance.refusal import TEXTS
from exchanges.simulator.faults import FaultKind
from tests.exchanges.simulator.binance_venue import (
    SYMBOL,
    Reply,
    RunningVenue,
    move_market,
    running_venue,
    sign,
)

ORDER = "/fapi/v1/order"
Provoke = Callable[[RunningVenue], Awaitable[Reply]]


def order(**params: object) -> Provoke:
    return lambda venue: venue.order(**params)


def limit(price: str, tif: str = "GTC", **params: object) -> Provoke:
    return lambda venue: venue.limit(price, tif, **params)


def call(method: str, path: str, **params: object) -> Provoke:
    return lambda venue: venue.signed(method, f"/fapi/v1/{path}", **({"symbol": SYMBOL} | params))


def told(code: int) -> Provoke:
    async def provoke(venue: RunningVenue) -> Reply:
        venue.fault(FaultKind.REJECT, f"POST {ORDER}", code=code)
        return await venue.order()

    return provoke


async def server_error(venue: RunningVenue) -> Reply:
    venue.fault(FaultKind.HTTP_500, f"POST {ORDER}")
    return await venue.order()


async def too_many_requests(venue: RunningVenue) -> Reply:
    venue.fault(FaultKind.RATE_LIMITED, f"POST {ORDER}", seconds=7)
    return await venue.order()


async def too_many_orders(venue: RunningVenue) -> Reply:
    for _ in range(60):
        await venue.signed("POST", "/fapi/v1/batchOrders", batchOrders='[{"symbol":"BTCUSDT"}]')
    return await venue.order()


async def too_old(venue: RunningVenue) -> Reply:
    return await venue.order(timestamp=venue.now_ms() - 5_001)


async def too_early(venue: RunningVenue) -> Reply:
    return await venue.order(timestamp=venue.now_ms() + 1_000)


async def wrongly_signed(venue: RunningVenue) -> Reply:
    return await venue.send("POST", ORDER, sign({"timestamp": venue.now_ms()}, "wrong"))


async def without_a_key(venue: RunningVenue) -> Reply:
    return await venue.send("POST", ORDER, sign({"timestamp": venue.now_ms()}), key=None)


async def with_a_strange_key(venue: RunningVenue) -> Reply:
    return await venue.send("POST", ORDER, sign({"timestamp": venue.now_ms()}), key="strange")


async def without_a_type(venue: RunningVenue) -> Reply:
    return await venue.order(type=None)


async def in_full_account(venue: RunningVenue) -> Reply:
    for _ in range(200):
        await venue.limit("48000.0", quantity="0.002")
    return await venue.limit("48000.0", quantity="0.002")


async def at_high_leverage(venue: RunningVenue) -> Reply:
    await venue.signed("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=125)
    return await venue.order(quantity="17.000")


async def with_less_leverage(venue: RunningVenue) -> Reply:
    await venue.order(quantity="30.000")
    return await venue.signed("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=1)


async def twice_under_one_name(venue: RunningVenue) -> Reply:
    await venue.limit("48000.0", newClientOrderId="mine")
    return await venue.limit("48000.0", newClientOrderId="mine")


async def with_an_open_order(venue: RunningVenue, path: str, **params: object) -> Reply:
    await venue.limit("48000.0")
    return await venue.signed("POST", f"/fapi/v1/{path}", **params)


async def with_a_position(venue: RunningVenue, path: str, **params: object) -> Reply:
    await venue.order()
    return await venue.signed("POST", f"/fapi/v1/{path}", **params)


async def margin_type_with_an_order(venue: RunningVenue) -> Reply:
    return await with_an_open_order(venue, "marginType", symbol=SYMBOL, marginType="ISOLATED")


async def margin_type_with_a_position(venue: RunningVenue) -> Reply:
    return await with_a_position(venue, "marginType", symbol=SYMBOL, marginType="ISOLATED")


async def position_mode_with_an_order(venue: RunningVenue) -> Reply:
    return await with_an_open_order(venue, "positionSide/dual", dualSidePosition="true")


async def position_mode_with_a_position(venue: RunningVenue) -> Reply:
    return await with_a_position(venue, "positionSide/dual", dualSidePosition="true")


async def into_an_empty_corner(venue: RunningVenue) -> Reply:
    """The mark is the middle, and the ask stands far above it."""
    move_market(venue.simulation, Decimal("40000.0"), Decimal("50000.0"))
    return await venue.order()


async def below_the_market_that_fell(venue: RunningVenue) -> Reply:
    await venue.limit("49000.0", newClientOrderId="mine")
    return await venue.signed(
        "PUT", ORDER, symbol=SYMBOL, origClientOrderId="mine", side="BUY", quantity="0.010",
        price="49000.0",
    )  # fmt: skip


async def amended_to_crumbs(venue: RunningVenue) -> Reply:
    await venue.limit("49000.0", newClientOrderId="mine")
    return await venue.signed(
        "PUT", ORDER, symbol=SYMBOL, origClientOrderId="mine", side="BUY", quantity="0.001",
        price="49000.0",
    )  # fmt: skip


async def in_a_halted_market(venue: RunningVenue) -> Reply:
    venue.fault(FaultKind.HALT_MARKET, "*", market=SYMBOL)
    return await venue.order()


async def amended_in_a_halted_market(venue: RunningVenue) -> Reply:
    await venue.limit("49000.0", newClientOrderId="mine")
    venue.fault(FaultKind.HALT_MARKET, "*")
    return await venue.signed(
        "PUT", ORDER, symbol=SYMBOL, origClientOrderId="mine", side="BUY", quantity="0.020",
        price="49000.0",
    )  # fmt: skip


STOP = {"algoType": "CONDITIONAL", "side": "SELL", "type": "STOP_MARKET", "quantity": "0.010"}

REFUSALS: list[tuple[int, int, str, Provoke]] = [
    (-1000, 500, "unknown", server_error),
    (-1001, 503, "disconnected", told(-1001)),
    (-1003, 429, "requests", too_many_requests),
    (-1006, 503, "unexpected response", told(-1006)),
    (-1007, 408, "timeout", told(-1007)),
    (-1008, 503, "throttled", told(-1008)),
    (-1015, 429, "orders", too_many_orders),
    (-1021, 400, "too old", too_old),
    (-1021, 400, "too early", too_early),
    (-1022, 400, "signature", wrongly_signed),
    (-1102, 400, "missing", without_a_type),
    (-1106, 400, "not wanted", order(price="50000.0")),
    (-1111, 400, "precision", limit("49000.001")),
    (-1115, 400, "time in force", limit("49000.0", "RPI")),
    (-1116, 400, "type", order(type="BEST")),
    (-1117, 400, "side", order(side="LONG")),
    (-1121, 400, "symbol", order(symbol="DOGEUSDT")),
    (-1130, 400, "value", order(positionSide="UP")),
    (-2010, 400, "rejected", told(-2010)),
    (-2011, 400, "cancel", call("DELETE", "order", orderId=1)),
    (-2013, 400, "unknown order", call("GET", "order", orderId=1)),
    (-2014, 401, "no key", without_a_key),
    (-2015, 401, "strange key", with_a_strange_key),
    (-2018, 400, "balance", told(-2018)),
    (-2019, 400, "margin", order(quantity="50.000")),
    (-2021, 400, "would trigger", call("POST", "algoOrder", **STOP, triggerPrice="50000.0")),
    (-2022, 400, "reduce-only", order(reduceOnly="true")),
    (-2023, 400, "in liquidation", told(-2023)),
    (-2025, 400, "open orders", in_full_account),
    (-2027, 400, "largest position", at_high_leverage),
    (-2028, 400, "leverage", with_less_leverage),
    (-4002, 400, "highest price", limit("4529764.1")),
    (-4003, 400, "no quantity", order(quantity="0.000")),
    (-4003, 400, "negative quantity", order(quantity="-1")),
    (-4004, 400, "min quantity", told(-4004)),  # BTCUSDT: too many decimals comes first
    (-4005, 400, "max quantity", limit("49000.0", quantity="1000.001")),
    (-4005, 400, "max market quantity", order(quantity="120.001")),
    (-4013, 400, "lowest price", limit("556.7")),
    (-4014, 400, "tick", limit("49000.05")),
    (-4015, 400, "client id", order(newClientOrderId="not/../so*")),
    (-4016, 400, "above the mark", limit("52500.1")),
    (-4023, 400, "step", told(-4023)),  # as -4004
    (-4024, 400, "below the mark", limit("47499.9", side="SELL")),
    (-4028, 400, "leverage range", call("POST", "leverage", leverage=151)),
    (-4046, 400, "margin type", call("POST", "marginType", marginType="CROSSED")),
    (-4047, 400, "margin type, order", margin_type_with_an_order),
    (-4048, 400, "margin type, position", margin_type_with_a_position),
    (-4059, 400, "mode", call("POST", "positionSide/dual", dualSidePosition="false")),
    (-4061, 400, "side and mode", order(positionSide="LONG")),
    (-4067, 400, "mode, order", position_mode_with_an_order),
    (-4068, 400, "mode, position", position_mode_with_a_position),
    (-4108, 400, "halted", in_a_halted_market),
    (-4116, 400, "duplicated id", twice_under_one_name),
    (-4118, 400, "reduce-only margin", told(-4118)),
    (-4120, 400, "conditional", order(type="STOP_MARKET", stopPrice="49000.0")),
    (-4131, 400, "best price too far", into_an_empty_corner),
    (-4164, 400, "notional", limit("49000.0", quantity="0.001")),
    (-5021, 400, "fill or kill", limit("50001.0", "FOK", quantity="2.001")),
    (-5022, 400, "post only", limit("50001.0", "GTX")),
    (-5024, 400, "amended while halted", amended_in_a_halted_market),
    (-5027, 400, "amended to the same", below_the_market_that_fell),
    (-5028, 400, "matching engine's window", told(-5028)),
    (-5029, 400, "amended to crumbs", amended_to_crumbs),
    (-5037, 400, "price match", order(type="LIMIT", timeInForce="GTC", priceMatch="BEST")),
    (-5038, 400, "price match of a market order", order(priceMatch="QUEUE")),
    (-5039, 400, "self-trade prevention", order(selfTradePreventionMode="SOMETIMES")),
    (-5040, 400, "good till too soon", limit("49000.0", "GTD", goodTillDate=1)),
]


@pytest.mark.parametrize(
    ("code", "status", "provoke"),
    [
        pytest.param(code, status, provoke, id=f"{code} {name}")
        for code, status, name, provoke in REFUSALS
    ],
)
async def test_each_refusal_can_be_met_in_the_venues_own_words(
    code: int, status: int, provoke: Provoke
) -> None:
    async with running_venue() as venue:
        reply = await provoke(venue)

        assert (reply.status, reply.code) == (status, code)
        assert reply.json["msg"].startswith(TEXTS[code].partition("{")[0])
        assert set(reply.json) == {"code", "msg"}
