"""What the streams make of single frames, of silence and of nonsense."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges.errors import AuthenticationFailed, ExchangeError
from exchanges.order import OrderReport, OrderStatus
from exchanges.side import Side
from exchanges.transport import Request, Response
from exchanges.upbit.stream_parsing import message_of, parse_book, parse_my_order, symbol_of
from exchanges.virtual_time import VirtualClock, VirtualTimeLoop, run_virtually
from exchanges.web_socket import NO_HEADERS, Connection, Frame
from tests.exchanges.scripted_transport import ScriptedTransport, reply
from tests.exchanges.test_reply import JSON
from tests.exchanges.upbit.wired import adapter

T = TypeVar("T")

BOOK: dict[str, Any] = {
    "type": "orderbook",
    "code": "KRW-BTC",
    "timestamp": 1793588645123,
    "total_ask_size": 1.5,
    "total_bid_size": 2.5,
    "orderbook_units": [
        {"ask_price": 61501000.0, "bid_price": 61500000.0, "ask_size": 0.1, "bid_size": 0.3},
        {"ask_price": 61502000.0, "bid_price": 61499000.0, "ask_size": 1e-8, "bid_size": 2.0},
    ],
    "level": 0,
    "stream_type": "SNAPSHOT",
}
MY_ORDER: dict[str, Any] = {
    "type": "myOrder",
    "code": "KRW-BTC",
    "uuid": "ac2dc2a3-fce9-40a2-a4f6-5987c25c438f",
    "ask_bid": "BID",
    "order_type": "limit",
    "state": "trade",
    "trade_uuid": "68315169-fba4-4175-ade3-aff14a616657",
    "price": 61501000.0,
    "avg_price": 61501000.0,
    "volume": 0.004,
    "remaining_volume": 0.006,
    "executed_volume": 0.004,
    "trades_count": 1,
    "reserved_fee": 307.505,
    "remaining_fee": 184.503,
    "paid_fee": 123.002,
    "locked": 369006.0,
    "executed_funds": 246004.0,
    "time_in_force": None,
    "trade_fee": 123.002,
    "is_maker": False,
    "identifier": "kimp-1",
    "smp_type": None,
    "prevented_volume": 0,
    "prevented_locked": 0,
    "trade_timestamp": 1793588645350,
    "order_timestamp": 1793588645000,
    "timestamp": 1793588645400,
    "stream_type": "REALTIME",
}
ENDED = {
    "state": "done",
    "trade_uuid": None,
    "trade_fee": None,
    "remaining_volume": 0,
    "executed_volume": 0.01,
}


def frame(message: object) -> str:
    return json.dumps(message)


def told(**changes: Any) -> OrderReport:
    return parse_my_order(message_of(frame(MY_ORDER | changes)), "BTC")


@dataclass(slots=True)
class Scripted:
    """A connection that brings its frames and then stays mute."""

    frames: list[Frame] = field(default_factory=list)
    sent: list[Frame] = field(default_factory=list)

    async def send(self, frame: Frame) -> None:
        self.sent.append(frame)

    async def receive(self) -> Frame:
        if not self.frames:
            await asyncio.Event().wait()
        return self.frames.pop(0)

    async def aclose(self) -> None:
        """Nothing to close."""


@dataclass(slots=True)
class Dialer:
    """One connection after the other, each with its frames, and when it was asked for."""

    clock: VirtualClock
    scripts: list[list[Frame]]
    dialled_at: list[float] = field(default_factory=list)
    opened: list[Scripted] = field(default_factory=list)

    async def connect(
        self, url: str, *, headers: Mapping[str, str] = NO_HEADERS, timeout_s: float
    ) -> Connection:
        self.dialled_at.append(self.clock.monotonic())
        self.opened.append(Scripted(self.scripts.pop(0) if self.scripts else []))
        return self.opened[-1]

    async def aclose(self) -> None:
        """Nothing to close."""


def virtually(scenario: Callable[[VirtualClock], Awaitable[T]]) -> T:
    loop = VirtualTimeLoop()

    async def run() -> T:
        return await scenario(VirtualClock(loop, datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC)))

    return run_virtually(run(), loop)


async def taken(stream: AsyncGenerator[T, None], within_s: float) -> list[T]:
    """What the stream yields within so many seconds."""
    items: list[T] = []

    async def read() -> None:
        async for item in stream:
            items.append(item)

    reading = asyncio.create_task(read())
    await asyncio.wait([reading], timeout=within_s)
    if reading.done():
        reading.result()
    reading.cancel()
    await asyncio.wait([reading])
    await stream.aclose()
    return items


def books_from(*scripts: list[Frame], within_s: float = 5) -> tuple[list[Any], Dialer]:
    async def scenario(clock: VirtualClock) -> tuple[list[Any], Dialer]:
        dialer = Dialer(clock, list(scripts))
        exchange = adapter(ScriptedTransport(), clock, dialer)
        return await taken(exchange.stream_books(["BTC"]), within_s), dialer

    return virtually(scenario)


def orders_from(*scripts: list[Frame], within_s: float = 5) -> tuple[list[OrderReport], Dialer]:
    async def scenario(clock: VirtualClock) -> tuple[list[OrderReport], Dialer]:
        dialer = Dialer(clock, list(scripts))
        exchange = adapter(ScriptedTransport(), clock, dialer)
        return await taken(exchange.stream_orders(), within_s), dialer

    return virtually(scenario)


# ---- one frame


def test_book_is_read_exactly_from_text_and_from_bytes() -> None:
    from_text = parse_book(message_of(frame(BOOK)), "BTC", 5.0)
    from_bytes = parse_book(message_of(frame(BOOK).encode()), "BTC", 5.0)

    assert from_text == from_bytes
    assert [(level.price, level.quantity) for level in from_text.asks] == [
        (Decimal("61501000.0"), Decimal("0.1")),
        (Decimal("61502000.0"), Decimal("1E-8")),
    ]
    assert from_text.venue_time == datetime(2026, 11, 2, 3, 4, 5, 123000, tzinfo=UTC)
    assert from_text.received == 5.0


@pytest.mark.parametrize(
    ("code", "symbol"),
    [("KRW-BTC", "BTC"), ("KRW-BTC.15", "BTC"), ("BTC-ETH", None), ("USDT-BTC", None)],
)
def test_only_the_market_in_krw_is_ours(code: str, symbol: str | None) -> None:
    assert symbol_of(message_of(frame(BOOK | {"code": code}))) == symbol


def test_trade_is_told_with_its_own_price_quantity_and_fee() -> None:
    report = told()

    (fill,) = report.fills
    assert (report.status, report.quantity, report.filled) == (
        OrderStatus.PARTIALLY_FILLED,
        Decimal("0.010"),
        Decimal("0.004"),
    )
    assert (report.client_order_id, report.side) == ("kimp-1", Side.BUY)
    assert (fill.trade_id, fill.venue_order_id) == (MY_ORDER["trade_uuid"], MY_ORDER["uuid"])
    assert (fill.price, fill.quantity, fill.fee) == (
        Decimal("61501000.0"),
        Decimal("0.004"),
        Decimal("123.002"),
    )
    assert fill.time == datetime(2026, 11, 2, 3, 4, 5, 350000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"state": "wait", "executed_volume": 0}, OrderStatus.NEW),
        ({"state": "watch", "executed_volume": 0}, OrderStatus.NEW),
        ({"state": "wait"}, OrderStatus.PARTIALLY_FILLED),
        ({"state": "prevented"}, OrderStatus.PARTIALLY_FILLED),
        (ENDED, OrderStatus.FILLED),
        ({"state": "trade", "remaining_volume": 0}, OrderStatus.FILLED),
        # Of a buy for an amount of KRW nobody knows what is left until it has ended.
        (
            {"state": "trade", "remaining_volume": None, "order_type": "price"},
            OrderStatus.PARTIALLY_FILLED,
        ),
        ({"state": "trade", "remaining_volume": 0, "prevented_volume": 0.001},
         OrderStatus.PARTIALLY_FILLED),
        (ENDED | {"state": "cancel"}, OrderStatus.FILLED),
        (ENDED | {"state": "cancel", "remaining_volume": None, "order_type": "price"},
         OrderStatus.FILLED),
        (ENDED | {"state": "cancel", "remaining_volume": 0.002}, OrderStatus.CANCELLED),
        (ENDED | {"state": "cancel", "prevented_volume": 0.002}, OrderStatus.CANCELLED),
        (ENDED | {"state": "cancel", "executed_volume": 0}, OrderStatus.CANCELLED),
    ],
)  # fmt: skip
def test_state_means(changes: dict[str, Any], status: OrderStatus) -> None:
    assert told(**changes).status is status


def test_trade_without_its_fee_is_left_to_rest() -> None:
    report = told(trade_fee=None)

    assert report.filled == Decimal("0.004")
    assert report.fills == ()


def test_order_made_by_hand_has_no_id_of_ours() -> None:
    assert told(identifier=None).client_order_id == ""


# ---- whole streams


def test_what_is_asked_for() -> None:
    books, books_dialer = books_from([frame(BOOK)], within_s=1)
    _, orders_dialer = orders_from([], within_s=1)

    asked = json.loads(books_dialer.opened[0].sent[0])
    assert [set(part) for part in asked] == [{"ticket"}, {"type", "codes"}, {"format"}]
    assert asked[1:] == [{"type": "orderbook", "codes": ["KRW-BTC.15"]}, {"format": "DEFAULT"}]
    wanted, listed = (json.loads(sent) for sent in orders_dialer.opened[0].sent)
    assert wanted[1:] == [{"type": "myOrder"}, {"format": "DEFAULT"}]
    assert listed[1:] == [{"method": "LIST_SUBSCRIPTIONS"}, {"format": "DEFAULT"}]
    assert len(books) == 1


def test_unknown_events_and_other_markets_are_passed_over() -> None:
    other = MY_ORDER | {"code": "BTC-ETH"}
    noise = [{"type": "myAsset"}, {"type": 7}, {"status": "UP"}, {}, {"type": "tomorrow"}, other]

    reports, dialer = orders_from([*map(frame, noise), frame(MY_ORDER)])
    books, _ = books_from([*map(frame, noise[:-1]), frame(BOOK | {"code": "KRW-ETH"}), frame(BOOK)])

    assert [report.client_order_id for report in reports] == ["kimp-1"]
    assert len(dialer.opened) == 1
    assert len(books) == 1


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "garbage",
        b"\xff\xfe",
        "[]",
        '{"error":{"name":"WRONG_FORMAT","message":"?"}}',
        '{"error":{"name":"NO_CODES"}}',
        '{"error":"text"}',
        frame(MY_ORDER | {"state": "a state of tomorrow"}),
        frame(MY_ORDER | {"executed_volume": "a lot"}),
        frame(MY_ORDER | {"code": 7}),
    ],
)
def test_frame_that_cannot_be_understood_starts_the_stream_anew(broken: Frame) -> None:
    reports, dialer = orders_from([broken], [frame(MY_ORDER)])

    assert [report.client_order_id for report in reports] == ["kimp-1"]
    assert len(dialer.opened) == 2


def test_refused_token_ends_the_stream_without_showing_it() -> None:
    refusal = frame({"error": {"name": "INVALID_AUTH", "message": "Bearer " + "x" * 64}})

    with pytest.raises(AuthenticationFailed, match="INVALID_AUTH") as caught:
        orders_from([refusal])

    assert "x" * 32 not in str(caught.value)


def test_stream_without_a_key_is_refused_here() -> None:
    async def scenario(clock: VirtualClock) -> None:
        exchange = adapter(ScriptedTransport(), clock, Dialer(clock, []), credentials=None)
        await anext(exchange.stream_orders())

    with pytest.raises(AuthenticationFailed, match="no key is set"):
        virtually(scenario)


def test_mute_book_is_asked_for_again_and_then_dialled_anew() -> None:
    _, dialer = books_from(within_s=25)

    sent = dialer.opened[0].sent
    asked = [json.loads(each)[1] for each in sent if each != "PING"]
    assert "PING" in sent
    assert asked == [{"type": "orderbook", "codes": ["KRW-BTC.15"]}] * 4  # at 0, 5, 10 and 15 s
    assert len(dialer.dialled_at) == 2
    assert 20 <= dialer.dialled_at[1] <= 22


def test_mute_order_stream_is_dialled_anew() -> None:
    _, dialer = orders_from(within_s=40)

    assert len(dialer.dialled_at) == 2
    assert 30 <= dialer.dialled_at[1] <= 32
    assert dialer.opened[0].sent.count("PING") == 2


MUTATED = st.builds(
    lambda base, changes: frame(base | changes),
    st.sampled_from([BOOK, MY_ORDER]),
    st.dictionaries(st.sampled_from([*BOOK, *MY_ORDER, "error", "status", "method"]), JSON),
)


FRAMES = st.text() | st.binary() | JSON.map(frame) | MUTATED


@given(FRAMES)
def test_no_frame_makes_anything_but_our_errors(received: Frame) -> None:
    for read in (
        lambda message: parse_book(message, "BTC", 0.0),
        lambda message: parse_my_order(message, "BTC"),
        symbol_of,
    ):
        with suppress(ExchangeError):
            read(message_of(received))


class KnowsNothing:
    """REST of a venue without a single order."""

    async def send(self, request: Request, *, timeout_s: float) -> Response:
        if request.path == "/v1/orders/open":
            return reply([])
        return reply({"error": {"name": "order_not_found", "message": "?"}}, 404)

    async def aclose(self) -> None:
        """Nothing to close."""


@settings(max_examples=60)
@given(st.lists(FRAMES, max_size=4))
def test_no_frame_keeps_a_stream_from_telling_what_comes_after_it(received: list[Frame]) -> None:
    async def scenario(clock: VirtualClock) -> list[OrderReport]:
        dialer = Dialer(clock, [*([each] for each in received), [frame(MY_ORDER)]])
        exchange = adapter(KnowsNothing(), clock, dialer)
        return await taken(exchange.stream_orders(), within_s=300)

    reports = virtually(scenario)

    assert told() in reports
