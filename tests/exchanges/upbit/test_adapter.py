"""What the Upbit adapter puts on the wire, and what it makes of the answers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from exchanges.credentials import Credentials
from exchanges.errors import (
    AuthenticationFailed,
    BadReply,
    OrderDenied,
    OrderNotFound,
    OutcomeUnknown,
    VenueUnavailable,
)
from exchanges.order import Order, OrderStatus, OrderType, TimeInForce
from exchanges.order_tracking import OrderKey
from exchanges.side import Side
from exchanges.transport import Interrupted, NotSent, TransportError
from exchanges.upbit.signing import query_hash
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.scripted_transport import ScriptedTransport, reply
from tests.exchanges.upbit import samples
from tests.exchanges.upbit.wired import (
    ACCESS,
    BUY,
    SECRET,
    adapter,
    build,
    build_ready,
    claims,
)


async def test_market_sell_is_by_quantity() -> None:
    answer = samples.order(side="ask", ord_type="market", price=None, identifier="kimp-1")
    exchange, wire = await build_ready(reply(answer, 201))

    await exchange.submit(
        Order("kimp-1", "BTC", Side.SELL, OrderType.MARKET, Decimal("0.01000000"))
    )

    assert json.loads(wire.requests[0].body) == {
        "market": "KRW-BTC",
        "side": "ask",
        "ord_type": "market",
        "volume": "0.01",
        "identifier": "kimp-1",
        "smp_type": "cancel_maker",
    }


async def test_post_only_order_names_no_self_match_mode() -> None:
    exchange, wire = await build_ready(reply(samples.order(), 201))

    await exchange.submit(replace(BUY, time_in_force=TimeInForce.POST_ONLY))

    assert "smp_type" not in json.loads(wire.requests[0].body)


@pytest.mark.parametrize("time_in_force", [None, TimeInForce.GTC])
async def test_resting_order_names_no_time_in_force(time_in_force: TimeInForce | None) -> None:
    exchange, wire = await build_ready(reply(samples.order(), 201))

    await exchange.submit(replace(BUY, time_in_force=time_in_force))

    assert "time_in_force" not in json.loads(wire.requests[0].body)


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        (
            Order("kimp-1", "BTC", Side.BUY, OrderType.MARKET, Decimal("0.01")),
            "upbit: type: expected limit, because Upbit's market buy takes an amount of KRW and "
            "cannot buy an exact quantity",
        ),
        (
            replace(BUY, reduce_only=True),
            "upbit: reduce_only: expected false, a spot market has no positions to reduce",
        ),
        (
            replace(BUY, price=Decimal("61500500")),
            "upbit: price: expected a multiple of the tick 1000, got 61500500",
        ),
        (
            replace(BUY, quantity=Decimal("0.00001")),
            "upbit: value: expected at least 5500, got 615.01",
        ),
        (
            replace(BUY, symbol="ETH"),
            "upbit: the rules of ETH have not been read, so nothing can be sent",
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
    "body",
    [
        b"",
        b"<html>OK</html>",
        b"[]",
        b"{}",
        json.dumps(samples.order(identifier="x")).encode(),
        json.dumps(samples.order(identifier=None, volume="0.02")).encode(),
        json.dumps(samples.order(volume="0.02")).encode(),
        json.dumps(samples.order(side="ask")).encode(),
        json.dumps(samples.order(market="KRW-ETH")).encode(),
        json.dumps(samples.order(ord_type="price", volume=None)).encode(),
        json.dumps(samples.order(executed_volume="0.02")).encode(),
    ],
)
async def test_success_that_does_not_show_the_order_is_unknown(body: bytes) -> None:
    exchange, _ = await build_ready(reply(body, 201))

    with pytest.raises(OutcomeUnknown):
        await exchange.submit(BUY)


@pytest.mark.parametrize(
    ("failure", "expected"), [(NotSent("x"), VenueUnavailable), (Interrupted("x"), OutcomeUnknown)]
)
async def test_order_on_a_broken_wire_is_sent_once_and_split_by_what_is_known(
    failure: TransportError, expected: type[Exception]
) -> None:
    exchange, wire = await build_ready(failure)

    with pytest.raises(expected) as caught:
        await exchange.submit(BUY)

    assert type(caught.value) is expected
    assert len(wire.requests) == 1


async def test_each_request_has_a_nonce_of_its_own() -> None:
    exchange, wire, _ = build(*(reply([]) for _ in range(5)))

    for _ in range(5):
        await exchange.balances()

    assert len({claims(request)["nonce"] for request in wire.requests}) == 5


async def test_order_is_asked_for_by_our_id_and_comes_with_its_fills() -> None:
    exchange, wire, _ = build(reply(samples.FILLED))

    report = await exchange.order("BTC", "kimp-p1-s001")

    (request,) = wire.requests
    assert (request.method, request.path) == ("GET", "/v1/order")
    assert request.query == "identifier=kimp-p1-s001"
    assert claims(request)["query_hash"] == query_hash([("identifier", "kimp-p1-s001")])
    assert report.status is OrderStatus.FILLED
    assert report.fills_complete


async def test_order_that_was_not_asked_for_is_no_answer() -> None:
    other = reply({**samples.FILLED, "uuid": "other"})
    exchange, _, clock = build(other, reply([]), reply([samples.FILLED]), other)

    with pytest.raises(BadReply, match=r"order\.uuid"):
        await exchange.read_order(OrderKey("BTC", "kimp-p1-s001", samples.FILLED["uuid"]))
    with pytest.raises(BadReply, match=r"order\.uuid"):
        await exchange.fills("BTC", clock.now() - timedelta(hours=1))


async def test_unknown_order_is_not_found() -> None:
    unknown = reply({"error": {"name": "order_not_found", "message": "?"}}, 404)
    exchange, _, _ = build(unknown, unknown)

    with pytest.raises(OrderNotFound):
        await exchange.order("BTC", "kimp-1")
    with pytest.raises(OrderNotFound):
        await exchange.cancel("BTC", "kimp-1")


async def test_cancel_asks_and_nothing_more() -> None:
    exchange, wire, _ = build(reply(samples.order()))

    await exchange.cancel("BTC", "kimp-p1-s001")

    (request,) = wire.requests
    assert (request.method, request.path) == ("DELETE", "/v1/order")
    assert (request.query, request.body) == ("identifier=kimp-p1-s001", b"")


async def test_open_orders_are_read_to_the_last_page() -> None:
    pages = [
        [samples.order(uuid=f"u-{number}") for number in range(100)],
        [samples.order(uuid="u-100")],
    ]
    exchange, wire, _ = build(*(reply(page) for page in pages))

    orders = await exchange.open_orders("BTC")

    assert len({order.venue_order_id for order in orders}) == 101
    assert [request.query for request in wire.requests] == [
        "market=KRW-BTC&states[]=wait&states[]=watch&page=1&limit=100",
        "market=KRW-BTC&states[]=wait&states[]=watch&page=2&limit=100",
    ]


async def test_fills_are_collected_from_every_order_that_traded() -> None:
    other = {
        **samples.FILLED,
        "uuid": "u-2",
        "state": "cancel",
        "trades": [
            {**trade, "uuid": f"other-{trade['uuid']}"} for trade in samples.FILLED["trades"]
        ],
    }
    untouched = samples.order(uuid="u-3", state="cancel")
    closed = [
        {key: value for key, value in row.items() if key != "trades"}
        for row in (samples.FILLED, other, untouched)
    ]
    exchange, wire, clock = build(reply([]), reply(closed), reply(samples.FILLED), reply(other))

    fills = await exchange.fills("BTC", clock.now() + timedelta(milliseconds=200))

    assert [fill.trade_id for fill in fills] == ["other-t-2", "t-2"]
    assert [request.path for request in wire.requests] == [
        "/v1/orders/open",
        "/v1/orders/closed",
        "/v1/order",
        "/v1/order",
    ]


async def test_fills_of_weeks_are_asked_for_in_windows_of_seven_days() -> None:
    exchange, wire, clock = build(*(reply([]) for _ in range(5)))

    assert await exchange.fills("BTC", clock.now() - timedelta(days=15)) == []

    spans = [
        dict(part.split("=") for part in request.query.split("&"))
        for request in wire.requests
        if request.path == "/v1/orders/closed"
    ]
    assert len(spans) == 4
    for span in spans:
        assert int(span["end_time"]) - int(span["start_time"]) <= 7 * 86_400_000
    assert [span["start_time"] for span in spans[1:]] == [span["end_time"] for span in spans[:-1]]


async def test_full_page_of_closed_orders_is_followed_by_the_next() -> None:
    first = [
        samples.order(uuid=f"u-{number}", state="cancel", created_at="2026-11-02T11:30:00+09:00")
        for number in range(1_000)
    ]
    second = [first[-1], {**samples.FILLED, "created_at": "2026-11-02T12:00:00+09:00"}]
    exchange, wire, clock = build(reply([]), reply(first), reply(second), reply(samples.FILLED))

    fills = await exchange.fills("BTC", clock.now() - timedelta(hours=1))

    assert len(fills) == 2
    assert "start_time=1793586600000" in wire.requests[2].query


async def test_trade_of_an_order_that_rested_for_days_is_found_and_its_order_read_once() -> None:
    old = {**samples.FILLED, "created_at": "2026-10-28T12:00:00+09:00", "time_in_force": None}
    listed = {key: value for key, value in old.items() if key != "trades"}
    at_once = {**listed, "uuid": "u-2", "time_in_force": "ioc"}
    exchange, wire, clock = build(
        *(reply([]), reply([listed, at_once]), reply(old)),
        *(reply([]), reply([listed, at_once])),
    )
    since = clock.now() - timedelta(hours=20)

    first = await exchange.fills("BTC", since)
    again = await exchange.fills("BTC", since)

    assert [fill.trade_id for fill in first] == ["t-1", "t-2"]
    assert again == first
    read = [request.query for request in wire.requests if request.path == "/v1/order"]
    assert read == [f"uuid={old['uuid']}"]


async def test_trade_of_an_order_older_than_any_window_is_found_when_it_was_seen_open() -> None:
    resting = samples.order(created_at="2026-09-01T12:00:00+09:00", time_in_force=None)
    filled = {**samples.FILLED, "created_at": resting["created_at"], "time_in_force": None}
    exchange, _, clock = build(
        reply([resting]),
        *(reply([]), reply([]), reply(filled)),
        *(reply([]), reply([])),
    )
    await exchange.open_orders("BTC")

    first = await exchange.fills("BTC", clock.now() - timedelta(hours=20))
    again = await exchange.fills("BTC", clock.now() - timedelta(hours=20))

    assert [fill.trade_id for fill in first] == ["t-1", "t-2"]
    assert again == first


async def test_open_order_is_read_for_its_trades_only_when_it_has_some() -> None:
    untouched = samples.order(uuid="u-1", time_in_force=None)
    part = {**samples.FILLED, "state": "wait", "volume": "0.02", "time_in_force": None}
    exchange, wire, clock = build(reply([untouched, part]), reply([]), reply(part))

    fills = await exchange.fills("BTC", clock.now() - timedelta(hours=1))

    assert [fill.trade_id for fill in fills] == ["t-1", "t-2"]
    read = [request.query for request in wire.requests if request.path == "/v1/order"]
    assert read == [f"uuid={part['uuid']}"]


async def test_closed_orders_that_never_go_on_are_a_bad_reply() -> None:
    page = reply([samples.order(uuid=f"u-{number}", state="cancel") for number in range(1_000)])
    exchange, _, clock = build(reply([]), page, page)

    with pytest.raises(BadReply, match="go on"):
        await exchange.fills("BTC", clock.now() - timedelta(hours=1))


async def test_market_questions_carry_no_key() -> None:
    exchange, wire, clock = build(reply(samples.ORDERBOOK))

    book = await exchange.book("BTC")

    assert wire.requests[0].headers == {}
    assert book.received == clock.monotonic()


async def test_spot_pays_no_funding() -> None:
    exchange, wire, clock = build()

    assert await exchange.funding("BTC", clock.now()) == ()
    assert wire.requests == []


async def test_without_a_key_only_market_data_is_read() -> None:
    wire = ScriptedTransport(reply(samples.ORDERBOOK))
    exchange = adapter(wire, ManualClock(), credentials=None)

    await exchange.book("BTC")
    with pytest.raises(AuthenticationFailed, match="no key is set"):
        await exchange.balances()

    assert len(wire.requests) == 1


async def test_no_error_repr_or_request_shows_key_or_token() -> None:
    echo = json.dumps({"error": {"name": ACCESS, "message": f"{ACCESS} {SECRET}"}}).encode()
    exchange, wire = await build_ready(Interrupted("x"), reply(echo, 401), reply(echo, 400))
    shown = [repr(exchange), repr(Credentials(ACCESS, SECRET))]

    for question in (exchange.submit(BUY), exchange.balances(), exchange.submit(BUY)):
        with pytest.raises(Exception) as caught:
            await question
        error: BaseException | None = caught.value
        while error is not None:
            shown.append(f"{error!s} {error!r} {vars(error)}")
            error = error.__cause__ or error.__context__
    shown.extend(repr(request) for request in wire.requests)

    tokens = [request.headers["authorization"] for request in wire.requests]
    for secret in (ACCESS, SECRET, *tokens):
        assert not any(secret in text for text in shown)
