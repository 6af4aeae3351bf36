"""Every way in which an order or a question can go wrong, and what the desk is told."""

from __future__ import annotations

import json
from contextlib import suppress
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
from exchanges.hyperliquid import outcomes
from exchanges.hyperliquid.outcomes import NothingMatched, Placed
from exchanges.hyperliquid.refusals import REFUSALS
from exchanges.transport import Interrupted, NotSent, Response, TransportError
from tests.exchanges.hyperliquid import samples
from tests.exchanges.hyperliquid.wired import SELL, build_ready
from tests.exchanges.scripted_transport import reply
from tests.exchanges.test_reply import JSON

KEY = "0x0123456789012345678901234567890123456789012345678901234567890123"
ADDRESS = "0x14791697260e4c9a71f18484c9f997b308e59325"

REJECTED = [
    ("Price must be divisible by tick size. asset=0", "tickRejected"),
    ("Order must have minimum value of $10. asset=0", "minTradeNtlRejected"),
    ("Order must have minimum value of 10 USDC. asset=10107", "minTradeNtlRejected"),
    ("Insufficient margin to place order. asset=0", "perpMarginRejected"),
    ("Reduce only order would increase position. asset=0", "reduceOnlyRejected"),
    (
        "Post only order would have immediately matched, bbo was 50000@50001. asset=0",
        "badAloPxRejected",
    ),
    ("Invalid TP/SL price. asset=0", "badTriggerPxRejected"),
    ("No liquidity available for market order.", "marketOrderNoLiquidityRejected"),
    (
        "Order would increase open interest while open interest is capped",
        "positionIncreaseAtOpenInterestCapRejected",
    ),
    (
        "Order rejected due to price more aggressive than oracle while at open interest cap",
        "tooAggressiveAtOpenInterestCapRejected",
    ),
    ("Order would increase open interest too quickly", "openInterestIncreaseRejected"),
    ("Insufficient spot balance asset=10107", "insufficientSpotBalanceRejected"),
    ("Order price too far from oracle", "oracleRejected"),
    ("Price too far from oracle asset=4", "oracleRejected"),
    ("Order price cannot be more than 80% away from the reference price", "oracleRejected"),
    (
        "Order would cause position to exceed margin tier limit at current leverage",
        "perpMaxPositionRejected",
    ),
    ("Order has invalid price.", "invalidPrice"),
    ("Order has invalid size.", "invalidSize"),
    ("Order has zero size.", "zeroSize"),
    ("Trading is halted. asset=0", "halted"),
    ("Failed to deserialize the JSON body into the target type", "malformed"),
    # Said of cancels and amendments; an order with an error of its own was not taken either.
    ("Order was never placed, already canceled, or filled. asset=0", "missingOrder"),
]
SPECIAL = [
    (
        "Order could not immediately match against any resting orders. asset=0",
        NothingMatched,
        "iocCancelRejected",
    ),
    (f"User or API Wallet {ADDRESS} does not exist.", AuthenticationFailed, "unknownWallet"),
    (
        f"L1 error: User or API Wallet {ADDRESS} does not exist.",
        AuthenticationFailed,
        "unknownWallet",
    ),
    (
        f"Must deposit before performing actions. User: {ADDRESS}",
        AuthenticationFailed,
        "unknownWallet",
    ),
    ("Unable to recover signer.", AuthenticationFailed, "badSignature"),
    ("Invalid nonce: nonce too low 5 < 1700000000000", AuthenticationFailed, "nonce"),
    ("Invalid nonce: nonce too high", AuthenticationFailed, "nonce"),
    ("Action has expired", AuthenticationFailed, "expired"),
    ("expiresAfter is in the past", AuthenticationFailed, "expired"),
    # A nonce and a cloid are used once, so the one that the venue knows is this order's.
    ("Invalid nonce: duplicate nonce 1700000000000", OutcomeUnknown, "duplicateNonce"),
    ("Duplicate cloid. asset=0", OutcomeUnknown, "duplicateCloid"),
    (
        "Too many cumulative requests sent (37986 > 10436) for cumulative volume traded $437.92. "
        "Place taker orders to free up 1 request per USDC traded.",
        RateLimited,
        "addressLimit",
    ),
]
MISSING = "Order was never placed, already canceled, or filled. asset=0"


def dump(value: object) -> bytes:
    return json.dumps(value).encode()


def outcome(body: object) -> Placed:
    return outcomes.placed(body if isinstance(body, bytes) else dump(body))


