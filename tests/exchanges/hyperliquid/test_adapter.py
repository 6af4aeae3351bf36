"""What the Hyperliquid adapter puts on the wire, and what it makes of the answers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from exchanges.credentials import Credentials
from exchanges.errors import (
    AuthenticationFailed,
    OrderDenied,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    VenueUnavailable,
)
from exchanges.hyperliquid.client import ORDER_LIFE_MS
from exchanges.order import Order, OrderStatus, OrderType, TimeInForce
from exchanges.side import Side
from exchanges.transport import Interrupted, Response
from tests.exchanges.hyperliquid import samples
from tests.exchanges.hyperliquid.wired import (
    ACCOUNT,
    AGENT,
    CREDENTIALS,
    NOW_MS,
    RULES,
    SELL,
    body,
    build,
    build_ready,
    signer,
)
from tests.exchanges.scripted_transport import reply

LIMIT = replace(SELL, type=OrderType.LIMIT, price=Decimal("50010"))


async def test_market_order_is_an_ioc_order_five_percent_through_the_book() -> None:
    exchange, wire, _ = await build_ready(reply(samples.BOOK), reply(samples.filled()))

    report = await exchange.submit(replace(SELL, reduce_only=True))

    question, sent = wire.requests
    assert body(question) == {"type": "l2Book", "coin": "BTC"}
    assert body(sent)["action"] == {
        "type": "order",
        "orders": [
            {
                "a": 2,
                "b": False,
                "p": "47501",
                "s": "0.01",
                "r": True,
                "t": {"limit": {"tif": "Ioc"}},
                "c": samples.CLOID,
            }
        ],
        "grouping": "na",
    }
    assert signer(sent) == AGENT
    assert (report.status, report.filled) == (OrderStatus.FILLED, Decimal("0.01"))
    assert (report.client_order_id, report.venue_order_id) == (samples.ID, str(samples.OID))
    assert report.fills == ()


async def test_keys_are_sent_in_the_order_that_is_signed() -> None:
    exchange, wire, _ = await build_ready(reply(samples.resting()))

    await exchange.submit(LIMIT)

    action = body(wire.requests[0])["action"]
    assert list(action) == ["type", "orders", "grouping"]
    assert list(action["orders"][0]) == ["a", "b", "p", "s", "r", "t", "c"]


async def test_order_dies_if_it_is_late() -> None:
    exchange, wire, _ = await build_ready(reply(samples.resting()))

    await exchange.submit(LIMIT)

    sent = body(wire.requests[0])
    assert (sent["nonce"], sent["expiresAfter"]) == (NOW_MS, NOW_MS + ORDER_LIFE_MS)


@pytest.mark.parametrize(
    ("time_in_force", "tif"),
    [
        (None, "Gtc"),
        (TimeInForce.GTC, "Gtc"),
        (TimeInForce.IOC, "Ioc"),
        (TimeInForce.POST_ONLY, "Alo"),
    ],
)
async def test_limit_order_names_price_and_time_in_force(
    time_in_force: TimeInForce | None, tif: str
) -> None:
    exchange, wire, _ = await build_ready(reply(samples.resting()))

    report = await exchange.submit(replace(LIMIT, side=Side.BUY, time_in_force=time_in_force))

    (row,) = body(wire.requests[0])["action"]["orders"]
    assert (row["b"], row["p"], row["t"]) == (True, "50010", {"limit": {"tif": tif}})
    assert (report.status, report.filled) == (OrderStatus.NEW, Decimal(0))


async def test_test_network_is_signed_for_as_such() -> None:
    rest = "https://api.hyperliquid-testnet.xyz"
    exchange, wire, _ = await build_ready(reply(samples.resting()), rest=rest)

    await exchange.submit(LIMIT)

    assert signer(wire.requests[0], is_mainnet=False) == AGENT


async def test_nonces_rise_within_a_millisecond_and_when_the_clock_steps_back() -> None:
    exchange, wire, clock = await build_ready(*[reply(samples.resting())] * 3)

    for number, step_s in enumerate((0, 0, -30)):
        clock.advance(step_s)
        await exchange.submit(replace(LIMIT, client_order_id=f"kimp-{number}"))

    assert [body(request)["nonce"] for request in wire.requests] == [NOW_MS, NOW_MS + 1, NOW_MS + 2]
    assert body(wire.requests[2])["expiresAfter"] == NOW_MS - 30_000 + ORDER_LIFE_MS


@pytest.mark.parametrize(
    ("order", "answer", "status", "filled"),
    [
        (SELL, samples.filled("0.006"), OrderStatus.EXPIRED, "0.006"),
        (LIMIT, samples.filled("0.006"), OrderStatus.PARTIALLY_FILLED, "0.006"),
        (LIMIT, samples.filled("0.010"), OrderStatus.FILLED, "0.01"),
        # An IOC order cannot rest; one that does is told as what it is.
        (SELL, samples.resting(), OrderStatus.NEW, "0"),
        (
            SELL,
            samples.refused(
                "Order could not immediately match against any resting orders. asset=2"
            ),
            OrderStatus.EXPIRED,
            "0",
        ),
    ],
)
async def test_order_that_was_taken(
    order: Order, answer: Any, status: OrderStatus, filled: str
) -> None:
    book = [] if order.price else [reply(samples.BOOK)]
    exchange, _, _ = await build_ready(*book, reply(answer))

    report = await exchange.submit(order)

    assert (report.status, report.filled) == (status, Decimal(filled))
    assert report.client_order_id == samples.ID


async def test_reply_of_more_than_was_ordered_is_unknown() -> None:
    exchange, _, _ = await build_ready(reply(samples.filled("0.02")))

    with pytest.raises(OutcomeUnknown):
        await exchange.submit(LIMIT)


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        (replace(SELL, quantity=Decimal("0.000001")), "quantity: expected a multiple of 0.00001"),
        (replace(LIMIT, price=Decimal("50010.1")), "price: expected a multiple of the tick 1"),
        (replace(LIMIT, price=Decimal("123456")), "price: expected a multiple of the tick 10"),
        (replace(LIMIT, quantity=Decimal("0.00019")), "value: expected at least 10"),
        (replace(LIMIT, client_order_id="UPPER"), "client_order_id: expected"),
        (replace(SELL, symbol="ETH"), "the rules of ETH have not been read"),
        (replace(LIMIT, time_in_force=TimeInForce.FOK), "Hyperliquid has no fill-or-kill"),
    ],
)
async def test_order_against_the_rules_is_denied_and_not_sent(order: Order, sentence: str) -> None:
    exchange, wire, _ = await build_ready()
    room = exchange.order_room()

    with pytest.raises(OrderDenied) as caught:
        await exchange.submit(order, exchange.book_order())

    assert sentence in str(caught.value)
    assert wire.requests == []
    assert exchange.order_room() == room


@pytest.mark.parametrize(
    "answer",
    [
        reply({**samples.BOOK, "levels": [[], []]}),
        reply(b"<html>"),
        reply(b"", 502),
        Interrupted("x"),
    ],
)
async def test_market_order_without_a_book_is_not_sent(answer: Any) -> None:
    exchange, wire, _ = await build_ready(answer)
    room = exchange.order_room()

    with pytest.raises(VenueUnavailable):
        await exchange.submit(SELL, exchange.book_order())

    assert [request.path for request in wire.requests] == ["/info"]
    assert room - exchange.order_room() == 2


async def test_market_order_uses_the_book_that_it_saw_a_moment_ago() -> None:
    answers = [reply(samples.BOOK), reply(samples.filled()), reply(samples.BOOK)]
    exchange, wire, clock = await build_ready(*answers, reply(samples.filled()))

    await exchange.book("BTC")
    await exchange.submit(SELL)
    clock.advance(1.5)
    await exchange.submit(replace(SELL, client_order_id="kimp-2"))

    assert [request.path for request in wire.requests] == [
        *("/info", "/exchange"),
        *("/info", "/exchange"),
    ]


async def test_order_is_read_by_our_id_and_its_trades_from_when_it_was_made() -> None:
    exchange, wire, clock = build(reply(samples.order_status()), reply(samples.FILLS))
    clock.advance(-3_600)  # the venue's times count, not ours

    report = await exchange.order("BTC", samples.ID)

    status, fills = map(body, wire.requests)
    user = ACCOUNT.lower()
    assert status == {"type": "orderStatus", "user": user, "oid": samples.CLOID}
    assert fills == {
        "type": "userFillsByTime",
        "user": user,
        "startTime": samples.MADE_MS,
        "endTime": samples.MADE_MS + 40 + 60_000,  # a minute after its end
    }
    assert report.status is OrderStatus.FILLED
    assert report.fills_complete
    assert report.value == Decimal("499.996")


async def test_order_of_another_program_is_read_and_cancelled_by_its_cloid() -> None:
    found = samples.order_status("open", sz="0.01", cloid=samples.OTHER_CLOID)
    exchange, wire, _ = build(
        reply(found), reply([]), reply(samples.META), reply(samples.CANCELLED)
    )

    report = await exchange.order("BTC", samples.OTHER_CLOID)
    await exchange.cancel("BTC", report.client_order_id)

    assert body(wire.requests[0])["oid"] == samples.OTHER_CLOID
    assert body(wire.requests[3])["action"]["cancels"] == [
        {"asset": 2, "cloid": samples.OTHER_CLOID}
    ]


async def test_order_turned_down_needs_no_trades() -> None:
    exchange, wire, _ = build(reply(samples.order_status("iocCancelRejected", sz="0.01")))

    report = await exchange.order("BTC", samples.ID)

    assert (report.status, report.filled) == (OrderStatus.EXPIRED, Decimal(0))
    assert len(wire.requests) == 1


async def test_unknown_order_is_not_found() -> None:
    missing = samples.placed(
        {"error": "Order was never placed, already canceled, or filled. asset=2"}
    )
    exchange, wire, _ = await build_ready(reply(samples.NO_ORDER), reply(missing))

    with pytest.raises(OrderNotFound):
        await exchange.order("BTC", samples.ID)
    with pytest.raises(OrderNotFound):
        await exchange.cancel("BTC", samples.ID)
    with pytest.raises(OrderNotFound):
        await exchange.order("BTC", "no order can be called so")
    with pytest.raises(OrderNotFound):
        await exchange.cancel("BTC", "")

    assert len(wire.requests) == 2


async def test_cancel_names_our_id_and_does_not_expire() -> None:
    exchange, wire, _ = await build_ready(reply(samples.CANCELLED))

    await exchange.cancel("BTC", samples.ID)

    (sent,) = wire.requests
    assert body(sent)["action"] == {
        "type": "cancelByCloid",
        "cancels": [{"asset": 2, "cloid": samples.CLOID}],
    }
    assert body(sent)["expiresAfter"] is None
    assert signer(sent) == AGENT


async def test_open_orders_of_one_market() -> None:
    rows = [samples.basic_order(sz="0.01"), samples.basic_order(coin="ETH")]
    exchange, wire, _ = build(reply(rows))

    (report,) = await exchange.open_orders("BTC")

    assert body(wire.requests[0]) == {"type": "frontendOpenOrders", "user": ACCOUNT.lower()}
    assert (report.client_order_id, report.status) == (samples.ID, OrderStatus.NEW)


@pytest.mark.parametrize("newest_first", [False, True])
async def test_full_page_of_trades_is_followed_by_the_next(newest_first: bool) -> None:
    rows = [samples.fill(tid=tid, time=NOW_MS + tid * 1_000) for tid in range(900)]
    pages = [rows[:500], rows[499:999], []] if not newest_first else [rows[400:], rows[:401], []]
    if newest_first:
        pages = [page[::-1] for page in pages]
    exchange, wire, clock = build(*map(reply, pages))
    clock.advance(3_600)

    fills = await exchange.fills("BTC", clock.now() - timedelta(hours=1))

    assert [fill.trade_id for fill in fills] == [str(tid) for tid in range(900)]
    asked = [(question["startTime"], question["endTime"]) for question in map(body, wire.requests)]
    last = NOW_MS + 3_600_000 + 86_400_000  # ahead, should our clock be behind
    if newest_first:
        assert asked == [(NOW_MS, last), (NOW_MS, NOW_MS + 400_000)]
    else:
        assert asked == [(NOW_MS, last), (NOW_MS + 499_000, last)]


async def test_fills_before_the_asked_moment_are_left_out() -> None:
    exchange, _, _ = build(reply(samples.FILLS))
    since = datetime.fromtimestamp(NOW_MS / 1000, UTC) + timedelta(seconds=1)

    assert await exchange.fills("BTC", since) == []


async def test_funding_counts_each_settlement_once() -> None:
    hours = [{**samples.funding(), "time": NOW_MS + hour * 3_600_000} for hour in range(600)]
    exchange, wire, clock = build(reply(hours[:500]), reply(hours[499:]))
    start = clock.now()
    clock.advance(600 * 3_600)

    payments = await exchange.funding("BTC", start)

    assert len(payments) == len({payment.transaction_id for payment in payments}) == 600
    assert body(wire.requests[1])["startTime"] == NOW_MS + 499 * 3_600_000


async def test_requests_are_signed_with_the_time_of_the_venue() -> None:
    ahead = {**samples.STATE, "time": NOW_MS + 7_000}
    exchange, wire, clock = await build_ready(reply(ahead), reply(samples.resting()))

    venue_time = await exchange.server_time()
    clock.advance(1)
    await exchange.submit(LIMIT)

    assert venue_time == clock.now() + timedelta(seconds=6)
    assert body(wire.requests[0]) == {"type": "clearinghouseState", "user": "0x" + "0" * 40}
    sent = body(wire.requests[1])
    assert (sent["nonce"], sent["expiresAfter"]) == (NOW_MS + 8_000, NOW_MS + 13_000)


async def test_time_that_cannot_be_is_not_signed_with() -> None:
    far = {**samples.STATE, "time": 253_402_300_799_000}
    exchange, wire, clock = await build_ready(reply(far), reply(samples.resting()))

    venue_time = await exchange.server_time()
    clock.advance(1)
    await exchange.submit(LIMIT)

    assert venue_time.year == 9999
    assert body(wire.requests[1])["nonce"] == NOW_MS + 1_000


async def test_balance_position_and_book_are_read() -> None:
    exchange, wire, clock = build(reply(samples.STATE), reply(samples.STATE), reply(samples.BOOK))

    (balance,) = await exchange.balances()
    position = await exchange.position("BTC")
    book = await exchange.book("BTC")

    assert (balance.currency, balance.total) == ("USDC", Decimal("1003"))
    assert position.quantity == Decimal("-0.01")
    assert book.received == clock.monotonic()
    assert body(wire.requests[0]) == {"type": "clearinghouseState", "user": ACCOUNT.lower()}


async def test_rules_tell_how_many_actions_are_left() -> None:
    use = {"cumVlm": "0.0", "nRequestsUsed": 9_700, "nRequestsCap": 10_000}
    exchange, _, _ = build(*RULES[:2], reply(use), reply(samples.resting()))
    await exchange.rules("BTC")

    await exchange.submit(LIMIT)

    assert exchange.order_room() == 300 - 100 - 1


async def test_address_without_actions_sends_no_order_for_ten_seconds() -> None:
    used_up = samples.err("Too many cumulative requests sent (37986 > 10436) for …")
    exchange, wire, clock = await build_ready(reply(used_up), reply(samples.resting()))

    for _ in range(2):
        with pytest.raises(RateLimited) as caught:
            await exchange.submit(LIMIT)
    assert len(wire.requests) == 1
    clock.advance(10)
    await exchange.submit(LIMIT)

    assert caught.value.retry_after_s == 10
    assert exchange.order_room() == 0
    with pytest.raises(RateLimited):
        exchange.book_order()


async def test_too_much_weight_silences_everything_until_it_ends() -> None:
    exchange, wire, clock = await build_ready(reply(None, 429), reply(samples.BOOK))

    with pytest.raises(RateLimited):
        await exchange.position("BTC")
    with pytest.raises(RateLimited):
        await exchange.submit(LIMIT)
    assert exchange.order_room() == 0
    clock.advance(10)
    await exchange.book("BTC")

    assert len(wire.requests) == 2


async def test_booked_place_is_used_once() -> None:
    exchange, _, _ = await build_ready(reply(samples.resting()))
    room = exchange.order_room()

    booking = exchange.book_order()
    await exchange.submit(LIMIT, booking)
    booking.release()

    assert exchange.order_room() == room - 1


@pytest.mark.parametrize(
    ("role", "expected"),
    [({"role": "agent", "data": {"user": ACCOUNT}}, False)],
)
async def test_api_wallet_of_the_account_cannot_withdraw(role: Any, expected: bool) -> None:
    exchange, wire, _ = build(reply(role))

    assert await exchange.key_can_withdraw() is expected
    assert body(wire.requests[0]) == {"type": "userRole", "user": AGENT}


async def test_key_of_the_account_itself_can_withdraw() -> None:
    exchange, wire, _ = build(credentials=replace(CREDENTIALS, access_key=AGENT))

    assert await exchange.key_can_withdraw() is True
    assert wire.requests == []


@pytest.mark.parametrize(
    "role",
    [{"role": "missing"}, {"role": "user"}, {"role": "agent", "data": {"user": "0x" + "1" * 40}}],
)
async def test_key_of_another_account_is_told(role: Any) -> None:
    exchange, _, _ = build(reply(role))

    with pytest.raises(AuthenticationFailed):
        await exchange.key_can_withdraw()


async def test_without_a_key_only_market_data_is_read() -> None:
    exchange, wire, _ = build(reply(samples.BOOK), reply(samples.STATE), credentials=None)

    await exchange.book("BTC")
    await exchange.server_time()
    with pytest.raises(AuthenticationFailed):
        await exchange.balances()
    with pytest.raises(AuthenticationFailed):
        await anext(exchange.stream_orders())

    assert len(wire.requests) == 2


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials("access-key", CREDENTIALS.secret_key),
        Credentials(ACCOUNT, "secret-key"),
        Credentials(ACCOUNT, "0" * 64),
    ],
)
def test_credentials_that_are_none_are_refused_without_being_shown(
    credentials: Credentials,
) -> None:
    with pytest.raises(ValueError) as refused:
        build(credentials=credentials)

    assert credentials.secret_key not in str(refused.value)
    assert credentials.access_key not in str(refused.value)


async def test_no_error_repr_or_request_shows_key_or_signature() -> None:
    echo = {"code": 1, "msg": f"bad key {CREDENTIALS.secret_key}"}
    exchange, wire, _ = await build_ready(reply(echo, 400))

    with pytest.raises(OutcomeUnknown) as caught:
        await exchange.submit(LIMIT)

    (sent,) = wire.requests
    shown = f"{caught.value} {caught.value!r} {sent!r} {exchange!r} {vars(exchange)!r}"
    assert CREDENTIALS.secret_key.removeprefix("0x") not in shown
    assert body(sent)["signature"]["s"].removeprefix("0x") not in shown


async def test_every_error_of_a_rejected_order_leaves_it_out_of_the_tracked_ones() -> None:
    refused = samples.refused("Insufficient margin to place order. asset=2")
    answers: list[Response] = [reply(refused), reply(json.dumps(samples.resting()).encode())]
    exchange, _, _ = await build_ready(*answers)

    with pytest.raises(OrderRejected) as caught:
        await exchange.submit(LIMIT)
    report = await exchange.submit(LIMIT)

    assert caught.value.code == "perpMarginRejected"
    assert report.status is OrderStatus.NEW
