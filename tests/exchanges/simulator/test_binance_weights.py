"""What each call costs at the simulated Binance (Binance docs, USDⓈ-M endpoints: weights)."""

from __future__ import annotations

import pytest

from tests.exchanges.simulator.binance_venue import KEY, SYMBOL, running_venue, sign

ORDER_COUNTERS = ("x-mbx-order-count-10s", "x-mbx-order-count-1m")
SIGNED = [
    ("POST", "v1/order", 0, (1, 1)),
    ("POST", "v1/order/test", 0, (1, 1)),
    ("PUT", "v1/order", 0, (1, 1)),
    ("GET", "v1/order", 1, None),
    ("DELETE", "v1/order", 1, None),
    ("GET", "v1/openOrder", 1, None),
    ("GET", "v1/openOrders", 1, None),
    ("GET", "v1/allOrders", 5, None),
    ("DELETE", "v1/allOpenOrders", 1, None),
    ("POST", "v1/countdownCancelAll", 10, None),
    ("POST", "v1/batchOrders", 5, (5, 1)),
    ("DELETE", "v1/batchOrders", 1, None),
    ("GET", "v3/positionRisk", 5, None),
    ("GET", "v1/symbolConfig", 5, None),
    ("GET", "v3/balance", 5, None),
    ("GET", "v3/account", 5, None),
    ("GET", "v1/accountConfig", 5, None),
    ("POST", "v1/leverage", 1, None),
    ("POST", "v1/marginType", 1, None),
    ("POST", "v1/positionSide/dual", 1, None),
    ("GET", "v1/userTrades", 5, None),
    ("GET", "v1/income", 30, None),
    ("GET", "v1/commissionRate", 20, None),
    ("POST", "v1/algoOrder", 0, (1, 1)),
    ("GET", "v1/algoOrder", 1, None),
    ("DELETE", "v1/algoOrder", 1, None),
]
PUBLIC: list[tuple[str, dict[str, object], int]] = [
    ("time", {}, 1),
    ("exchangeInfo", {}, 1),
    ("premiumIndex", {"symbol": SYMBOL}, 1),
    ("premiumIndex", {}, 10),
    ("ticker/bookTicker", {"symbol": SYMBOL}, 2),
    ("ticker/bookTicker", {}, 5),
    ("depth", {"symbol": SYMBOL, "limit": 50}, 2),
    ("depth", {"symbol": SYMBOL, "limit": 100}, 5),
    ("depth", {"symbol": SYMBOL}, 10),
    ("depth", {"symbol": SYMBOL, "limit": 1000}, 20),
    ("fundingRate", {"symbol": SYMBOL}, 0),
    ("fundingInfo", {}, 0),
]


@pytest.mark.parametrize(("method", "path", "weight", "orders"), SIGNED)
async def test_a_signed_call_costs_its_weight_and_its_orders(
    method: str, path: str, weight: int, orders: tuple[int, int] | None
) -> None:
    async with running_venue() as venue:
        reply = await venue.signed(method, f"/fapi/{path}", symbol=SYMBOL)

        counted = tuple(reply.headers.get(name) for name in ORDER_COUNTERS)
        shown = (None, None) if orders is None else tuple(map(str, orders))
        assert (reply.headers["x-mbx-used-weight-1m"], counted) == (str(weight), shown)


@pytest.mark.parametrize(("path", "params", "weight"), PUBLIC)
async def test_a_public_call_costs_its_weight(
    path: str, params: dict[str, object], weight: int
) -> None:
    async with running_venue() as venue:
        reply = await venue.get(f"/fapi/v1/{path}", **params)

        assert (reply.status, reply.headers["x-mbx-used-weight-1m"]) == (200, str(weight))


async def test_open_orders_of_all_symbols_weigh_forty() -> None:
    async with running_venue() as venue:
        reply = await venue.signed("GET", "/fapi/v1/openOrders")

        assert reply.headers["x-mbx-used-weight-1m"] == "40"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_a_listen_key_weighs_one(method: str) -> None:
    async with running_venue() as venue:
        reply = await venue.send(method, "/fapi/v1/listenKey", key=KEY)

        assert reply.headers["x-mbx-used-weight-1m"] == "1"


async def test_what_is_refused_costs_as_much() -> None:
    async with running_venue() as venue:
        unsigned = await venue.send("GET", "/fapi/v1/income", sign({"timestamp": 1}))
        after = await venue.signed("GET", "/fapi/v1/order", symbol=SYMBOL, orderId=1)

        assert (unsigned.code, unsigned.headers["x-mbx-used-weight-1m"]) == (-1021, "30")
        assert (after.code, after.headers["x-mbx-used-weight-1m"]) == (-2013, "31")
