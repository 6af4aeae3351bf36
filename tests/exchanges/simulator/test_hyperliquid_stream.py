"""The simulated Hyperliquid over its WebSocket."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from exchanges.memory_web_socket import MemoryConnector
from exchanges.simulator.faults import FaultKind, Faults
from exchanges.simulator.front import Channel, ChannelClosed
from exchanges.simulator.hyperliquid import session
from exchanges.simulator.hyperliquid.books import Books
from exchanges.simulator.hyperliquid.engine import HyperliquidEngine
from exchanges.simulator.hyperliquid.feeds import Feeds
from exchanges.simulator.hyperliquid.front import HyperliquidFront
from exchanges.simulator.hyperliquid.info_api import InfoApi
from exchanges.simulator.market import Market
from exchanges.simulator.request_log import RequestLog
from exchanges.virtual_time import VirtualClock, VirtualTimeLoop, run_virtually
from exchanges.web_socket import Disconnected
from tests.exchanges.simulator.hyperliquid_venue import (
    MAIN,
    RunningVenue,
    Stream,
    batch,
    limit,
    running_venue,
)
from tests.exchanges.simulator.still_market import still_path

CLOID = "0x000000000000000000000000000000ab"


async def test_a_ping_is_answered_and_subscriptions_are_confirmed_once() -> None:
    async with running_venue() as venue, venue.stream() as stream:
        await stream.send({"method": "ping"})
        pong = await stream.receive()
        wanted = {"type": "l2Book", "coin": "BTC"}
        await stream.send({"method": "subscribe", "subscription": wanted})
        confirmed = await stream.receive()
        await stream.send({"method": "subscribe", "subscription": wanted})
        twice = await stream.next("error")
        await stream.send({"method": "unsubscribe", "subscription": wanted})
        ended = await stream.next("subscriptionResponse")
        await stream.send({"method": "unsubscribe", "subscription": wanted})
        again = await stream.next("error")

        echoed = {**wanted, "nSigFigs": None, "mantissa": None}
        assert pong == {"channel": "pong"}
        assert confirmed == {
            "channel": "subscriptionResponse",
            "data": {"method": "subscribe", "subscription": echoed},
        }
        assert twice == 'Already subscribed: {"type":"l2Book","coin":"BTC"}'
        assert ended == {"method": "unsubscribe", "subscription": echoed}
        assert again.startswith("Already unsubscribed: ")


@pytest.mark.parametrize(
    "message",
    [
        "nonsense",
        '{"method": "subscribe", "xsubscription": {}}',
        '{"method": "subscribe", "subscription": {"type": "webData2", "user": "0x1"}}',
        '{"method": "subscribe", "subscription": {"type": "orderUpdates"}}',
        '{"method": "subscribe", "subscription": {"type": "candle", "coin": "BTC"}}',
        '{"method": "post", "id": "1", "request": {"type": "info", "payload": {}}}',
        "[]",
    ],
)
async def test_what_is_no_request_comes_back_on_the_error_channel(message: str) -> None:
    async with running_venue() as venue, venue.stream() as stream:
        await stream.send(message)

        assert await stream.receive() == {
            "channel": "error",
            "data": f"Error parsing JSON into valid websocket request: {message}",
        }


async def test_a_coin_that_is_not_listed_is_no_subscription() -> None:
    async with running_venue() as venue, venue.stream() as stream:
        await stream.send(
            {"method": "subscribe", "subscription": {"type": "trades", "coin": "DOGE"}}
        )

        assert (await stream.next("error")).startswith("Invalid subscription ")


async def test_the_book_is_sent_at_once_when_it_moves_and_when_it_does_not() -> None:
    async with running_venue() as venue, venue.stream() as stream:
        await stream.send(
            {"method": "subscribe", "subscription": {"type": "l2Book", "coin": "BTC"}}
        )
        first = await stream.next("l2Book")
        venue.advance(1)
        still = await stream.next("l2Book")
        venue.move("50099", "50101")
        venue.advance(1)
        moved = await stream.next("l2Book")

        assert first["coin"] == "BTC"
        assert first["levels"][0][0] == {"px": "49999.0", "sz": "2.0", "n": 1}
        assert [len(side) for side in first["levels"]] == [20, 20]
        assert (still["levels"], still["time"]) == (first["levels"], first["time"] + 1000)
        assert moved["levels"][0][0]["px"] == "50099.0"


async def test_the_touch_mids_contexts_and_candles_are_sent_when_they_change() -> None:
    async with running_venue() as venue, venue.stream() as stream:
        for kind, fields in (
            ("bbo", {"coin": "BTC"}),
            ("allMids", {}),
            ("activeAssetCtx", {"coin": "BTC"}),
            ("candle", {"coin": "BTC", "interval": "1m"}),
        ):
            await stream.subscribe(kind, **fields)
        firsts = [await stream.receive() for _ in range(1)]
        nothing_new = await stream.nothing("allMids")
        venue.move("50099", "50101")
        found: dict[str, Any] = {}
        while len(found) < 4:
            frame = await stream.receive()
            found[frame["channel"]] = frame["data"]

        assert firsts[0]["channel"] == "candle"
        assert nothing_new
        assert found["bbo"]["bbo"] == [
            {"px": "50099.0", "sz": "2.0", "n": 1},
            {"px": "50101.0", "sz": "2.0", "n": 1},
        ]
        assert found["allMids"] == {"mids": {"BTC": "50100.0"}}
        assert found["activeAssetCtx"]["ctx"]["markPx"] == "50100.0"
        assert (found["candle"]["c"], found["candle"]["i"], found["candle"]["s"]) == (
            "50100.0",
            "1m",
            "BTC",
        )


async def test_own_orders_fills_and_public_trades_come_as_they_happen() -> None:
    async with running_venue() as venue, venue.stream() as stream:
        await stream.subscribe("trades", coin="BTC")
        await stream.subscribe("orderUpdates", user=MAIN.upper().replace("X", "x"))
        await stream.subscribe("userFills", user=MAIN)
        snapshot = await stream.next("userFills")
        placed = await venue.order(limit("buy", "50002", "3", c=CLOID))
        (trades, updates, fills) = (
            await stream.next("trades"),
            await stream.next("orderUpdates"),
            await stream.next("userFills"),
        )
        await venue.act({"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": CLOID}]})
        (cancelled,) = await stream.next("orderUpdates")

        assert snapshot == {"isSnapshot": True, "user": MAIN, "fills": []}
        assert [trade["px"] for trade in trades] == ["50001.0"]
        assert [(one["status"], one["order"]["sz"]) for one in updates] == [("open", "1.0")]
        assert (updates[0]["order"]["oid"], updates[0]["order"]["cloid"]) == (placed.oid, CLOID)
        assert fills["user"] == MAIN
        assert [(one["oid"], one["sz"]) for one in fills["fills"]] == [(placed.oid, "2.0")]
        assert cancelled["status"] == "canceled"


async def test_refused_orders_that_stay_on_record_are_told_too() -> None:
    async with running_venue() as venue, venue.stream() as stream:
        await stream.subscribe("orderUpdates", user=MAIN)
        await venue.order(limit("buy", "50000", "1", "Ioc"))

        (update,) = await stream.next("orderUpdates")

        assert update["status"] == "iocCancelRejected"


async def test_funding_and_fills_come_as_events_and_after_a_gap_as_a_snapshot() -> None:
    async with running_venue() as venue:
        async with venue.stream() as stream:
            await stream.subscribe("userEvents", user=MAIN)
            await stream.subscribe("userFundings", user=MAIN)
            await stream.next("userFundings")
            await venue.buy("1")
            fills = await stream.next("user")
            venue.engine.settle_funding(Decimal("0.0001"))
            event = await stream.next("user")
            payment = await stream.next("userFundings")
        async with venue.stream() as stream:
            await stream.subscribe("userFills", user=MAIN)
            seen_fills = await stream.next("userFills")
            await stream.subscribe("userFundings", user=MAIN)
            seen_payments = await stream.next("userFundings")

        row = {
            "time": venue.now_ms(),
            "coin": "BTC",
            "usdc": "-5.0",
            "szi": "1.0",
            "fundingRate": "0.0001",
            "nSamples": None,
        }
        assert [fill["sz"] for fill in fills["fills"]] == ["1.0"]
        assert event == {"funding": row}
        assert payment == {"user": MAIN, "fundings": [row]}
        assert (seen_fills["isSnapshot"], seen_fills["fills"]) == (True, fills["fills"])
        assert (seen_payments["isSnapshot"], seen_payments["fundings"]) == (True, [row])


async def test_the_account_s_state_is_sent_when_it_changes() -> None:
    async with running_venue() as venue, venue.stream() as stream:
        await stream.subscribe("clearinghouseState", user=MAIN)
        first = await stream.next("clearinghouseState")
        await venue.buy("1")
        changed = await stream.next("clearinghouseState")

        assert first["clearinghouseState"]["assetPositions"] == []
        (held,) = changed["clearinghouseState"]["assetPositions"]
        assert held["position"]["szi"] == "1.0"


async def test_requests_are_answered_over_the_socket() -> None:
    async with running_venue() as venue, venue.stream() as stream:

        async def post(number: int, kind: str, payload: Any) -> Any:
            request = {"type": kind, "payload": payload}
            await stream.send({"method": "post", "id": number, "request": request})
            return await stream.next("post")

        info = await post(1, "info", {"type": "allMids"})
        placed = await post(2, "action", venue.signed(batch(limit("buy", "49000", "0.1"))))
        refused = await post(3, "action", venue.signed({"type": "noop"}, nonce=1))
        garbage = await post(4, "info", {"type": "what"})

        assert info == {
            "id": 1,
            "response": {
                "type": "info",
                "payload": {"type": "allMids", "data": {"BTC": "50000.0"}},
            },
        }
        assert placed["response"]["type"] == "action"
        (status,) = placed["response"]["payload"]["response"]["data"]["statuses"]
        assert list(status) == ["resting"]
        assert refused["response"]["payload"]["status"] == "err"
        assert garbage["response"] == {
            "type": "error",
            "payload": "422 Failed to deserialize the JSON body into the target type",
        }
        assert [seen.path for seen in venue.requests.requests()].count("/exchange") == 2


async def test_faults_reach_requests_over_the_socket_by_a_name_of_their_own() -> None:
    async with running_venue() as venue, venue.stream() as stream:

        async def order(number: int) -> None:
            payload = venue.signed(batch(limit("buy", "50001", "0.1", "Ioc")))
            request = {"type": "action", "payload": payload}
            await stream.send({"method": "post", "id": number, "request": request})

        venue.fault(FaultKind.RATE_LIMITED, "WS /exchange")
        await order(1)
        limited = await stream.next("post")
        venue.fault(FaultKind.LOSE_REPLY, "WS /exchange")
        await order(2)
        await order(3)
        answered = await stream.next("post")

        assert limited == {"id": 1, "response": {"type": "error", "payload": "429 null"}}
        assert answered["id"] == 3
        assert len(await venue.info("userFills", user=MAIN)) == 2


async def test_a_number_that_is_no_text_is_refused_over_the_socket_too() -> None:
    async with running_venue() as venue, venue.stream() as stream:
        payload = {**venue.signed(batch(limit("buy", "50001", "0.1"))), "nonce": 1.5}
        request = {"type": "action", "payload": payload}
        await stream.send({"method": "post", "id": 1, "request": request})

        answer = await stream.next("post")

        assert answer["response"]["payload"].startswith("422 Failed to deserialize")


def test_a_connection_that_nothing_was_sent_to_for_a_minute_is_closed() -> None:
    loop = VirtualTimeLoop()
    clock = VirtualClock(loop, datetime(2026, 11, 2, tzinfo=UTC))

    async def talk() -> tuple[float, Disconnected]:
        engine = HyperliquidEngine(Market(still_path(), clock), clock)
        front = HyperliquidFront(engine, Faults(), clock, RequestLog())
        connection = await MemoryConnector(front, clock).connect("ws://venue/ws", timeout_s=1)
        await connection.send('{"method":"ping"}')
        await connection.receive()
        await asyncio.sleep(50)
        await connection.send('{"method":"ping"}')
        await connection.receive()
        subscription = {"type": "orderUpdates", "user": MAIN}
        await asyncio.sleep(20)
        await connection.send(json.dumps({"method": "subscribe", "subscription": subscription}))
        await connection.receive()  # what only confirms does not count
        with pytest.raises(Disconnected) as ended:
            await connection.receive()
        return clock.monotonic(), ended.value

    seconds, ended = run_virtually(talk(), loop)

    assert seconds == pytest.approx(110, abs=0.1)
    assert (ended.code, ended.reason) == (1000, "Inactive")


async def test_only_ten_users_and_a_thousand_subscriptions_are_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(session, "MAX_SUBSCRIPTIONS", 11)
    async with running_venue() as venue, venue.stream() as stream:
        for number in range(10):
            await stream.subscribe("orderUpdates", user=f"0x{number:040x}")
        one_more = {"type": "orderUpdates", "user": f"0x{11:040x}"}
        await stream.send({"method": "subscribe", "subscription": one_more})
        users = await stream.next("error")
        await stream.subscribe("trades", coin="BTC")
        await stream.send({"method": "subscribe", "subscription": {"type": "allMids"}})
        channels = await stream.next("error")

        assert users == "Cannot track more than 10 total users."
        assert channels == "Cannot subscribe to more than 11 channels."


async def test_a_flood_of_messages_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MAX_MESSAGES", 3)
    async with running_venue() as venue, venue.stream() as stream:
        for _ in range(4):
            await stream.send({"method": "ping"})

        frames = [await stream.receive() for _ in range(4)]

        assert frames[:3] == [{"channel": "pong"}] * 3
        assert frames[3]["data"] == "Cannot send more than 3 messages per minute."


@pytest.mark.parametrize("channel", ["orderUpdates", "userFills"])
async def test_an_event_that_is_lost_shows_only_over_http(channel: str) -> None:
    async with running_venue() as venue, venue.stream() as stream:
        await _listen(stream, channel)
        venue.fault(FaultKind.DROP_EVENT, channel)
        lost = await venue.buy("0.1")
        seen = await venue.buy("0.2")

        frame = await stream.next(channel)

        assert [fill["oid"] for fill in await venue.info("userFills", user=MAIN)] == [
            seen.oid,
            lost.oid,
        ]
        assert _oids(frame) == [seen.oid]


@pytest.mark.parametrize("channel", ["orderUpdates", "userFills"])
async def test_an_event_may_come_twice(channel: str) -> None:
    async with running_venue() as venue, venue.stream() as stream:
        await _listen(stream, channel)
        venue.fault(FaultKind.DUPLICATE_EVENT, channel)
        placed = await venue.buy("0.1")

        frames = [await stream.next(channel), await stream.next(channel)]

        assert [_oids(frame) for frame in frames] == [[placed.oid], [placed.oid]]


@pytest.mark.parametrize("channel", ["l2Book", "orderUpdates", "userFills"])
async def test_an_event_may_take_the_connection_with_it(channel: str) -> None:
    async with running_venue() as venue, venue.stream() as stream:
        await _listen(stream, channel)
        venue.fault(FaultKind.DROP_STREAM, channel)
        await venue.buy("0.1")
        venue.advance(1)

        ended = await stream.closed()

        assert ended.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
        assert len(await venue.info("userFills", user=MAIN)) == 1


async def _listen(stream: Stream, channel: str) -> None:
    """Subscribe, and read what comes first."""
    fields = {"coin": "BTC"} if channel == "l2Book" else {"user": MAIN}
    await stream.subscribe(channel, **fields)
    if channel != "orderUpdates":
        await stream.next(channel)


def _oids(frame: Any) -> list[int]:
    if isinstance(frame, list):
        return [update["order"]["oid"] for update in frame]
    return [fill["oid"] for fill in frame["fills"]]


async def test_a_stale_book_stands_still_over_http_and_falls_silent_on_the_stream() -> None:
    async with running_venue() as venue, venue.stream() as stream:
        await stream.subscribe("l2Book", coin="BTC")
        await stream.subscribe("bbo", coin="BTC")
        await stream.next("bbo")
        venue.fault(FaultKind.STALE_BOOK)
        before = await venue.info("l2Book", coin="BTC")
        venue.advance(5)
        venue.move("51000", "51002")
        after = await venue.info("l2Book", coin="BTC")
        await asyncio.sleep(0.3)
        is_silent = await stream.nothing("bbo", for_s=0.7)
        venue.faults.clear()
        again = await stream.next("bbo")

        assert after == before
        assert is_silent
        assert again["bbo"][0]["px"] == "51000.0"
        assert (await venue.info("l2Book", coin="BTC"))["levels"][0][0]["px"] == "51000.0"


async def test_maintenance_closes_streams_and_opens_none() -> None:
    async with running_venue() as venue, venue.stream() as stream:
        await stream.subscribe("orderUpdates", user=MAIN)
        venue.fault(FaultKind.MAINTENANCE)

        ended = await stream.closed()

        assert (ended.type, ended.data) == (aiohttp.WSMsgType.CLOSE, 1012)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await venue.session.ws_connect(venue.url + "/ws")
        assert refused.value.status == 502


async def test_another_path_opens_no_stream() -> None:
    async with running_venue() as venue:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await venue.session.ws_connect(venue.url + "/stream")

        assert refused.value.status == 404


class DeafChannel:
    """A client that never reads: nothing that is sent gets through."""

    def __init__(self) -> None:
        self.heard_at = 0.0
        self.is_cut = asyncio.Event()
        self.waiting = [json.dumps({"method": "ping"})] * 50

    async def send(self, frame: str | bytes) -> None:
        await self.is_cut.wait()
        raise ChannelClosed

    async def receive(self) -> str | bytes:
        if not self.waiting:
            await self.is_cut.wait()
            raise ChannelClosed
        return self.waiting.pop()

    async def ping(self) -> None:
        raise ChannelClosed

    async def close(self, code: int, reason: str = "") -> None:
        self.is_cut.set()

    def cut(self) -> None:
        self.is_cut.set()


async def test_a_client_that_does_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MAX_WAITING", 20)
    async with running_venue() as venue:
        channel = DeafChannel()
        served = _session(venue, channel)

        async with asyncio.timeout(5):
            with pytest.raises(ChannelClosed):
                await served.run()

        assert channel.is_cut.is_set()


def _session(venue: RunningVenue, channel: Channel) -> session.Session:
    books = Books(venue.engine, venue.faults)
    feeds = Feeds(venue.engine, books, InfoApi(venue.engine, books))

    async def post(kind: str, payload: object) -> None:
        raise AssertionError("nothing is posted")

    return session.Session(venue.engine, feeds, venue.faults, venue.clock, channel, post)
