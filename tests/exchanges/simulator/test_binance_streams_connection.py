"""The life of a stream connection: pings, age, pace, and clients that do not read."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import aiohttp
import pytest
from yarl import URL

from exchanges.simulator.binance.events import AlgoChanged
from exchanges.simulator.binance.streams import connection as limits
from exchanges.simulator.binance.streams.connection import ServedConnection
from exchanges.simulator.front import ChannelClosed
from exchanges.web_socket import Frame
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.binance_streams import PATIENCE_S, connected, listen_key
from tests.exchanges.simulator.binance_venue import KEY, running_venue

PATHS = ["/public/ws/btcusdt@bookTicker", "/private/ws?listenKey=x", "/ws-fapi/v1"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_connection_ends_after_a_day(path: str) -> None:
    async with running_venue() as venue, connected(venue, path) as client:
        venue.clock.advance(24 * 3_600)

        assert await client.close_code() == limits.GOING_AWAY


@pytest.mark.parametrize("path", PATHS)
async def test_a_client_that_answers_no_ping_for_ten_minutes_is_disconnected(path: str) -> None:
    async with running_venue() as venue, connected(venue, path, autoping=False) as client:
        venue.clock.advance(limits.PING_EVERY_S)
        ping = await client.socket.receive(PATIENCE_S)
        venue.clock.advance(limits.PONG_WITHIN_S)

        assert ping.type is aiohttp.WSMsgType.PING
        assert await client.close_code() == limits.POLICY_VIOLATION


async def test_a_client_that_answers_pings_stays() -> None:
    async with (
        running_venue() as venue,
        connected(venue, "/public/ws", autoping=False) as client,
    ):
        for _ in range(5):
            venue.clock.advance(limits.PING_EVERY_S)
            ping = await client.socket.receive(PATIENCE_S)
            assert ping.type is aiohttp.WSMsgType.PING
            venue.clock.advance(1)
            await client.socket.pong(ping.data)
            listed = await client.ask("LIST_SUBSCRIPTIONS")

            assert listed["result"] == []


async def test_more_than_ten_messages_in_a_second_end_a_stream_connection() -> None:
    async with running_venue() as venue, connected(venue, "/public/ws") as client:
        for number in range(11):
            await client.socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": number})

        assert await client.close_code() == limits.POLICY_VIOLATION


@pytest.mark.parametrize("path", ["/", "/public", "/public/other", "/fapi/v1/order"])
async def test_a_path_without_streams_opens_nothing(path: str) -> None:
    async with running_venue() as venue:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with connected(venue, path):
                pass

        assert refused.value.status == 404


class StuckChannel:
    """A client that is there and does not read."""

    def __init__(self) -> None:
        self.is_cut = asyncio.Event()
        self.heard_at = 0.0

    async def send(self, frame: Frame) -> None:
        await self.is_cut.wait()
        raise ChannelClosed

    async def receive(self) -> Frame:
        await self.is_cut.wait()
        raise ChannelClosed

    async def ping(self) -> None:
        pass

    async def close(self, code: int, reason: str = "") -> None:
        self.is_cut.set()

    def cut(self) -> None:
        self.is_cut.set()


async def test_a_client_that_does_not_read_is_cut_when_too_much_waits_for_it() -> None:
    channel = StuckChannel()
    connection = ServedConnection(
        channel, ManualClock(), lambda: 0, lambda event: None, messages_per_second=None
    )
    serving = asyncio.create_task(connection.serve(lambda frame: None))
    await asyncio.sleep(0)

    for _ in range(limits.LONGEST_QUEUE - 1):
        connection.send({"e": "depthUpdate"})
    was_cut_early = channel.is_cut.is_set()
    for _ in range(3):  # one is in the hands of the sender
        connection.send({"e": "depthUpdate"})

    assert not was_cut_early
    assert channel.is_cut.is_set()
    with pytest.raises(ChannelClosed):
        await serving


async def test_a_client_on_a_real_wire_that_does_not_read_is_cut() -> None:
    async with running_venue() as venue:
        key = await listen_key(venue)
        engine = venue.simulation.binance
        with socket.socket() as wire:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            wire.connect(("127.0.0.1", URL(venue.url).port))
            reader, writer = await asyncio.open_connection(sock=wire, limit=4_096)
            writer.write(UPGRADE.format(path=f"/private/ws/{key}").encode())
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)

            for _ in range(120):
                for _ in range(100):
                    engine.events.publish(
                        AlgoChanged(engine.account(KEY), {"caid": "x" * 2_000}, 0)
                    )
                await asyncio.sleep(0)

            async with asyncio.timeout(PATIENCE_S):
                with contextlib.suppress(ConnectionResetError):
                    while await reader.read(2**20):
                        pass
            writer.close()


UPGRADE = (
    "GET {path} HTTP/1.1\r\nHost: venue\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
