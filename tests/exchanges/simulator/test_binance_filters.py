"""What the simulated Binance refuses of an order before it reaches the book."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.exchanges.simulator.binance_venue import SYMBOL, running_venue

LIMIT: dict[str, Any] = {"type": "LIMIT", "timeInForce": "GTC", "price": "49000.0"}


@pytest.mark.parametrize(
    ("params", "code"),
    [
        pytest.param({"symbol": None}, -1102, id="no symbol"),
        pytest.param({"symbol": "DOGEUSDT"}, -1121, id="symbol not listed"),
        pytest.param({"side": None}, -1102, id="no side"),
        pytest.param({"side": "HOLD"}, -1117, id="no such side"),
        pytest.param({"type": None}, -1102, id="no type"),
        pytest.param({"type": "ICEBERG"}, -1116, id="no such type"),
        pytest.param({"type": "STOP_MARKET", "stopPrice": "1"}, -4120, id="conditional moved"),
        pytest.param({"type": "TRAILING_STOP_MARKET"}, -4120, id="trailing moved"),
        pytest.param({"quantity": None}, -1102, id="no quantity"),
        pytest.param({"quantity": "a lot"}, -1102, id="quantity no number"),
        pytest.param({"quantity": "0"}, -4003, id="quantity zero"),
        pytest.param({"quantity": "-0.010"}, -4003, id="quantity negative"),
        pytest.param({"quantity": "0.0105"}, -1111, id="quantity finer than the step"),
        pytest.param({"quantity": "120.001"}, -4005, id="market quantity above its maximum"),
        pytest.param({**LIMIT, "quantity": "1000.001"}, -4005, id="limit quantity above maximum"),
        pytest.param({"price": "50000"}, -1106, id="market order with a price"),
        pytest.param({**LIMIT, "timeInForce": None}, -1102, id="limit without time in force"),
        pytest.param({**LIMIT, "timeInForce": "GTT"}, -1115, id="no such time in force"),
        pytest.param({**LIMIT, "price": None}, -1102, id="limit without price"),
        pytest.param({**LIMIT, "price": "49000.05"}, -4014, id="price off tick"),
        pytest.param({**LIMIT, "price": "49000.001"}, -1111, id="price too fine"),
        pytest.param({**LIMIT, "price": "4529764.1"}, -4002, id="price above range"),
        pytest.param({**LIMIT, "price": "556.7"}, -4013, id="price below range"),
        pytest.param({**LIMIT, "price": "52500.1"}, -4016, id="buying far above the mark"),
        pytest.param(
            {**LIMIT, "side": "SELL", "price": "47499.9"}, -4024, id="selling far below the mark"
        ),
        pytest.param({**LIMIT, "price": "49000", "quantity": "0.001"}, -4164, id="notional"),
        pytest.param({"newClientOrderId": "x" * 37}, -4015, id="client id too long"),
        pytest.param({"newClientOrderId": "no spaces"}, -4015, id="client id malformed"),
        pytest.param({"newOrderRespType": "FULL"}, -1130, id="no such response type"),
        pytest.param({"positionSide": "UP"}, -1130, id="no such position side"),
        pytest.param({"positionSide": "LONG"}, -4061, id="hedge order in one-way mode"),
        pytest.param({"reduceOnly": "maybe"}, -1102, id="reduce-only no boolean"),
        pytest.param({"reduceOnly": "true"}, -2022, id="nothing to reduce"),
        pytest.param({"quantity": "50.000"}, -2019, id="margin"),
    ],
)
async def test_an_order_that_breaks_a_rule_is_refused_and_leaves_no_trace(
    params: dict[str, Any], code: int
) -> None:
    async with running_venue() as venue:
        reply = await venue.order(**params)

        assert (reply.status, reply.code) == (400, code)
        assert isinstance(reply.json["msg"], str)
        everything = await venue.signed("GET", "/fapi/v1/allOrders", symbol=SYMBOL)
        assert everything.json == []


async def test_the_edges_of_the_rules_are_inside() -> None:
    async with running_venue(usdt=Decimal(10_000_000)) as venue:
        dearest = await venue.limit("52500.0", quantity="0.001")
        cheapest = await venue.limit("47500.0", quantity="0.002", side="SELL")
        smallest = await venue.order(quantity="0.001")  # 50 USDT at the mark
        finest = await venue.limit("49999.9", quantity="0.002")

        assert [r.status for r in (dearest, cheapest, smallest, finest)] == [200] * 4


async def test_the_notional_filter_names_the_real_minimum_and_spares_reduce_only() -> None:
    async with running_venue() as venue:
        await venue.order(quantity="0.010")
        too_small = await venue.limit("49000", quantity="0.001")

        reducing = await venue.order(side="SELL", quantity="0.001", reduceOnly="true")
        resting = await venue.limit("49500", quantity="0.001", side="SELL", reduceOnly="true")

        assert "no smaller than 50 " in too_small.json["msg"]
        assert reducing.json["status"] == "FILLED"
        assert resting.json["status"] == "FILLED"


async def test_a_two_hundred_and_first_open_order_is_refused() -> None:
    async with running_venue(usdt=Decimal(10_000_000)) as venue:
        for number in range(200):
            reply = await venue.limit(f"{40_000 + number}", quantity="0.002")
            assert reply.status == 200

        one_more = await venue.limit("39000", quantity="0.002")

        assert one_more.code == -2025
