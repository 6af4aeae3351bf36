"""The account's orders over one connection, frame by frame."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges.binance.adapter import BinancePerpetual
from exchanges.binance.client import BinanceClient
from exchanges.binance.order_stream import OrderStream
from exchanges.binance.stream_frames import LIFE_S
from exchanges.errors import ExchangeError
from exchanges.order import OrderReport, OrderStatus
from exchanges.order_tracking import OrderTracker
from exchanges.transport import Response, TransportError
from exchanges.web_socket import Connection, Disconnected, Frame
from tests.exchanges.binance import samples
from tests.exchanges.binance.scripted_connection import ScriptedConnection
from tests.exchanges.binance.wired import CREDENTIALS, SELL, adapter
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.scripted_transport import ScriptedTransport, reply
from tests.exchanges.test_reply import JSON

LAST = {"X": "FILLED", "l": "0.004", "z": "0.010", "t": 698760}


class Stage:
    """A stream without orders at first, and its REST side."""

    def __init__(self, *answers: Response | TransportError) -> None:
        self.clock = ManualClock()
        self.wire = ScriptedTransport(*answers)
        self.dialled: list[str] = []
        self.tracker = OrderTracker(self.clock)
        reads: BinancePerpetual = adapter(self.wire, CREDENTIALS, self.clock)
        client = BinanceClient(self.wire, CREDENTIALS, self.clock, 3)
        self.stream = OrderStream(client, self.tracker, reads, tuple, self._dial, self.clock)

    async def _dial(self, path: str) -> Connection:
        self.dialled.append(path)
        return ScriptedConnection()

    async def play(self, *frames: Frame) -> list[OrderReport]:
        """What one connection yields that brings ``frames`` and breaks."""
        reports = []
        with suppress(Disconnected):
            async for report in self.stream.serve(ScriptedConnection(*frames)):
                reports.append(report)
        return reports


def frame(**changes: Any) -> str:
    return json.dumps(samples.order_event(**changes))


async def test_trades_add_up_event_by_event() -> None:
    reports = await Stage().play(frame(), frame(**LAST))

    assert [report.filled for report in reports] == [Decimal("0.006"), Decimal("0.010")]
    assert [len(report.fills) for report in reports] == [1, 2]
    assert reports[-1].status is OrderStatus.FILLED
    assert reports[-1].fills_complete


async def test_order_that_was_sent_and_not_heard_of_is_read_when_the_stream_begins() -> None:
    stage = Stage(reply([]), reply(samples.order()), reply(samples.TRADES))
    stage.tracker.sent(SELL)

    reports = await stage.play()

    assert [request.path for request in stage.wire.requests] == [
        "/fapi/v1/openOrders",
        "/fapi/v1/order",
        "/fapi/v1/userTrades",
    ]
    assert reports[-1].fills_complete


async def test_stream_is_opened_with_a_key_of_its_own() -> None:
    stage = Stage(reply({"listenKey": "a/b-c"}))

    await stage.stream.connect()

    (request,) = stage.wire.requests
    assert (request.method, request.path, request.query) == ("POST", "/fapi/v1/listenKey", "")
    assert dict(request.headers) == {"x-mbx-apikey": CREDENTIALS.access_key}
    assert stage.dialled == ["/private/ws?listenKey=a%2Fb-c"]


@pytest.mark.parametrize(
    "event",
    [
        {"e": "ACCOUNT_UPDATE", "a": {}},
        {"e": "TRADE_LITE", "s": "BTCUSDT", "l": "0.006"},
        {"e": "ACCOUNT_CONFIG_UPDATE"},
        samples.order_event(s="BTCUSDT_261225"),
        {"result": None, "id": 1},
    ],
)
async def test_event_that_is_no_order_of_ours_is_passed_over(event: dict[str, Any]) -> None:
    assert await Stage().play(json.dumps(event)) == []


async def test_expired_key_ends_the_connection_politely() -> None:
    connection = ScriptedConnection(
        json.dumps({"e": "listenKeyExpired", "E": 1, "listenKey": "x"}), "never read"
    )

    assert [report async for report in Stage().stream.serve(connection)] == []
    assert connection.frames == ["never read"]


async def test_connection_is_left_before_the_venue_ends_it() -> None:
    stage = Stage(reply({}))
    connection = ScriptedConnection(lambda: stage.clock.advance(LIFE_S), frame(), "never read")

    reports = [report async for report in stage.stream.serve(connection)]

    assert len(reports) == 1
    assert connection.frames == ["never read"]


@settings(max_examples=80, deadline=None)
@given(data=st.data())
async def test_any_frames_make_reports_or_our_errors(data: st.DataObject) -> None:
    frames: list[Frame] = []
    keys = st.sampled_from([*samples.order_event()["o"]])
    for _ in range(data.draw(st.integers(1, 5))):
        changes = data.draw(st.dictionaries(keys, JSON | st.integers(0, 9).map(str), max_size=2))
        frames.append(
            data.draw(
                st.just(frame(**changes))
                | st.binary(max_size=30)
                | JSON.map(lambda value: json.dumps({"e": "ORDER_TRADE_UPDATE", "o": value}))
            )
        )
    stage = Stage()

    reports = []
    with suppress(ExchangeError):
        reports = await stage.play(*frames)

    for report in reports:
        assert report.filled >= 0
