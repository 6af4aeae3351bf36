"""Whatever a signed client sends, the simulated Upbit answers in its own words."""

from __future__ import annotations

import asyncio
import hashlib
import json
from decimal import Decimal
from urllib.parse import unquote, urlencode

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
    "smp_type", "prev_order_uuid", "prev_order_identifier", "new_ord_type", "new_price",
    "new_volume", "new_time_in_force", "new_smp_type", "new_identifier",
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


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(["/v1/orders", "/v1/orders/test", "/v1/orders/cancel_and_new"]), bodies)
@example("/v1/orders", {"market": "KRW-BTC", "side": "ask", "ord_type": "market", "volume": "0.1"})
@example("/v1/orders", {"identifier": "\ud800"})
def test_any_order_body_gets_a_definite_answer(path: str, body: dict[str, object]) -> None:
    sent = json.dumps(body).encode()
    kept = json.loads(sent, parse_int=str, parse_float=str)
    token = signed_token(query_hash=hashed(body_text(kept)), query_hash_alg="SHA512")
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    response = asked(Request("POST", path, "", headers, sent))

    assert response.status in (201, 400, 401, 404)
    assert response.status == 201 or json.loads(response.body)["error"]["name"]


query_names = (*NAMES, "to", "cursor", "days_ago", "level", "pairs", "excluded_pairs", "uuid")
pairs = st.tuples(st.sampled_from(query_names), st.sampled_from(WORDS[:-2]))
queries = st.text(st.sampled_from("abcmarketslimitcountKRW-BTC=&%[]09.+"), max_size=40) | st.lists(
    pairs, max_size=4
).map(urlencode)


@settings(max_examples=160, deadline=None)
@given(
    st.sampled_from(
        ["/v1/order", "/v1/orders/open", "/v1/orders/closed", "/v1/orders/uuids",
         "/v1/orders/chance", "/v1/orderbook", "/v1/trades/ticks", "/v1/candles/minutes/1",
         "/v1/candles/weeks", "/v1/market/all", "/v1/ticker/all", "/v1/pockets/assets"]
    ),
    queries,
)  # fmt: skip
@example("/v1/orders/open", "limit=%FF")
@example("/v1/orders/closed", "start_time=99999999999999999999")
@example("/v1/trades/ticks", "market=KRW-BTC&to=1%3A2%3A3%2B09%3A00")
@example("/v1/trades/ticks", "market=KRW-BTC&days_ago=%D9%A3")
@example("/v1/candles/days", "market=KRW-BTC&to=0001-01-01T00%3A00%2B09%3A00")
@example("/v1/orders/closed", "end_time=0001-01-01T00%3A00")
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
