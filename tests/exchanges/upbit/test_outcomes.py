"""Every way in which an order or a question can go wrong, and what the desk is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from exchanges.upbit import outcomes
from exchanges.web_socket import NotConnected
from tests.exchanges.test_reply import JSON

KEY = "k9vQ2mZr7tXw4nPb8sLc3dFg6hJy1aUe5oTi0RqB"


def named(name: object, message: str = "거절") -> bytes:
    return json.dumps({"error": {"name": name, "message": message}}).encode()


REJECTED = [
    "create_ask_error",
    "create_bid_error",
    "insufficient_funds_ask",
    "insufficient_funds_bid",
    "under_min_total_ask",
    "under_min_total_bid",
    "under_min_total_market_ask",
    "under_min_total_market_bid",
    "over_max_total_ask",
    "over_max_total_bid",
    "over_max_total_market_ask",
    "over_max_total_market_bid",
    "invalid_price_ask",
    "invalid_price_bid",
    "invalid_funds",
    "validation_error",
    "volume_too_large",
    "withdraw_address_not_registered",
    "an_error_of_tomorrow",
]
UNAUTHENTICATED = [
    (401, "invalid_query_payload"),
    (401, "jwt_verification"),
    (401, "invalid_access_key"),
    (401, "expired_access_key"),
    (401, "no_authorization_ip"),
    (401, "no_authorization_i_p"),
    (401, "no_authorization_token"),
    (403, "out_of_scope"),
    (403, "thirdparty_agreement_required"),
    (403, "jwt_verification"),
]


@pytest.mark.parametrize("name", REJECTED)
def test_business_refusal_of_an_order_is_its_end(name: str) -> None:
    error = outcomes.submit_error(Response(400, {}, named(name)))

    assert type(error) is OrderRejected
    assert (error.code, error.status) == (name, 400)


@pytest.mark.parametrize(("status", "name"), UNAUTHENTICATED)
def test_refused_identity_stops_orders_and_questions(status: int, name: str) -> None:
    response = Response(status, {}, named(name))

    for error in (outcomes.submit_error(response), outcomes.read_error(response)):
        assert type(error) is AuthenticationFailed
        assert (error.code, error.status) == (name, status)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        # Our nonce is used once, so a copy of this very request came before it.
        (401, named("nonce_used"), OutcomeUnknown),
        # Our identifier is used once, so the order that has it is this one.
        (400, named("identifier_in_use"), OutcomeUnknown),
        (400, named("validation_error", "identifier 중복"), OutcomeUnknown),
        (400, named("validation_error", "이미 사용된 값입니다."), OutcomeUnknown),
        (400, named("invalid_parameter", "중복된 주문입니다."), OutcomeUnknown),
        (400, named("DUPLICATE_ORDER"), OutcomeUnknown),
        (403, named("order_already_exists"), OutcomeUnknown),
        (400, b'{"name":"insufficient_funds_bid"}', OrderRejected),
        (400, b"", OutcomeUnknown),
        (400, b"<html>Bad Request</html>", OutcomeUnknown),
        (400, named(400), OutcomeUnknown),
        (400, b'{"error":"text"}', OutcomeUnknown),
        (401, b"<html>", AuthenticationFailed),
        (403, b"<html>Forbidden</html>", VenueUnavailable),
        (404, named("order_not_found"), OrderRejected),
        (404, b"<html>", OutcomeUnknown),
        (404, named(404), OutcomeUnknown),
        (403, named("a_permission_of_tomorrow"), AuthenticationFailed),
        (401, named("an_identity_of_tomorrow"), AuthenticationFailed),
        (401, named(401), AuthenticationFailed),
        (401, b'{"name":"nonce_used"}', OutcomeUnknown),
        (408, b"", OutcomeUnknown),
        (408, named("request_timeout"), OutcomeUnknown),
        (409, named("conflict"), OutcomeUnknown),
        (413, b"<html>", OutcomeUnknown),
        (301, b"", OutcomeUnknown),
        (302, b"", OutcomeUnknown),
        (307, named("moved"), OutcomeUnknown),
        (302, named("insufficient_funds_bid"), OutcomeUnknown),
        (302, named("jwt_verification"), OutcomeUnknown),
        (429, b"Too many API requests", RateLimited),
        (429, named("too_many_requests"), RateLimited),
        (418, named("blocked"), RateLimited),
        (500, named("server_error"), OutcomeUnknown),
        (500, named("insufficient_funds_bid"), OrderRejected),
        (500, b"", OutcomeUnknown),
        (502, b"<html>Bad Gateway</html>", OutcomeUnknown),
        (503, b"<html>Service Unavailable</html>", OutcomeUnknown),
        (504, b"", OutcomeUnknown),
    ],
)
def test_reply_to_an_order_means(status: int, body: bytes, expected: type[ExchangeError]) -> None:
    assert type(outcomes.submit_error(Response(status, {}, body))) is expected


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (404, named("order_not_found"), OrderNotFound),
        (400, named("order_not_found"), OrderNotFound),
        (404, b"<html>", BadReply),
        (404, named(404), BadReply),
        (400, named("validation_error"), BadReply),
        (400, named("validation_error", "identifier is missing"), BadReply),
        (302, named("order_not_found"), BadReply),
        (400, named(400), BadReply),
        (302, b"", BadReply),
        (408, b"", VenueUnavailable),
        (403, named("a_permission_of_tomorrow"), AuthenticationFailed),
        (401, named("nonce_used"), VenueUnavailable),
        (401, b"", AuthenticationFailed),
        (403, b"<html>", VenueUnavailable),
        (429, b"", RateLimited),
        (418, b"", RateLimited),
        (500, named("server_error"), VenueUnavailable),
        (502, b"<html>", VenueUnavailable),
        (503, b"", VenueUnavailable),
    ],
)
def test_reply_to_a_question_means(status: int, body: bytes, expected: type[ExchangeError]) -> None:
    assert type(outcomes.read_error(Response(status, {}, body))) is expected


@pytest.mark.parametrize(
    ("status", "headers", "message", "wait_s", "is_said"),
    [
        (429, {}, "", 1.0, False),
        (429, {"retry-after": "7"}, "", 7.0, True),
        (429, {"retry-after": "soon"}, "", 1.0, True),
        (418, {}, "", 60.0, False),
        (418, {}, "too many requests", 60.0, False),
        (418, {}, "요청이 많아 300초 동안 차단됩니다.", 300.0, True),
        (418, {}, "blocked for 5 minutes", 300.0, True),
        (418, {}, "99999시간", 86_400.0, True),
        (418, {"retry-after": "300"}, "10초", 300.0, True),
        (418, {"retry-after": "999999999999"}, "", 259_200.0, True),
    ],
)
def test_wait_after_too_many_requests(
    status: int, headers: dict[str, str], message: str, wait_s: float, is_said: bool
) -> None:
    response = Response(status, headers, named("blocked", message))

    error = outcomes.rate_limit(response)

    assert error is not None
    assert (error.retry_after_s, error.banned) == (wait_s, status == 418)
    assert outcomes.states_ban(response) is is_said


def test_refusal_closes_its_own_group_and_a_ban_all() -> None:
    assert outcomes.silenced(Response(429, {}, b""), {"order": 1}) == ("order",)
    assert outcomes.silenced(Response(418, {}, b""), {"order": 1}) is None


@pytest.mark.parametrize(
    ("status", "is_signed", "expected"),
    [
        (401, True, AuthenticationFailed),
        (403, True, AuthenticationFailed),
        (403, False, NotConnected),
        (429, False, RateLimited),
        (418, True, RateLimited),
        (503, True, NotConnected),
        (0, True, NotConnected),
    ],
)
def test_refused_stream_means(
    status: int, is_signed: bool, expected: type[ExchangeError | NotConnected]
) -> None:
    refusal = NotConnected("refused", status=status)

    assert type(outcomes.handshake_error(refusal, is_signed=is_signed)) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("INVALID_AUTH", AuthenticationFailed),
        ("WRONG_FORMAT", VenueUnavailable),
        ("NO_TICKET", VenueUnavailable),
        ("NO_TYPE", VenueUnavailable),
        ("NO_CODES", VenueUnavailable),
        ("INVALID_PARAM", VenueUnavailable),
        ("an_error_of_tomorrow", VenueUnavailable),
    ],
)
def test_error_frame_of_a_stream_means(name: str, expected: type[ExchangeError]) -> None:
    error = outcomes.stream_error(name, f"token {KEY}")

    assert type(error) is expected
    assert KEY not in str(error)


@pytest.mark.parametrize("classify", [outcomes.submit_error, outcomes.read_error])
def test_key_that_the_venue_echoes_is_not_repeated(classify: Any) -> None:
    error = classify(Response(400, {}, named(f"bad {KEY}", f"key {KEY} is\nwrong")))

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


def test_every_row_of_the_table_is_tried_above() -> None:
    tried = {*REJECTED, *(name for _, name in UNAUTHENTICATED), "nonce_used", "order_not_found"}

    assert set(outcomes.BY_NAME) <= tried
