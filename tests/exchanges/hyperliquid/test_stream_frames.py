"""Whatever a stream sends is news, nothing, or an error of ours."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing, suppress
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges.endpoints import Endpoints
from exchanges.errors import BadReply, OrderNotFound
from exchanges.fill import Fill
from exchanges.hyperliquid.adapter import HyperliquidPerpetual
from exchanges.hyperliquid.book_stream import BookStream
from exchanges.hyperliquid.order_parsing import ToldOrder
from exchanges.hyperliquid.order_stream import OrderStream, _first_messages
from exchanges.hyperliquid.stream_frames import SILENCE_S, message_of
from exchanges.instrument import Instrument, InstrumentKind, Venue
from exchanges.order import OrderStatus
from exchanges.order_tracking import OrderKey, OrderTracker
from exchanges.virtual_time import VirtualClock, VirtualTimeLoop, run_virtually
from exchanges.web_socket import NO_HEADERS, Connection, Disconnected, Frame
from tests.exchanges.binance.scripted_connection import ScriptedConnection
from tests.exchanges.hyperliquid import samples
from tests.exchanges.hyperliquid.test_parsing import altered
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.scripted_transport import ScriptedTransport
from tests.exchanges.test_reply import JSON

BTC = Instrument(Venue.HYPERLIQUID, InstrumentKind.PERPETUAL, "BTC", "USDC", "BTC")
USER = "0x" + "ab" * 20
T = TypeVar("T")


def frame(channel: str, data: object) -> str:
    return json.dumps({"channel": channel, "data": data})


def acknowledged(channel: str) -> str:
    subscription = {"type": channel, "user": USER}
    data = {"method": "subscribe", "subscription": subscription}
    return frame("subscriptionResponse", data)


READY = (acknowledged("orderUpdates"), acknowledged("userFills"))
BOOK = {"channel": "l2Book", "data": samples.BOOK}
UPDATE = {"channel": "orderUpdates", "data": [samples.changed()]}
FILLS = {
    "channel": "userFills",
    "data": {"isSnapshot": False, "user": USER, "fills": samples.FILLS},
}


class Asked:
    """An account without orders."""

    def __init__(self) -> None:
        self.keys: list[OrderKey] = []

    async def listing(self) -> bytes:
        return b"[]"

    async def told(self, key: OrderKey) -> ToldOrder:
        self.keys.append(key)
        raise OrderNotFound(Venue.HYPERLIQUID, "?")

    async def trades_of(self, orders: Collection[int], since: datetime) -> Sequence[Fill]:
        raise AssertionError("no order lacks trades")


def order_stream(questions: Asked) -> OrderStream:
    return OrderStream(USER, OrderTracker(ManualClock()), questions, lambda: ("BTC",))


async def told(items: AsyncGenerator[T, None]) -> list[T]:
    """All that comes until the connection ends."""
    found: list[T] = []
    with suppress(Disconnected):
        async with aclosing(items) as news:
            async for item in news:
                found.append(item)
    return found


async def test_orders_are_subscribed_to_and_told_from_both_channels() -> None:
    connection = ScriptedConnection(*READY, json.dumps(UPDATE), json.dumps(FILLS))

    reports = await told(order_stream(Asked()).serve(connection))

    assert [json.loads(sent)["subscription"] for sent in connection.sent] == [
        {"type": "orderUpdates", "user": USER},
        {"type": "userFills", "user": USER},
    ]
    assert [report.fills_complete for report in reports] == [False, False, True]
    assert {report.status for report in reports} == {OrderStatus.FILLED}


async def test_news_before_the_gap_is_closed_is_not_lost() -> None:
    connection = ScriptedConnection(READY[0], json.dumps(UPDATE), READY[1], json.dumps(FILLS))

    reports = await told(order_stream(Asked()).serve(connection))

    assert reports[-1].fills_complete


async def test_trade_of_an_order_that_nobody_knows_is_asked_about() -> None:
    asked = Asked()

    await told(order_stream(asked).serve(ScriptedConnection(*READY, json.dumps(FILLS))))

    assert asked.keys == [OrderKey("BTC", samples.ID, str(samples.OID))]


async def test_snapshot_of_old_trades_asks_nothing() -> None:
    asked = Asked()
    snapshot = {**FILLS["data"], "isSnapshot": True}  # type: ignore[dict-item]

    await told(order_stream(asked).serve(ScriptedConnection(*READY, frame("userFills", snapshot))))

    assert asked.keys == []


@pytest.mark.parametrize("coin", ["@107", "PURR/USDC", "xyz:TSLA"])
async def test_orders_of_spot_and_of_other_lists_are_passed_over(coin: str) -> None:
    asked = Asked()
    frames = [
        frame("orderUpdates", [samples.changed(coin=coin)]),
        frame("userFills", {"user": USER, "fills": [samples.fill(coin=coin)]}),
    ]

    assert await told(order_stream(asked).serve(ScriptedConnection(*READY, *frames))) == []
    assert asked.keys == []


async def test_row_that_nobody_understands_does_not_hide_the_others() -> None:
    frames = [
        frame("orderUpdates", [samples.changed("dreaming", oid=5), samples.changed()]),
        frame(
            "userFills",
            {"user": USER, "fills": [samples.fill(sz="0", tid=5), *samples.FILLS]},
        ),
    ]

    reports = await told(order_stream(Asked()).serve(ScriptedConnection(*READY, *frames)))

    assert reports[-1].fills_complete


async def test_trades_of_a_snapshot_that_are_known_are_not_told_again() -> None:
    snapshot = frame("userFills", {**FILLS["data"], "isSnapshot": True})  # type: ignore[dict-item]
    connection = ScriptedConnection(*READY, json.dumps(UPDATE), snapshot, snapshot)

    reports = await told(order_stream(Asked()).serve(connection))

    assert [report.fills_complete for report in reports] == [False, False, True]


async def test_books_of_other_markets_and_other_news_are_passed_over() -> None:
    connection = ScriptedConnection(
        "Websocket connection established.",
        frame("subscriptionResponse", {}),
        frame("pong", None),
        frame("l2Book", {**samples.BOOK, "coin": "ETH"}),
        json.dumps(BOOK).encode(),
    )

    (book,) = await told(BookStream([BTC], ManualClock()).serve(connection))

    assert json.loads(connection.sent[0])["subscription"] == {"type": "l2Book", "coin": "BTC"}
    assert book.symbol == "BTC"


def test_word_that_something_was_wrong_is_a_bad_reply() -> None:
    with pytest.raises(BadReply, match="Invalid subscription"):
        message_of(frame("error", "Invalid subscription {…}"))


def test_mute_connection_counts_as_dead() -> None:
    """No book, and no answer to a ping."""

    class Connector:
        def __init__(self) -> None:
            self.made: list[ScriptedConnection] = []

        async def connect(
            self, url: str, *, headers: Mapping[str, str] = NO_HEADERS, timeout_s: float
        ) -> Connection:
            self.made.append(ScriptedConnection(json.dumps(BOOK), mute=True))
            return self.made[-1]

        async def aclose(self) -> None:
            """Nothing to close."""

    loop, connector = VirtualTimeLoop(), Connector()
    clock = VirtualClock(loop, datetime(2026, 11, 2, tzinfo=UTC))

    async def story() -> None:
        exchange = HyperliquidPerpetual(
            ScriptedTransport(), connector, None, Endpoints("http://x"), clock, timeout_s=3
        )
        async with aclosing(exchange.stream_books(["BTC"])) as books:
            await anext(books)
            await anext(books)

    run_virtually(story(), loop)
    first = connector.made[0]
    pings = [sent for sent in first.sent if json.loads(sent) == {"method": "ping"}]
    assert len(connector.made) == 2
    assert SILENCE_S <= clock.monotonic() < SILENCE_S + 1
    assert len(pings) >= 4


FRAMES = (
    st.text()
    | st.binary()
    | JSON.map(json.dumps)
    | st.builds(
        frame, st.sampled_from(["l2Book", "orderUpdates", "userFills", "error", "pong"]), JSON
    )
)


@settings(deadline=None)
@given(st.lists(FRAMES, max_size=3))
def test_any_frames_are_news_or_an_error_of_ours(frames: list[Frame]) -> None:
    async def hear() -> None:
        with suppress(BadReply):
            await told(BookStream([BTC], ManualClock()).serve(ScriptedConnection(*frames)))
        with suppress(BadReply):
            await told(order_stream(Asked()).serve(ScriptedConnection(*READY, *frames)))
        with suppress(BadReply):
            await told(order_stream(Asked()).serve(ScriptedConnection(*frames, *READY)))

    asyncio.run(hear())


@settings(deadline=None)
@given(which=st.sampled_from([BOOK, UPDATE, FILLS]), data=st.data(), value=JSON)
def test_any_change_to_a_valid_frame_is_news_or_an_error_of_ours(
    which: Any, data: st.DataObject, value: object
) -> None:
    changed = json.dumps(altered(deepcopy(which), data, value))

    async def hear() -> None:
        with suppress(BadReply):
            await told(BookStream([BTC], ManualClock()).serve(ScriptedConnection(changed)))
        with suppress(BadReply):
            await told(order_stream(Asked()).serve(ScriptedConnection(*READY, changed)))

    asyncio.run(hear())


async def test_subscription_that_is_never_confirmed_costs_the_connection() -> None:
    connection = ScriptedConnection(*['{"channel":"pong"}'] * 5)

    with pytest.raises(Disconnected, match="not confirmed"):
        async for _ in _first_messages(connection):
            pass
