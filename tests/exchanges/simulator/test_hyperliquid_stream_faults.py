"""The WebSocket of the simulated Hyperliquid at its limits and with faults."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
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

        async with asyncio.timeout(30):
            with pytest.raises(ChannelClosed):
                await served.run()

        assert channel.is_cut.is_set()


def _session(venue: RunningVenue, channel: Channel) -> session.Session:
    books = Books(venue.engine, venue.faults)
    feeds = Feeds(venue.engine, books, InfoApi(venue.engine, books))

    async def post(kind: str, payload: object) -> None:
        raise AssertionError("nothing is posted")

    return session.Session(venue.engine, feeds, venue.faults, venue.clock, channel, post)
