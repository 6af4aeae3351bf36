"""Streams of the direct adapters against a stranger on a real wire, who then lets the venue in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiohttp import WSMsgType, web

import exchanges.http_web_socket
from exchanges.exchange import Exchange
from exchanges.factory import create_exchange
from exchanges.http_web_socket import HttpConnector
from exchanges.instrument import Venue
from exchanges.web_socket import NO_HEADERS, Connection, Disconnected
from tests.exchanges.running_clock import RunningClock
from tests.exchanges.simulated_desk import CREDENTIALS, Desk, open_desk
from tests.exchanges.upbit.hearing import hearing, until

Attack = Callable[[web.WebSocketResponse], Awaitable[None]]

MEGABYTE = 2**20


class Diverted:
    """A connector whose first dial is answered by a stranger."""

    def __init__(self, stranger: str) -> None:
        self._inner = HttpConnector()
        self._stranger = stranger
        self.dials = 0

    async def connect(
        self, url: str, *, headers: Mapping[str, str] = NO_HEADERS, timeout_s: float
    ) -> Connection:
        self.dials += 1
        where = self._stranger if self.dials == 1 else url
        return await self._inner.connect(where, headers=headers, timeout_s=timeout_s)

    async def aclose(self) -> None:
        await self._inner.aclose()


@asynccontextmanager
async def stranger(attack: Attack) -> AsyncIterator[str]:
    """Where ``attack`` is made on everyone who dials."""

    async def accept(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=False, max_msg_size=0)
        await socket.prepare(request)
        await attack(socket)
        return socket

    app = web.Application()
    app.router.add_get("/", accept)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"ws://{host}:{port}/"
    finally:
        await runner.cleanup()


async def silent(socket: web.WebSocketResponse) -> None:
    """Half open: reads nothing, answers no ping, says no goodbye."""
    await asyncio.sleep(60)


async def raw(socket: web.WebSocketResponse, frame: bytes, kind: WSMsgType) -> None:
    writer = socket._writer
    assert writer is not None
    await writer.send_frame(frame, kind)
    await asyncio.sleep(60)


async def garbage(socket: web.WebSocketResponse) -> None:
    await raw(socket, b"\x00\xff\xfe\x80garbage", WSMsgType.BINARY)


async def broken_text(socket: web.WebSocketResponse) -> None:
    await raw(socket, b'{"type":"\xff\xfe"}', WSMsgType.TEXT)


async def too_large(socket: web.WebSocketResponse) -> None:
    await raw(socket, b" " * (20 * MEGABYTE), WSMsgType.TEXT)


async def large_and_senseless(socket: web.WebSocketResponse) -> None:
    await raw(socket, b"[" * (10 * MEGABYTE), WSMsgType.TEXT)


@asynccontextmanager
async def attacked(venue: Venue, attack: Attack) -> AsyncIterator[tuple[Desk, Exchange, Diverted]]:
    async with AsyncExitStack() as stack:
        desk = await open_desk(venue, stack, RunningClock())
        connector = Diverted(await stack.enter_async_context(stranger(attack)))
        exchange = create_exchange(
            venue,
            credentials=CREDENTIALS[venue],
            endpoints=desk.endpoints,
            clock=desk.clock,
            connector=connector,
        )
        stack.push_async_callback(exchange.aclose)
        await exchange.rules("BTC")
        yield desk, exchange, connector


ATTACKS: list[Attack] = [garbage, broken_text, too_large, large_and_senseless]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("venue", list(Venue))
async def test_books_come_after_a_stranger(venue: Venue, attack: Attack) -> None:
    async with (
        attacked(venue, attack) as (_, exchange, connector),
        hearing(exchange.stream_books(["BTC"])) as books,
    ):
        await until(lambda: connector.dials >= 2)
        books.items.clear()

        book = await books.until(lambda book: True)

        assert not book.is_crossed


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("venue", list(Venue))
async def test_orders_are_told_after_a_stranger(venue: Venue, attack: Attack) -> None:
    async with (
        attacked(venue, attack) as (desk, exchange, connector),
        hearing(exchange.stream_orders()) as orders,
    ):
        await until(lambda: connector.dials >= 2)

        await desk.exchange.submit(desk.resting("elsewhere"))

        await orders.until(lambda report: report.client_order_id == "kimp-elsewhere")


@pytest.mark.parametrize("venue", list(Venue))
async def test_half_open_connection_is_found_by_its_pings(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchanges.http_web_socket, "PING_S", 1.0)

    async with (
        attacked(venue, silent) as (desk, exchange, connector),
        hearing(exchange.stream_orders()) as orders,
    ):
        await until(lambda: connector.dials >= 2)

        await desk.exchange.submit(desk.resting("elsewhere"))

        await orders.until(lambda report: report.client_order_id == "kimp-elsewhere")


async def test_half_open_connection_ends_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanges.http_web_socket, "PING_S", 0.4)
    connector = HttpConnector()
    async with stranger(silent) as url:
        connection = await connector.connect(url, timeout_s=30)

        async with asyncio.timeout(30):
            with pytest.raises(Disconnected):
                await connection.receive()
        await connector.aclose()


async def test_large_frame_arrives_and_one_beyond_the_limit_ends_the_connection() -> None:
    async def both(socket: web.WebSocketResponse) -> None:
        await socket.send_bytes(b"x" * (10 * MEGABYTE))
        await raw(socket, b"x" * (20 * MEGABYTE), WSMsgType.BINARY)

    connector = HttpConnector()
    async with stranger(both) as url:
        connection = await connector.connect(url, timeout_s=30)

        large = await connection.receive()
        with pytest.raises(Disconnected) as end:
            await connection.receive()
        await connector.aclose()

    assert len(large) == 10 * MEGABYTE
    assert end.value.code == 1009