@pytest.mark.parametrize(("text", "code"), REJECTED)
def test_refusal_of_an_order_is_its_end(text: str, code: str) -> None:
    with pytest.raises(OrderRejected) as caught:
        outcome(samples.refused(text))

    assert (caught.value.code, caught.value.status) == (code, 200)
    assert text.partition(" asset=")[0] in str(caught.value)


@pytest.mark.parametrize(("text", "expected", "code"), SPECIAL)
@pytest.mark.parametrize("form", [samples.refused, samples.err])
def test_words_about_an_order_mean(
    form: Any, text: str, expected: type[Exception], code: str
) -> None:
    if expected is NothingMatched and form is samples.err:
        expected = OrderRejected

    with pytest.raises(expected) as caught:
        outcome(form(text))

    assert type(caught.value) is expected
    assert getattr(caught.value, "code", code) == code


def test_every_row_of_the_table_is_tried_above() -> None:
    texts = [*(text for text, _ in REJECTED), *(text for text, _, _ in SPECIAL)]
    tried = [text.lower() for text in texts]

    assert [row for row in REFUSALS if not any(row.words in text for text in tried)] == []
    assert {row.code for row in REFUSALS} == {
        *(code for _, code in REJECTED),
        *(code for _, _, code in SPECIAL),
    }


def test_words_that_nobody_knows_end_an_order_but_not_an_action() -> None:
    """An order with an error of its own was judged; an action with one may have been anything."""
    with pytest.raises(OrderRejected) as caught:
        outcome(samples.refused("The moon is full."))
    with pytest.raises(OutcomeUnknown):
        outcome(samples.err("The moon is full."))

    assert caught.value.code == "rejected"


def test_address_without_actions_waits_for_the_next_one() -> None:
    with pytest.raises(RateLimited) as caught:
        outcome(samples.err("Too many cumulative requests sent (3 > 2)"))

    assert (caught.value.retry_after_s, caught.value.banned) == (10.0, False)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"<html>OK</html>",
        dump(samples.filled())[:-20],
        dump({"status": "ok"}),
        dump({"status": "ok", "response": "default"}),
        dump({"status": "ok", "response": {"type": "default"}}),
        dump({"status": "maybe", "response": "?"}),
        dump({"status": "err"}),
        dump({"status": "err", "response": {"code": 1}}),
        dump(samples.placed()),
        dump(samples.placed({"resting": {"oid": 1}}, {"resting": {"oid": 2}})),
        dump(samples.placed("success")),
        dump(samples.placed("waitingForTrigger")),
        dump(samples.placed(None)),
        dump(samples.placed({})),
        dump(samples.placed({"error": 5})),
        dump(samples.placed({"resting": {"oid": "5"}})),
        dump(samples.placed({"resting": None})),
        dump(samples.placed({"filled": {"oid": 5}})),
        dump(samples.placed({"filled": {"oid": 5, "totalSz": "0"}})),
        dump(samples.placed({"filled": {"oid": 5, "totalSz": "NaN"}})),
        dump(samples.placed({"error": "Order has zero size.", "resting": {"oid": 5}})),
        dump(samples.placed({"error": "Order has zero size.", "filled": {"oid": 5}})),
        dump(samples.placed({"resting": {"oid": 5}, "filled": {"oid": 5, "totalSz": "1"}})),
        dump(samples.placed({"resting": {"oid": 5, "cloid": 5}})),
        dump(samples.filled())[:-1] + b',"status":"err","response":"Order has zero size."}',
        b'{"status":"err","response":"Order has zero size.","response":"Order has zero size."}',
    ],
)
def test_success_that_shows_no_order_is_unknown(body: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        outcome(body)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, b"", OutcomeUnknown),
        (400, b"null", OutcomeUnknown),
        (400, b"<html>Bad Request</html>", OutcomeUnknown),
        (400, dump({"code": -1, "msg": "?"}), OutcomeUnknown),
        (400, dump({"code": -1, "msg": "Order has zero size."}), OrderRejected),
        (400, dump({"code": -1, "msg": "Unable to recover signer."}), AuthenticationFailed),
        (400, dump({"code": -1, "msg": "Too many cumulative requests sent"}), RateLimited),
        (400, dump({"code": -1, "msg": "Invalid nonce: duplicate nonce 5"}), OutcomeUnknown),
        (401, b"", OutcomeUnknown),
        (403, b"<html>Forbidden</html>", VenueUnavailable),
        (404, b"<html>", OutcomeUnknown),
        (408, b"Order has zero size.", OutcomeUnknown),
        (418, b"", RateLimited),
        (422, b"Failed to deserialize the JSON body into the target type", OrderRejected),
        (422, b"", OrderRejected),
        (429, b"", RateLimited),
        (429, b"null", RateLimited),
        (500, b"", OutcomeUnknown),
        (500, b"Order has zero size.", OutcomeUnknown),
        (502, b"<html>Bad Gateway</html>", OutcomeUnknown),
        (503, b"<html>Service Unavailable</html>", OutcomeUnknown),
        (504, b"", OutcomeUnknown),
        (302, b"", OutcomeUnknown),
    ],
)
def test_reply_to_an_order_means(status: int, body: bytes, expected: type[ExchangeError]) -> None:
    assert type(outcomes.submit_error(Response(status, {}, body))) is expected


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, b"", BadReply),
        (400, dump({"code": -1, "msg": "Unable to recover signer."}), AuthenticationFailed),
        (403, b"<html>", VenueUnavailable),
        (404, b"<html>", BadReply),
        (418, b"", RateLimited),
        (422, b"Failed to deserialize the JSON body into the target type", BadReply),
        (429, b"null", RateLimited),
        (500, b"", VenueUnavailable),
        (502, b"<html>", VenueUnavailable),
        (503, b"", VenueUnavailable),
        (302, b"", BadReply),
    ],
)
def test_reply_to_a_question_means(status: int, body: bytes, expected: type[ExchangeError]) -> None:
    assert type(outcomes.read_error(Response(status, {}, body))) is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (samples.placed({"error": MISSING}), OrderNotFound),
        (samples.err(MISSING), OrderNotFound),
        (samples.err(f"User or API Wallet {ADDRESS} does not exist."), AuthenticationFailed),
        (samples.err("Invalid nonce: duplicate nonce 5"), VenueUnavailable),
        (samples.err("Too many cumulative requests sent (3 > 2)"), RateLimited),
        (samples.err("The moon is full."), BadReply),
        (samples.placed({"error": "The moon is full."}), BadReply),
        (samples.placed("failure"), BadReply),
        (samples.placed({"resting": {"oid": 5}}), BadReply),
        (samples.placed(), BadReply),
        ([], BadReply),
    ],
)
def test_reply_to_a_cancel_means(body: object, expected: type[ExchangeError]) -> None:
    with pytest.raises(expected) as caught:
        outcomes.cancel_taken(dump(body))

    assert type(caught.value) is expected


