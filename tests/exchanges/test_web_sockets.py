"""One suite for both connectors: what a client of a venue's WebSocket sees, on either wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from exchanges.clock import SystemClock
from exchanges.http_web_socket import HttpConnector
from exchanges.instrument import Venue
from exchanges.memory_web_socket import MemoryConnector
from exchanges.simulator.faults import LONGEST_MS, Fault, FaultKind, Faults, Vanish
from exchanges.simulator.front import Channel, Conversation, HandshakeRefused
from exchanges.simulator.venue_server import VenueServer
from exchanges.transport import Request, Response
from exchanges.web_socket import Connector, Disconnected, NotConnected

WITHIN_S = 30.0


@dataclass(slots=True)
class ScriptedFront:
    """Takes a WebSocket on /talk only, and lets a test say what is said there."""

    conversation: Callable[[Channel], Awaitable[None]]
    handshakes: list[Request] = field(default_factory=list)

    async def handle(self, request: Request) -> Response:
        return Response(200, {}, b"plain")

    async def accept(self, handshake: Request) -> Conversation:
        self.handshakes.append(handshake)
        if handshake.path == "/vanish":
            raise Vanish(processed=False)
        if handshake.path != "/talk":
            raise HandshakeRefused(Response(401, {}, b"no"))
        return self.conversation


@dataclass(frozen=True, slots=True)
class Wire:
    connector: Connector
    front: ScriptedFront
    base: str


async def echo(channel: Channel) -> None:
    while True:
        await channel.send(await channel.receive())


@pytest.fixture(params=["http", "memory"])
async def wire(request: pytest.FixtureRequest) -> AsyncIterator[Wire]:
    front = ScriptedFront(echo)
    async with AsyncExitStack() as stack:
        connector: Connector
        if request.param == "memory":
            base = "ws://memory"
            connector = MemoryConnector(front, SystemClock())
        else:
            base = await _served(front, Faults(), stack)
            connector = HttpConnector()
        stack.push_async_callback(connector.aclose)
        yield Wire(connector, front, base)


async def _served(front: ScriptedFront, faults: Faults, stack: AsyncExitStack) -> str:
    server = VenueServer(Venue.UPBIT, front, faults, SystemClock())
    await server.runner.setup()
    stack.push_async_callback(server.runner.cleanup)
    await web.TCPSite(server.runner, "127.0.0.1", 0).start()
    host, port = server.runner.addresses[0][:2]
    server.watch_refusals(host, port)
    stack.push_async_callback(server.stop_watching)
    stack.callback(server.close_conversations)
    return f"ws://{host}:{port}"


async def test_frames_come_back_as_they_were_sent(wire: Wire) -> None:
    connection = await wire.connector.connect(f"{wire.base}/talk", timeout_s=WITHIN_S)

    await connection.send("text")
    await connection.send(b"\x00bytes")

    assert await connection.receive() == "text"
    assert await connection.receive() == b"\x00bytes"


async def test_venue_sees_path_query_and_headers_and_no_origin(wire: Wire) -> None:
    headers = {"Authorization": "Bearer token"}

    await wire.connector.connect(f"{wire.base}/talk?a=b%2Bc", headers=headers, timeout_s=WITHIN_S)

    seen = wire.front.handshakes[0]
    assert (seen.path, seen.query) == ("/talk", "a=b%2Bc")
    assert seen.headers["authorization"] == "Bearer token"
    assert "origin" not in seen.headers


async def test_refused_handshake_tells_its_status(wire: Wire) -> None:
    with pytest.raises(NotConnected) as refused:
        await wire.connector.connect(f"{wire.base}/elsewhere", timeout_s=WITHIN_S)

    assert refused.value.status == 401


async def test_handshake_without_an_answer_is_not_connected(wire: Wire) -> None:
    with pytest.raises(NotConnected) as refused:
        await wire.connector.connect(f"{wire.base}/vanish", timeout_s=WITHIN_S)

    assert refused.value.status == 0


async def test_polite_close_tells_its_code_and_reason(wire: Wire) -> None:
    async def goodbye(channel: Channel) -> None:
        await channel.send("last words")
        await channel.close(1008, "too slow")

    wire.front.conversation = goodbye
    connection = await wire.connector.connect(f"{wire.base}/talk", timeout_s=WITHIN_S)

    last = await connection.receive()
    with pytest.raises(Disconnected) as end:
        await connection.receive()

    assert last == "last words"
    assert (end.value.code, end.value.reason) == (1008, "too slow")


async def test_cut_wire_is_an_end_without_a_code(wire: Wire) -> None:
    async def cut(channel: Channel) -> None:
        await channel.receive()
        channel.cut()

    wire.front.conversation = cut
    connection = await wire.connector.connect(f"{wire.base}/talk", timeout_s=WITHIN_S)
    await connection.send("go")

    with pytest.raises(Disconnected) as end:
        await connection.receive()

    assert end.value.code == 1006


async def test_nothing_can_be_sent_after_the_end(wire: Wire) -> None:
    async def end(channel: Channel) -> None:
        await channel.close(1000)

    wire.front.conversation = end
    connection = await wire.connector.connect(f"{wire.base}/talk", timeout_s=WITHIN_S)
    with pytest.raises(Disconnected):
        await connection.receive()

    with pytest.raises(Disconnected):
        await connection.send("late")


async def test_receive_can_be_cancelled_and_called_again(wire: Wire) -> None:
    connection = await wire.connector.connect(f"{wire.base}/talk", timeout_s=WITHIN_S)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await connection.receive()

    await connection.send("after all")

    assert await connection.receive() == "after all"


async def test_venue_hears_that_the_client_has_gone(wire: Wire) -> None:
    listening, over = asyncio.Event(), asyncio.Event()

    async def listen(channel: Channel) -> None:
        listening.set()
        try:
            await channel.receive()
        finally:
            over.set()

    wire.front.conversation = listen
    connection = await wire.connector.connect(f"{wire.base}/talk", timeout_s=WITHIN_S)
    async with asyncio.timeout(WITHIN_S):
        await listening.wait()

    await connection.aclose()

    async with asyncio.timeout(WITHIN_S):
        await over.wait()


async def test_ping_of_the_venue_is_answered(wire: Wire) -> None:
    answered = asyncio.Event()

    async def ping(channel: Channel) -> None:
        reading = asyncio.create_task(channel.receive())
        before = channel.heard_at
        await channel.ping()
        while channel.heard_at == before:  # noqa: ASYNC110 (set by the wire)
            await asyncio.sleep(0.001)
        answered.set()
        reading.cancel()

    wire.front.conversation = ping
    connection = await wire.connector.connect(f"{wire.base}/talk", timeout_s=WITHIN_S)
    with pytest.raises(Disconnected):
        await connection.receive()

    assert answered.is_set()


async def test_closed_connector_opens_nothing(wire: Wire) -> None:
    await wire.connector.aclose()

    with pytest.raises(NotConnected):
        await wire.connector.connect(f"{wire.base}/talk", timeout_s=WITHIN_S)


async def test_closing_the_connector_ends_its_connections(wire: Wire) -> None:
    connection = await wire.connector.connect(f"{wire.base}/talk", timeout_s=WITHIN_S)

    await wire.connector.aclose()

    with pytest.raises(Disconnected):
        await connection.receive()


async def test_a_port_where_nobody_listens_is_not_connected_and_listens_again() -> None:
    faults = Faults()
    async with AsyncExitStack() as stack:
        base = await _served(ScriptedFront(echo), faults, stack)
        connector = HttpConnector()
        stack.push_async_callback(connector.aclose)
        open_before = await connector.connect(f"{base}/talk", timeout_s=WITHIN_S)

        args = {"ms": LONGEST_MS}
        faults.add(Fault(Venue.UPBIT, "*", FaultKind.REFUSE_CONNECTION, times=1, args=args))
        with pytest.raises(Disconnected):
            await open_before.receive()
        with pytest.raises(NotConnected):
            await connector.connect(f"{base}/talk", timeout_s=WITHIN_S)

        faults.clear()
        async with asyncio.timeout(WITHIN_S):
            while True:
                try:
                    connection = await connector.connect(f"{base}/talk", timeout_s=WITHIN_S)
                    break
                except NotConnected:
                    await asyncio.sleep(0.02)
        await connection.send("back")
        assert await connection.receive() == "back"


async def test_addresses_do_not_show_in_errors() -> None:
    connector = HttpConnector()

    with pytest.raises(NotConnected) as failure:
        await connector.connect("ws://127.0.0.1:1/ws?listenKey=very-secret", timeout_s=WITHIN_S)
    await connector.aclose()

    assert "very-secret" not in f"{failure.value!s}{failure.value!r}{failure.value.__context__!r}"
