"""The Upbit adapter stays within the rate limits, and is silent when told to be."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from exchanges.errors import OrderDenied, RateLimited
from exchanges.order import OrderStatus
from exchanges.upbit.limits import SECOND_S
from exchanges.upbit.signing import query_hash
from exchanges.upbit.socket import UpbitSocket
from exchanges.virtual_time import VirtualClock, VirtualTimeLoop, run_virtually
from exchanges.web_socket import NO_HEADERS, Connection, Disconnected, Frame, NotConnected
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.scripted_transport import ScriptedTransport, reply
from tests.exchanges.upbit import samples
from tests.exchanges.upbit.wired import BUY, RULES, Dialer, adapter, build, build_ready, claims


async def test_limit_order_is_sent_as_json_in_the_order_that_is_hashed() -> None:
    exchange, wire = await build_ready(reply(samples.order(), 201))

    report = await exchange.submit(BUY)

    (request,) = wire.requests
    assert (request.method, request.path, request.query) == ("POST", "/v1/orders", "")
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    assert request.body == (
        b'{"market":"KRW-BTC","side":"bid","ord_type":"limit","volume":"0.01","price":"61501000",'
        b'"identifier":"kimp-p1-s001","time_in_force":"ioc","smp_type":"cancel_maker"}'
    )
    assert claims(request)["query_hash"] == query_hash(list(json.loads(request.body).items()))
    assert report.client_order_id == "kimp-p1-s001"
    assert report.status is OrderStatus.NEW


async def test_server_time_is_the_date_header() -> None:
    exchange, wire, _ = build(reply([{}], headers={"date": "Mon, 02 Nov 2026 03:04:05 GMT"}))

    assert await exchange.server_time() == datetime(2026, 11, 2, 3, 4, 5, 500000, tzinfo=UTC)
    assert [request.path for request in wire.requests] == ["/v1/ticker"]


async def test_orders_stop_before_the_venue_limit_and_cancels_go_on() -> None:
    acks = [reply(samples.order(), 201) for _ in range(12)]
    exchange, wire = await build_ready(*acks, reply(samples.order()))
    rooms = []
    for _ in range(12):
        rooms.append(exchange.order_room())
        await exchange.submit(BUY)

    with pytest.raises(RateLimited) as caught:
        await exchange.submit(BUY)
    await exchange.cancel("BTC", BUY.client_order_id)

    assert rooms == [8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0, 0]
    assert 0 < round(caught.value.retry_after_s, 6) <= SECOND_S
    assert [request.method for request in wire.requests] == ["POST"] * 12 + ["DELETE"]


async def test_booked_place_is_an_order_less_and_released_it_is_there_again() -> None:
    exchange, wire = await build_ready(reply(samples.order(), 201))
    booking = exchange.book_order()
    room_while_booked = exchange.order_room()

    await exchange.submit(BUY, booking)
    room_after_sending = exchange.order_room()
    spare = exchange.book_order()
    spare.release()

    assert (room_while_booked, room_after_sending, exchange.order_room()) == (7, 7, 7)
    assert len(wire.requests) == 1


async def test_denied_order_gives_its_place_back() -> None:
    exchange, _ = await build_ready()

    with pytest.raises(OrderDenied):
        await exchange.submit(replace(BUY, reduce_only=True), exchange.book_order())

    assert exchange.order_room() == 8


async def test_reserve_is_not_for_ordinary_orders() -> None:
    exchange, _ = await build_ready()
    for _ in range(8):
        exchange.book_order()

    with pytest.raises(RateLimited):
        exchange.book_order()

    exchange.book_order(urgent=True)


@pytest.mark.parametrize("group", ["order", "exchange.order"])
async def test_remaining_requests_of_the_header_are_believed(group: str) -> None:
    headers = {"remaining-req": f"group={group}; min=198; sec=5"}
    exchange, _ = await build_ready(reply(samples.order(), 201, headers))

    await exchange.submit(BUY)

    assert exchange.order_room() == 1


@pytest.mark.parametrize(
    "header",
    [
        "",
        "group=mystery; min=1; sec=0",
        "group=order",
        "group=order; sec=x",
        "nonsense",
        "group=order; sec=99999999999",
    ],
)
async def test_header_that_says_nothing_changes_nothing(header: str) -> None:
    exchange, _ = await build_ready(reply(samples.order(), 201, {"remaining-req": header}))

    await exchange.submit(BUY)

    assert exchange.order_room() == 7


async def test_too_many_orders_silence_orders_only() -> None:
    exchange, wire = await build_ready(reply(b"", 429), reply(samples.ACCOUNTS))
    with pytest.raises(RateLimited):
        await exchange.submit(BUY)

    assert exchange.order_room() == 0
    with pytest.raises(RateLimited):
        await exchange.submit(BUY)
    await exchange.balances()

    assert [request.method for request in wire.requests] == ["POST", "GET"]


async def test_ban_silences_everything_until_it_ends() -> None:
    exchange, wire, clock = build(reply(b"", 418, {"retry-after": "30"}), reply([]))
    with pytest.raises(RateLimited) as caught:
        await exchange.balances()
    assert caught.value.banned

    with pytest.raises(RateLimited):
        await exchange.book("BTC")
    clock.advance(30)
    await exchange.balances()

    assert len(wire.requests) == 2


def test_fills_of_many_orders_are_read_at_the_pace_of_the_rate_limit() -> None:
    rows = [
        {**samples.FILLED, "uuid": f"u-{number}", "trades": trades}
        for number, trades in enumerate([samples.FILLED["trades"]] * 60)
    ]
    wire = ScriptedTransport(reply([]), reply(rows), *(reply(row) for row in rows))
    loop = VirtualTimeLoop()
    clock = VirtualClock(loop, datetime(2026, 11, 2, 4, tzinfo=UTC))
    exchange = adapter(wire, clock)

    fills = run_virtually(exchange.fills("BTC", clock.now() - timedelta(hours=1)), loop)

    assert len(fills) == 120
    assert 2 <= clock.monotonic() <= 4


def test_rules_wait_while_the_books_use_up_their_limit() -> None:
    loop = VirtualTimeLoop()
    clock = VirtualClock(loop, datetime(2026, 11, 2, 4, tzinfo=UTC))
    wire = ScriptedTransport(*(reply(samples.ORDERBOOK) for _ in range(10)), *RULES)
    exchange = adapter(wire, clock)

    async def story() -> None:
        for number in range(10):
            await exchange.book("BTC", urgent=number == 9)
        with pytest.raises(RateLimited):
            await exchange.book("BTC", urgent=True)
        await exchange.rules("BTC")

    run_virtually(story(), loop)

    assert 1 <= clock.monotonic() < SECOND_S + 0.1


def test_rules_do_not_wait_for_the_end_of_a_ban() -> None:
    loop = VirtualTimeLoop()
    clock = VirtualClock(loop, datetime(2026, 11, 2, 4, tzinfo=UTC))
    wire = ScriptedTransport(reply(b"", 418, {"retry-after": "300"}))
    exchange = adapter(wire, clock)

    async def story() -> None:
        with pytest.raises(RateLimited):
            await exchange.book("BTC")
        with pytest.raises(RateLimited, match="silenced"):
            await exchange.server_time()

    run_virtually(story(), loop)

    assert clock.monotonic() < 1


def test_streams_that_come_back_keep_to_the_limit_of_connections() -> None:
    loop = VirtualTimeLoop()
    clock = VirtualClock(loop, datetime(2026, 11, 2, 4, tzinfo=UTC))
    dialled_at: list[float] = []

    class Down(Dialer):
        async def connect(
            self, url: str, *, headers: Mapping[str, str] = NO_HEADERS, timeout_s: float
        ) -> Connection:
            dialled_at.append(clock.monotonic())
            raise NotConnected("nobody listens")

    async def story() -> None:
        exchange = adapter(ScriptedTransport(), clock, Down())
        streams = [exchange.stream_books([symbol]) for symbol in ("BTC", "ETH", "XRP", "SOL")]
        reading = [asyncio.create_task(anext(stream)) for stream in streams]
        await asyncio.wait(reading, timeout=10)
        for task in reading:
            task.cancel()
        await asyncio.wait(reading)

    run_virtually(story(), loop)

    assert len(dialled_at) > 8
    assert all(later - time >= 1 for time, later in zip(dialled_at, dialled_at[5:], strict=False))


async def test_ban_that_a_stream_meets_silences_every_question() -> None:
    wire, clock = ScriptedTransport(), ManualClock()
    exchange = adapter(wire, clock, Dialer(NotConnected("refused with HTTP 418", status=418)))
    stream = asyncio.create_task(anext(exchange.stream_books(["BTC"])))
    await asyncio.sleep(0)

    with pytest.raises(RateLimited) as caught:
        await exchange.balances()
    stream.cancel()
    await asyncio.wait([stream])

    assert caught.value.retry_after_s == 60
    assert wire.requests == []


def test_messages_of_one_connection_keep_to_their_limits() -> None:
    loop = VirtualTimeLoop()
    clock = VirtualClock(loop, datetime(2026, 11, 2, 4, tzinfo=UTC))
    sent_at: list[float] = []

    class Open:
        async def send(self, frame: Frame) -> None:
            sent_at.append(clock.monotonic())

        async def receive(self) -> Frame:
            raise Disconnected

        async def aclose(self) -> None:
            """Nothing to close."""

    async def story() -> None:
        socket = UpbitSocket(Open(), clock)
        for _ in range(120):
            await socket.ask_subscriptions()

    run_virtually(story(), loop)

    assert all(later - time >= 1 for time, later in zip(sent_at, sent_at[5:], strict=False))
    assert all(later - time >= 60 for time, later in zip(sent_at, sent_at[100:], strict=False))
