"""Every way in which an order or a question can go wrong, and what the desk is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.binance import outcomes
from exchanges.errors import (
    AuthenticationFailed,
    BadReply,
    ExchangeError,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    VenueUnavailable,
)
from exchanges.transport import Response
from tests.exchanges.test_reply import JSON

KEY = "dbefbc809e3e83c283a984c3a1459732ea7db1360ca80c5c2c8867408d28cc83"


def coded(code: object, message: str = "?") -> bytes:
    return json.dumps({"code": code, "msg": message}).encode()


BUSINESS = [
    -1102,
    -1111,
    -1121,
    -1125,
    -2010,
    -2018,
    -2019,
    -2021,
    -2022,
    -2023,
    -2025,
    -2027,
    -2028,
    -4003,
    -4004,
    -4005,
    -4014,
    -4015,
    -4023,
    -4046,
    -4047,
    -4048,
    -4059,
    -4061,
    -4067,
    -4068,
    -4118,
    -4120,
    -4131,
    -4164,
    -4531,
    -5021,
    -5022,
    -9999,
]
SPECIAL = [
    (400, -1000, OutcomeUnknown),
    (400, -1001, OutcomeUnknown),
    (400, -1003, RateLimited),
    (408, -1006, OutcomeUnknown),
    (400, -1006, OutcomeUnknown),
    (408, -1007, OutcomeUnknown),
    (503, -1008, VenueUnavailable),
    (400, -1015, RateLimited),
    (503, -1016, VenueUnavailable),
    (400, -1021, AuthenticationFailed),
    (400, -1022, AuthenticationFailed),
    (400, -2011, OrderRejected),
    (400, -2013, OrderRejected),
    (401, -2014, AuthenticationFailed),
    (401, -2015, AuthenticationFailed),
    # The id is ours and was sent once, so the live order that has it is this one.
    (400, -4116, OutcomeUnknown),
    (400, -5028, VenueUnavailable),
]


@pytest.mark.parametrize("code", BUSINESS)
def test_business_refusal_of_an_order_is_its_end(code: int) -> None:
    error = outcomes.submit_error(Response(400, {}, coded(code)))

    assert type(error) is OrderRejected
    assert (error.code, error.status) == (str(code), 400)


@pytest.mark.parametrize(("status", "code", "expected"), SPECIAL)
def test_code_of_an_order_means(status: int, code: int, expected: type[ExchangeError]) -> None:
    assert type(outcomes.submit_error(Response(status, {}, coded(code)))) is expected


def test_every_row_of_the_table_is_tried_above() -> None:
    assert set(outcomes.BY_CODE) == {code for _, code, _ in SPECIAL}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        # The three kinds of 503 of the venue's general information.
        (
            503,
            coded(-1000, "Unknown error, please check your request or try again later."),
            OutcomeUnknown,
        ),
        (
            503,
            json.dumps(
                {"msg": "Unknown error, please check your request or try again later."}
            ).encode(),
            OutcomeUnknown,
        ),
        (503, b"Unknown error, please check your request or try again later.", OutcomeUnknown),
        (503, b"Service Unavailable.", VenueUnavailable),
        (503, b'{"code":0,"msg":"Service Unavailable."}', VenueUnavailable),
        (503, b"<html>503 Service Unavailable.</html>", OutcomeUnknown),
        (503, b"", OutcomeUnknown),
        (503, coded(-2019), OutcomeUnknown),
        (500, b"Service Unavailable.", OutcomeUnknown),
        (500, coded(-1000), OutcomeUnknown),
        (500, b"", OutcomeUnknown),
        (502, b"<html>Bad Gateway</html>", OutcomeUnknown),
        (504, b"", OutcomeUnknown),
        (429, b"", RateLimited),
        (429, coded(-1015), RateLimited),
        (418, coded(-1003), RateLimited),
        (400, b"", OutcomeUnknown),
        (400, b"<html>Bad Request</html>", OutcomeUnknown),
        (400, coded("x"), OutcomeUnknown),
        (400, coded(True), OutcomeUnknown),
        (400, coded(200), OutcomeUnknown),
        (401, b"", AuthenticationFailed),
        (403, b"<html>Forbidden</html>", VenueUnavailable),
        (404, b"<html>", OutcomeUnknown),
        (408, b"", OutcomeUnknown),
        (408, coded(-2019), OutcomeUnknown),
        (302, b"", OutcomeUnknown),
    ],
)
def test_reply_to_an_order_means(status: int, body: bytes, expected: type[ExchangeError]) -> None:
    assert type(outcomes.submit_error(Response(status, {}, body))) is expected


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, coded(-2013), OrderNotFound),
        (400, coded(-2011), OrderNotFound),
        (400, coded(-1021), AuthenticationFailed),
        (401, coded(-2015), AuthenticationFailed),
        (401, b"", AuthenticationFailed),
        (400, coded(-1121), BadReply),
        (404, b"<html>", BadReply),
        (302, b"", BadReply),
        (403, b"<html>", VenueUnavailable),
        (400, coded(-1007), VenueUnavailable),
        (503, coded(-1008), VenueUnavailable),
        (503, b"Service Unavailable.", VenueUnavailable),
        (500, b"", VenueUnavailable),
        (502, b"<html>", VenueUnavailable),
        (429, b"", RateLimited),
        (418, b"", RateLimited),
    ],
)
def test_reply_to_a_question_means(status: int, body: bytes, expected: type[ExchangeError]) -> None:
    assert type(outcomes.read_error(Response(status, {}, body))) is expected


@pytest.mark.parametrize(
    ("status", "headers", "wait_s", "banned"),
    [
        (429, {}, 10.0, False),
        (429, {"retry-after": "7"}, 7.0, False),
        (418, {}, 120.0, True),
        (418, {"retry-after": "300"}, 300.0, True),
    ],
)
def test_wait_after_too_many_requests(
    status: int, headers: dict[str, str], wait_s: float, banned: bool
) -> None:
    error = outcomes.rate_limit(Response(status, headers, b""))

    assert error is not None
    assert (error.retry_after_s, error.banned) == (wait_s, banned)


@pytest.mark.parametrize("classify", [outcomes.submit_error, outcomes.read_error])
@pytest.mark.parametrize("status", [400, 403, 500])
def test_key_that_the_venue_echoes_is_not_repeated(classify: Any, status: int) -> None:
    for body in (coded(-2019, f"key {KEY}\nis wrong"), f"apiKey={KEY}".encode()):
        error = classify(Response(status, {}, body))

        assert KEY not in f"{error} {error!r} {getattr(error, 'code', '')}"
        assert "\n" not in str(error)


@given(st.integers(300, 599), st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_reply_means_something_that_the_protocol_allows(status: int, body: bytes) -> None:
    response = Response(status, {}, body)

    assert isinstance(
        outcomes.submit_error(response),
        OrderRejected | AuthenticationFailed | VenueUnavailable | OutcomeUnknown,
    )
    assert isinstance(
        outcomes.read_error(response),
        OrderNotFound | AuthenticationFailed | VenueUnavailable | BadReply,
    )
