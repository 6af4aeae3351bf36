"""Whatever is sent, the simulated Binance answers in its own words."""

from __future__ import annotations

import asyncio
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges.instrument import Venue
from exchanges.simulator.binance.front import ROUTES
from exchanges.transport import Request
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.binance_venue import KEY, SYMBOL, quiet_simulation, sign

NAMES = [
    "symbol",
    "side",
    "positionSide",
    "type",
    "timeInForce",
    "quantity",
    "price",
    "reduceOnly",
    "newClientOrderId",
    "newOrderRespType",
    "orderId",
    "origClientOrderId",
    "startTime",
    "endTime",
    "fromId",
    "limit",
    "leverage",
    "marginType",
    "dualSidePosition",
    "incomeType",
    "autoCloseType",
    "recvWindow",
    "batchOrders",
]
LIKELY = (
    f"{SYMBOL} BUY SELL BOTH LONG SHORT LIMIT MARKET GTC IOC FOK GTX true false RESULT ACK "
    "0.010 50000 50000.1 5 0 -1 1e400 99999999999999999999 ISOLATED FUNDING_FEE ADL {} [{}]"
).split()
ORDER = st.fixed_dictionaries(
    {
        "symbol": st.just(SYMBOL),
        "side": st.sampled_from(["BUY", "SELL"]),
        "type": st.sampled_from(["MARKET", "LIMIT"]),
        "quantity": st.from_regex(r"-?[0-9]{1,19}(\.[0-9]{1,19})?", fullmatch=True),
    },
    optional={
        "price": st.from_regex(r"-?[0-9]{1,19}(\.[0-9]{1,19})?", fullmatch=True),
        "timeInForce": st.just("GTC"),
    },
)
VALUES = st.sampled_from(LIKELY) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PARAMS = st.dictionaries(st.sampled_from(NAMES), VALUES) | ORDER


@settings(max_examples=200, deadline=None)
@given(route=st.sampled_from(sorted(ROUTES)), params=PARAMS)
def test_a_signed_request_with_any_parameters_is_answered_or_refused_with_a_code(
    route: tuple[str, str], params: dict[str, str]
) -> None:
    method, path = route
    clock = ManualClock()
    front = quiet_simulation(clock).fronts[Venue.BINANCE]
    timestamp = str(int(clock.now().timestamp() * 1000))
    query = sign(params | {"timestamp": timestamp})

    response = asyncio.run(front.handle(Request(method, path, query, {"x-mbx-apikey": KEY})))

    answer = json.loads(response.body)
    assert response.status in (200, 400)
    assert response.status == 200 or (answer["code"] < 0 and answer["msg"])


@settings(max_examples=100, deadline=None)
@given(path=st.text(max_size=30), query=st.text(max_size=60), body=st.binary(max_size=60))
def test_bytes_that_mean_nothing_are_refused_with_a_code(
    path: str, query: str, body: bytes
) -> None:
    front = quiet_simulation(ManualClock()).fronts[Venue.BINANCE]
    headers = {"x-mbx-apikey": KEY}

    for target in (f"/{path}", "/fapi/v1/order"):
        response = asyncio.run(front.handle(Request("POST", target, query, headers, body)))
        assert response.status in (400, 404)
        assert json.loads(response.body)["code"] < 0


def test_bytes_that_are_no_text_are_refused_with_a_code() -> None:
    front = quiet_simulation(ManualClock()).fronts[Venue.BINANCE]
    raw = b"a=\xff&timestamp=1793588645000&signature=\xfe".decode("utf-8", "surrogateescape")

    for path in ("/fapi/v1/order", "/\udcff"):
        response = asyncio.run(front.handle(Request("GET", path, raw, {"x-mbx-apikey": KEY})))
        assert json.loads(response.body)["code"] < 0
