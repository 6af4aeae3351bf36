"""What the Binance adapter puts on the wire, and what it makes of the answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from exchanges.errors import (
    AuthenticationFailed,
    OrderDenied,
    OrderNotFound,
    OutcomeUnknown,
    VenueUnavailable,
)
from exchanges.order import Order, OrderStatus
from exchanges.transport import Interrupted, NotSent, Response, TransportError
from tests.exchanges.binance import samples
from tests.exchanges.binance.wired import (
    CREDENTIALS,
    NOW_MS,
    SELL,
    adapter,
    build,
    build_ready,
    is_signed,
    parameters,
)
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.scripted_transport import ScriptedTransport, reply


async def test_market_order_is_sent_signed_and_asks_for_its_result() -> None:
    exchange, wire = await build_ready(reply(samples.order()))

    report = await exchange.submit(replace(SELL, reduce_only=True))

    (request,) = wire.requests
    assert (request.method, request.path, request.body) == ("POST", "/fapi/v1/order", b"")
    assert request.query.rpartition("&signature=")[0] == (
        "symbol=BTCUSDT&side=SELL&type=MARKET&quantity=0.01&reduceOnly=true"
        "&newClientOrderId=kimp-p1-p001&newOrderRespType=RESULT"
        f"&recvWindow=5000&timestamp={NOW_MS}"
    )
    assert is_signed(request)
    assert report.status is OrderStatus.FILLED
    assert report.filled == Decimal("0.01")


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        (
            replace(SELL, quantity=Decimal("0.011")),
            "binance: quantity: expected a multiple of 0.002, got 0.011",
        ),
        (
            replace(SELL, quantity=Decimal("120.002")),
            "binance: quantity: expected at most 120 in a market order, got 120.002",
        ),
        (
            replace(SELL, client_order_id="x" * 37),
            "binance: client_order_id: expected [.A-Z:/a-z0-9_-]{1,36}, got '" + "x" * 37 + "'",
        ),
        (
            replace(SELL, symbol="ETH"),
            "binance: the rules of ETH have not been read, so nothing can be sent",
        ),
    ],
)
async def test_order_against_the_rules_is_denied_and_not_sent(order: Order, sentence: str) -> None:
    exchange, wire = await build_ready()

    with pytest.raises(OrderDenied) as caught:
        await exchange.submit(order)

    assert str(caught.value) == sentence
    assert wire.requests == []


@pytest.mark.parametrize(
    "answer",
    [
        reply(b""),
        reply(b"<html>OK</html>"),
        reply([]),
        reply({"code": -2019, "msg": "Margin is insufficient."}),
        reply(samples.order(clientOrderId="another")),
    ],
)
async def test_success_that_shows_no_order_is_unknown(answer: Response) -> None:
    exchange, _ = await build_ready(answer)

    with pytest.raises(OutcomeUnknown):
        await exchange.submit(SELL)


@pytest.mark.parametrize(
    ("failure", "expected"), [(NotSent("x"), VenueUnavailable), (Interrupted("x"), OutcomeUnknown)]
)
async def test_order_on_a_broken_wire_is_sent_once_and_split_by_what_is_known(
    failure: TransportError, expected: type[Exception]
) -> None:
    exchange, wire = await build_ready(failure)

    with pytest.raises(expected) as caught:
        await exchange.submit(SELL)

    assert type(caught.value) is expected
    assert len(wire.requests) == 1


async def test_requests_are_signed_with_the_time_of_the_venue() -> None:
    exchange, wire, clock = build(reply({"serverTime": NOW_MS + 7_000}), reply([]))

    venue_time = await exchange.server_time()
    clock.advance(1)
    await exchange.balances()

    assert venue_time == datetime(2026, 11, 2, 3, 4, 12, tzinfo=UTC)
    assert parameters(wire.requests[1])["timestamp"] == str(NOW_MS + 8_000)


async def test_order_is_asked_for_by_our_id_and_its_trades_by_the_venue_id() -> None:
    exchange, wire, _ = build(reply(samples.order()), reply(samples.TRADES))

    report = await exchange.order("BTC", "kimp-p1-p001")

    assert [(request.method, request.path) for request in wire.requests] == [
        ("GET", "/fapi/v1/order"),
        ("GET", "/fapi/v1/userTrades"),
    ]
    assert parameters(wire.requests[0])["origClientOrderId"] == "kimp-p1-p001"
    asked = parameters(wire.requests[1])
    assert (asked["orderId"], asked["startTime"]) == ("22542179", "1793588645100")
    assert all(is_signed(request) for request in wire.requests)
    assert report.fills_complete


async def test_order_without_a_fill_needs_no_trades() -> None:
    exchange, wire, _ = build(reply(samples.order(status="NEW", executedQty="0")))

    report = await exchange.order("BTC", "kimp-p1-p001")

    assert report.fills_complete
    assert len(wire.requests) == 1


@pytest.mark.parametrize("code", [-2011, -2013])
async def test_unknown_order_is_not_found(code: int) -> None:
    unknown = reply({"code": code, "msg": "Unknown order sent."}, 400)
    exchange, _, _ = build(unknown, unknown)

    with pytest.raises(OrderNotFound):
        await exchange.order("BTC", "kimp-1")
    with pytest.raises(OrderNotFound):
        await exchange.cancel("BTC", "kimp-1")


async def test_cancel_asks_by_our_id_and_nothing_more() -> None:
    exchange, wire, _ = build(reply(samples.order(status="CANCELED")))

    await exchange.cancel("BTC", "kimp-p1-p001")

    (request,) = wire.requests
    assert (request.method, request.path) == ("DELETE", "/fapi/v1/order")
    assert parameters(request)["origClientOrderId"] == "kimp-p1-p001"


async def test_open_orders_of_one_market() -> None:
    exchange, wire, _ = build(reply([samples.order(status="NEW", executedQty="0")]))

    (order,) = await exchange.open_orders("BTC")

    assert order.status is OrderStatus.NEW
    assert parameters(wire.requests[0])["symbol"] == "BTCUSDT"


async def test_fills_of_weeks_are_asked_for_in_windows_of_seven_days() -> None:
    exchange, wire, clock = build(
        reply([]), reply(samples.TRADES), reply(samples.TRADES), reply(samples.order())
    )

    fills = await exchange.fills("BTC", clock.now() - timedelta(days=15))

    assert [fill.trade_id for fill in fills] == ["698759", "698760"]
    spans = [parameters(request) for request in wire.requests[:-1]]
    assert len(spans) == 3
    for span in spans:
        assert int(span["endTime"]) - int(span["startTime"]) <= 7 * 86_400_000
    assert [span["startTime"] for span in spans[1:]] == [span["endTime"] for span in spans[:-1]]


async def test_full_page_of_trades_is_followed_from_the_next_id() -> None:
    first = [samples.trade(id=number) for number in range(1_000)]
    exchange, wire, clock = build(
        reply(first), reply([samples.trade(id=1_000)]), reply(samples.order())
    )

    fills = await exchange.fills("BTC", clock.now() - timedelta(hours=1))

    assert len(fills) == 1_001
    assert parameters(wire.requests[1])["fromId"] == "1000"


async def test_fills_carry_our_id_and_each_order_is_asked_for_once() -> None:
    foreign = samples.trade(id=5, orderId=7)
    unknown = reply({"code": -2013, "msg": "Order does not exist."}, 400)
    exchange, wire, clock = build(
        reply([foreign, *samples.TRADES]),
        unknown,
        reply(samples.order()),
        reply(samples.TRADES),
    )

    first = await exchange.fills("BTC", clock.now())
    again = await exchange.fills("BTC", clock.now())

    assert [fill.client_order_id for fill in first] == [None, "kimp-p1-p001", "kimp-p1-p001"]
    assert [fill.client_order_id for fill in again] == ["kimp-p1-p001", "kimp-p1-p001"]
    assert [parameters(request).get("orderId") for request in wire.requests] == [
        None,
        "7",
        "22542179",
        None,
    ]


async def test_fills_before_the_asked_moment_are_left_out() -> None:
    exchange, _, _ = build(reply(samples.TRADES))
    since = datetime(2026, 11, 2, 3, 4, 5, 123001, tzinfo=UTC)

    assert await exchange.fills("BTC", since) == []


async def test_funding_of_both_kinds_comes_from_the_income_feed_and_counts_once() -> None:
    special = samples.income(incomeType="SPECIAL_FUNDING_FEE", time=1793577600001)
    exchange, wire, clock = build(
        reply([samples.income()]),
        reply([]),
        reply([samples.income(), samples.income(tranId=7)]),
        reply([special]),
    )

    payments = await exchange.funding("BTC", clock.now() - timedelta(days=8))

    assert [payment.transaction_id for payment in payments] == [
        "7",
        "9689322392",
        "special-9689322392",
    ]
    asked = [parameters(request) for request in wire.requests]
    assert [question["incomeType"] for question in asked] == [
        "FUNDING_FEE",
        "SPECIAL_FUNDING_FEE",
    ] * 2
    assert {question["symbol"] for question in asked} == {"BTCUSDT"}


async def test_position_balances_and_book_ask_the_current_versions() -> None:
    exchange, wire, clock = build(
        reply([samples.POSITION]), reply(samples.BALANCES), reply(samples.DEPTH)
    )

    position = await exchange.position("BTC")
    balances = await exchange.balances()
    book = await exchange.book("BTC")

    assert [request.path for request in wire.requests] == [
        "/fapi/v3/positionRisk",
        "/fapi/v3/balance",
        "/fapi/v1/depth",
    ]
    assert position.quantity == Decimal("-0.012")
    assert balances[0].currency == "USDT"
    assert book.received == clock.monotonic()
    assert wire.requests[2].headers == {}


async def test_without_a_key_only_market_data_is_read() -> None:
    wire = ScriptedTransport(reply(samples.DEPTH))
    exchange = adapter(wire, None, ManualClock())

    await exchange.book("BTC")
    with pytest.raises(AuthenticationFailed, match="no key is set"):
        await exchange.balances()

    assert len(wire.requests) == 1


async def test_no_error_repr_or_request_shows_key_or_signature() -> None:
    echo = {"code": -2015, "msg": f"{CREDENTIALS.access_key} {CREDENTIALS.secret_key}"}
    exchange, wire = await build_ready(
        Interrupted("x"), reply(echo, 401), reply({**echo, "code": -2019}, 400)
    )
    shown = [repr(exchange), repr(CREDENTIALS)]

    for question in (exchange.submit(SELL), exchange.balances(), exchange.submit(SELL)):
        with pytest.raises(Exception) as caught:
            await question
        error: BaseException | None = caught.value
        while error is not None:
            shown.append(f"{error!s} {error!r} {vars(error)}")
            error = error.__cause__ or error.__context__
    shown.extend(repr(request) for request in wire.requests)

    signatures = [parameters(request)["signature"] for request in wire.requests]
    for secret in (CREDENTIALS.access_key, CREDENTIALS.secret_key, *signatures):
        assert not any(secret in text for text in shown)
