"""Whatever is sent, the simulated Hyperliquid answers in its own words."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from exchanges.hyperliquid.signing import sign_action
from exchanges.memory_web_socket import MemoryConnector
from exchanges.simulator.faults import Faults
from exchanges.simulator.hyperliquid.actions import parse_action
from exchanges.simulator.hyperliquid.engine import HyperliquidEngine
from exchanges.simulator.hyperliquid.front import HyperliquidFront
from exchanges.simulator.hyperliquid.refusal import Malformed
from exchanges.simulator.market import Market
from exchanges.simulator.request_log import RequestLog
from exchanges.transport import Request
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.hyperliquid_venue import AGENT, KEY, MAIN, limit, trigger
from tests.exchanges.simulator.still_market import still_path

CLOID = "0x000000000000000000000000000000ab"
NAMES = [
    "type",
    "action",
    "nonce",
    "signature",
    "r",
    "s",
    "v",
    "orders",
    "cancels",
    "oid",
    "user",
    "coin",
    "req",
    "interval",
    "grouping",
]
numbers = st.from_regex(r"-?[0-9]{1,19}(\.[0-9]{1,9})?", fullmatch=True)
likely_numbers = st.sampled_from(["0", "0.001", "1", "3", "49000", "50001", "52000", "48000.5"])
prices, sizes = likely_numbers | numbers, likely_numbers | numbers
orders = st.builds(
    lambda price, size, side, tif, cloid, reduce: {
        **limit(side, price, size, tif, r=reduce),
        **({"c": CLOID} if cloid else {}),
    },
    prices,
    sizes,
    st.sampled_from(["buy", "sell"]),
    st.sampled_from(["Gtc", "Ioc", "Alo", "Fok"]),
    st.booleans(),
    st.booleans(),
) | st.builds(
    lambda price, size, side, at, tpsl, market: trigger(side, price, size, at, tpsl, market=market),
    prices,
    sizes,
    st.sampled_from(["buy", "sell"]),
    prices,
    st.sampled_from(["tp", "sl"]),
    st.booleans(),
)
oids = st.integers(-1, 2**63) | st.just(CLOID)
assets = st.sampled_from([0, 0, 0, 1, -1])
actions = st.one_of(
    st.fixed_dictionaries(
        {
            "type": st.just("order"),
            "orders": st.lists(orders, max_size=4),
            "grouping": st.sampled_from(["na", "normalTpsl", "positionTpsl"]),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["cancel", "cancelByCloid"]),
            "cancels": st.lists(st.fixed_dictionaries({"a": assets, "o": oids}), max_size=2),
        }
    ),
    st.fixed_dictionaries({"type": st.just("modify"), "oid": oids, "order": orders}),
    st.fixed_dictionaries(
        {
            "type": st.just("updateLeverage"),
            "asset": assets,
            "isCross": st.booleans(),
            "leverage": st.integers(0, 50),
        }
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("updateIsolatedMargin"),
            "asset": assets,
            "isBuy": st.booleans(),
            "ntli": st.integers(-(10**12), 10**12),
        }
    ),
    st.fixed_dictionaries({"type": st.just("scheduleCancel")}, optional={"time": oids}),
)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10)
    | st.sampled_from([MAIN, CLOID, "BTC", "order", "meta", "l2Book", "1m"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "action",
                    "nonce",
                    "signature",
                    "r",
                    "s",
                    "v",
                    "orders",
                    "oid",
                    "user",
                    "coin",
                    "req",
                    "interval",
                    "grouping",
                ]
            )
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


def venue() -> tuple[HyperliquidEngine, HyperliquidFront, ManualClock]:
    clock = ManualClock()
    engine = HyperliquidEngine(Market(still_path(), clock), clock)
    engine.add_account(MAIN, AGENT, {"USDC": Decimal(100_000)})
    return engine, HyperliquidFront(engine, Faults(), clock, RequestLog()), clock


def post(front: HyperliquidFront, path: str, body: bytes) -> tuple[int, bytes]:
    request = Request("POST", path, "", {"content-type": "application/json"}, body)
    response = asyncio.run(front.handle(request))
    return response.status, response.body


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_body_has_an_answer(body: bytes) -> None:
    _, front, _ = venue()

    for path in ("/exchange", "/info"):
        status, answer = post(front, path, body)

        assert status in (200, 400, 422)
        if status == 200:
            json.loads(answer)


@settings(max_examples=80, deadline=None)
@given(st.lists(actions, min_size=1, max_size=8), st.lists(st.integers(45_000, 55_000), max_size=3))
def test_any_signed_action_is_judged_and_the_money_stays_whole(
    wanted: list[dict[str, Any]], moves: list[int]
) -> None:
    engine, front, clock = venue()
    start = int(clock.now().timestamp() * 1_000)

    for number, action in enumerate(wanted):
        signature = sign_action(canonical(action), start + number, KEY, is_mainnet=True)
        body = {"action": action, "nonce": start + number, "signature": signature.wire()}
        status, answer = post(front, "/exchange", json.dumps(body).encode())

        assert status in (200, 422)
        if status == 200:
            assert json.loads(answer)["status"] in ("ok", "err")

    account = engine.account(MAIN)
    assert account is not None
    paid = sum((fill.closed_pnl - fill.fee for fill in account.fills), Decimal(0))
    assert account.cash == 100_000 + paid
    assert all(order.filled <= order.size for order in account.orders)
    signed = sum((f.size if f.side == "buy" else -f.size for f in account.fills), Decimal(0))
    assert account.position(0).size == signed
    json.dumps(engine.state())


def canonical(action: dict[str, Any]) -> dict[str, Any]:
    """As the venue would write it, so that the signature is ours, where that can be."""
    try:
        return parse_action(action).wire()
    except Malformed:
        return {"type": "noop"}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.text(max_size=20)
        | st.binary(max_size=20)
        | json_values.map(json.dumps)
        | st.builds(
            lambda method, wanted: json.dumps({"method": method, "subscription": wanted}),
            st.sampled_from(["subscribe", "unsubscribe", "ping", "post"]),
            json_values,
        )
        | st.builds(
            lambda kind, payload: json.dumps(
                {"method": "post", "id": 1, "request": {"type": kind, "payload": payload}}
            ),
            st.sampled_from(["info", "action"]),
            json_values | st.just({"type": "\ud800", "nonce": 2**70}),
        ),
        max_size=6,
    )
)
@example(['{"method": "subscribe", "subscription": {"type": []}}'])
@example(
    ['{"method": "subscribe", "subscription": {"type": "candle", "coin": "BTC", "interval": {}}}']
)
def test_any_frame_is_answered_on_a_channel(frames: list[str | bytes]) -> None:
    async def talk() -> list[Any]:
        _, front, clock = venue()
        connection = await MemoryConnector(front, clock).connect("ws://venue/ws", timeout_s=1)
        for frame in frames:
            await connection.send(frame)
        await connection.send('{"method":"ping"}')
        heard: list[Any] = []
        async with asyncio.timeout(5):
            while not heard or heard[-1] != {"channel": "pong"}:
                heard.append(json.loads(await connection.receive()))
        await connection.aclose()
        return heard

    heard = asyncio.run(talk())

    assert {frame["channel"] for frame in heard} <= {
        "pong",
        "error",
        "subscriptionResponse",
        "allMids",
        "l2Book",
        "trades",
        "userFills",
        "candle",
        "post",
    }
