"""What the Hyperliquid adapter asks, and what it makes of the answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from exchanges.errors import AuthenticationFailed, OrderNotFound
from exchanges.order import OrderStatus
from tests.exchanges.hyperliquid import samples
from tests.exchanges.hyperliquid.wired import (
    ACCOUNT,
    AGENT,
    LIMIT,
    NOW_MS,
    body,
    build,
    build_ready,
    signer,
)
from tests.exchanges.scripted_transport import reply


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


@pytest.mark.parametrize("refused", ["Action already expired", "Invalid nonce: nonce too low"])
async def test_after_a_refused_time_the_time_is_asked_before_the_next_order(refused: str) -> None:
    ahead = {**samples.STATE, "time": NOW_MS + 60_000}
    answers = (reply(samples.err(refused)), reply(ahead), reply(samples.resting()))
    exchange, wire, _ = await build_ready(*answers)

    with pytest.raises(AuthenticationFailed):
        await exchange.submit(LIMIT)
    await exchange.submit(LIMIT)

    assert [request.path for request in wire.requests] == ["/exchange", "/info", "/exchange"]
    assert body(wire.requests[2])["nonce"] == NOW_MS + 60_000


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
