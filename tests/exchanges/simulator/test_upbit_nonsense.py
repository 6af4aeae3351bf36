"""Whatever a signed client sends, the simulated Upbit answers in its own words."""

from __future__ import annotations

import asyncio
import hashlib
import json
from decimal import Decimal
from urllib.parse import unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exchanges.simulator.faults import Faults
from exchanges.simulator.request_log import RequestLog
from exchanges.simulator.upbit.auth import body_text
from exchanges.simulator.upbit.engine import UpbitEngine
from exchanges.simulator.upbit.front import UpbitFront
from exchanges.transport import Request, Response
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.running import KEY, SECRET, signed_token
from tests.exchanges.simulator.still_market import still_market

NAMES = (
    "market", "side", "ord_type", "price", "volume", "time_in_force", "identifier", "uuid",
    "state", "states", "limit", "page", "order_by", "start_time", "end_time", "uuids", "count",
)  # fmt: skip
WORDS = (
    "KRW-BTC", "bid", "ask", "limit", "price", "market", "best", "ioc", "fok", "wait", "done",
    "100000", "0.01", "60000000", "1e400", "-0", "NaN", "1" * 40, "٣", "\ud800", "",
)  # fmt: skip
values = st.one_of(
    st.sampled_from(WORDS), st.text(max_size=8), st.integers(), st.booleans(), st.none(),
    st.lists(st.sampled_from(WORDS), max_size=2), st.just({"a": "b"}),
)  # fmt: skip
bodies = st.dictionaries(st.sampled_from(NAMES), values, max_size=8)


def asked(request: Request) -> Response:
    clock = ManualClock()
    engine = UpbitEngine(still_market(clock), clock)
    engine.add_account(KEY, SECRET, {"KRW": Decimal(1_000_000), "BTC": Decimal(1)})
    front = UpbitFront(engine, Faults(), clock, RequestLog())
    return asyncio.run(front.handle(request))


def hashed(text: str) -> str:
    return hashlib.sha512(text.encode(errors="replace")).hexdigest()


@settings(max_examples=80, deadline=None)
@given(bodies)
@example({"market": "KRW-BTC", "side": "ask", "ord_type": "market", "volume": "0.1"})
@example({"identifier": "\ud800"})
def test_any_order_body_gets_a_definite_answer(body: dict[str, object]) -> None:
    sent = json.dumps(body).encode()
    kept = json.loads(sent, parse_int=str, parse_float=str)
    token = signed_token(query_hash=hashed(body_text(kept)), query_hash_alg="SHA512")
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    response = asked(Request("POST", "/v1/orders", "", headers, sent))

    assert response.status in (201, 400, 401, 404)
    assert response.status == 201 or json.loads(response.body)["error"]["name"]


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(
        ["/v1/order", "/v1/orders/open", "/v1/orders/closed", "/v1/orders/uuids",
         "/v1/orders/chance", "/v1/orderbook", "/v1/trades/ticks", "/v1/candles/minutes/1"]
    ),
    st.text(st.sampled_from("abcmarketslimitcountKRW-BTC=&%[]09.+"), max_size=40),
)  # fmt: skip
@example("/v1/orders/open", "limit=%FF")
@example("/v1/orders/closed", "start_time=99999999999999999999")
def test_any_query_gets_a_definite_answer(path: str, query: str) -> None:
    token = signed_token(query_hash=hashed(unquote(query)), query_hash_alg="SHA512")

    response = asked(Request("GET", path, query, {"authorization": f"Bearer {token}"}))

    assert response.status in (200, 400, 401, 404)
    json.loads(response.body)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"\xff", b'{"a":', b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    headers = {"authorization": "Bearer x", "content-type": "application/json"}

    response = asked(Request("POST", "/v1/orders", "", headers, body))

    assert response.status == 400
    assert json.loads(response.body)["error"]["name"] == "validation_error"