def test_cancel_that_was_taken_means_nothing_more() -> None:
    outcomes.cancel_taken(dump(samples.CANCELLED))


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (NotSent("x"), VenueUnavailable),
        (Interrupted("x"), OutcomeUnknown),
        (reply(b"<html>", 502), OutcomeUnknown),
        (reply(None, 429), RateLimited),
    ],
)
async def test_order_that_fails_is_sent_once(
    failure: Response | TransportError, expected: type[ExchangeError]
) -> None:
    exchange, wire, _ = await build_ready(reply(samples.BOOK), failure)

    with pytest.raises(expected) as caught:
        await exchange.submit(SELL)

    assert type(caught.value) is expected
    assert [request.path for request in wire.requests] == ["/info", "/exchange"]


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
    error = outcomes.read_error(Response(status, headers, b""))

    assert isinstance(error, RateLimited)
    assert (error.retry_after_s, error.banned) == (wait_s, banned)


@pytest.mark.parametrize("classify", [outcomes.submit_error, outcomes.read_error])
@pytest.mark.parametrize("status", [400, 422, 500])
def test_key_that_the_venue_echoes_is_not_repeated(classify: Any, status: int) -> None:
    for body in (dump({"code": 1, "msg": f"key {KEY}\nis wrong"}), f"key={KEY}".encode()):
        error = classify(Response(status, {}, body))

        assert KEY[2:] not in f"{error} {error!r} {getattr(error, 'code', '')}"
        assert "\n" not in str(error)


@given(st.integers(300, 599), st.binary() | JSON.map(dump))
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


STATUSES = st.lists(
    JSON | st.fixed_dictionaries({"error": st.text() | JSON}) | st.just({"filled": {"oid": 1}}),
    max_size=2,
)


@given(
    st.binary()
    | JSON.map(dump)
    | STATUSES.map(lambda statuses: dump(samples.placed(*statuses)))
    | st.text().map(lambda text: dump(samples.err(text)))
)
def test_any_success_is_an_order_or_an_error_of_the_protocol(body: bytes) -> None:
    with suppress(
        NothingMatched, OrderRejected, AuthenticationFailed, VenueUnavailable, OutcomeUnknown
    ):
        outcomes.placed(body)
    with suppress(OrderNotFound, AuthenticationFailed, VenueUnavailable, BadReply):
        outcomes.cancel_taken(body)
