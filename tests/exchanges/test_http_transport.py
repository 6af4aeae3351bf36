"""What HttpTransport knows when the wire breaks, over real sockets."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from exchanges.endpoints import Endpoints
from exchanges.http_transport import HttpTransport
from exchanges.transport import Interrupted, NotSent, Request, Response, TransportError

Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw_server(peer: Peer) -> AsyncIterator[HttpTransport]:
    """A peer that speaks bytes, and a transport to it."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await peer(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport = HttpTransport(Endpoints(f"http://127.0.0.1:{port}"))
    try:
        yield transport
    finally:
        await transport.aclose()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def http_server(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[HttpTransport]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    transport = HttpTransport(Endpoints(f"http://127.0.0.1:{runner.addresses[0][1]}"))
    try:
        yield transport
    finally:
        await transport.aclose()
        await runner.cleanup()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def read_request(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def test_request_arrives_as_it_was_written() -> None:
    seen: list[tuple[str, str, bytes, list[str], list[str]]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(
            (
                request.method,
                request.raw_path,
                await request.read(),
                request.headers.getall("content-type"),
                request.headers.getall("x-key"),
            )
        )
        return web.Response(status=201, body=b"made", headers={"X-Some-Header": "Value"})

    request = Request(
        "POST",
        "/v1/orders",
        "states[]=wait&at=2026-01-01T00%3A00",
        {"content-type": "application/json; charset=utf-8", "x-key": "k"},
        b'{"a":"1"}',
    )

    async with http_server(handler) as transport:
        response = await transport.send(request, timeout_s=5)

    assert seen == [
        (
            "POST",
            "/v1/orders?states[]=wait&at=2026-01-01T00%3A00",
            b'{"a":"1"}',
            ["application/json; charset=utf-8"],
            ["k"],
        )
    ]
    assert (response.status, response.body) == (201, b"made")
    assert response.headers["x-some-header"] == "Value"


async def test_request_without_body_carries_no_content_type_and_no_origin() -> None:
    headers: list[set[str]] = []

    async def handler(request: web.Request) -> web.Response:
        headers.append({name.lower() for name in request.headers})
        return web.Response()

    async with http_server(handler) as transport:
        await transport.send(Request("POST", "/fapi/v1/order", "a=1"), timeout_s=5)

    assert not headers[0] & {"content-type", "origin", "user-agent"}


async def test_connections_are_kept_for_the_next_request() -> None:
    peers: list[object] = []

    async def handler(request: web.Request) -> web.Response:
        assert request.transport is not None
        peers.append(request.transport.get_extra_info("peername"))
        return web.Response()

    async with http_server(handler) as transport:
        for _ in range(3):
            await transport.send(Request("GET", "/"), timeout_s=5)

    assert len(peers) == 3
    assert len(set(peers)) == 1


async def test_nobody_listening_is_not_sent() -> None:
    transport = HttpTransport(Endpoints(f"http://127.0.0.1:{free_port()}"))

    with pytest.raises(NotSent):
        await transport.send(Request("POST", "/v1/orders"), timeout_s=5)

    await transport.aclose()


async def test_name_that_does_not_resolve_is_not_sent() -> None:
    transport = HttpTransport(Endpoints("http://venue.invalid"))

    with pytest.raises(NotSent):
        await transport.send(Request("POST", "/v1/orders"), timeout_s=5)

    await transport.aclose()


async def test_connection_that_is_never_accepted_is_not_sent() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        # With nobody accepting, a few connections fill the queue; the next is never answered.
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        transport = HttpTransport(Endpoints(f"http://127.0.0.1:{address[1]}"))
        try:
            with pytest.raises(NotSent):
                await transport.send(Request("POST", "/v1/orders"), timeout_s=0.3)
        finally:
            await transport.aclose()
            for filler in fillers:
                filler.close()


async def test_tls_to_a_peer_without_tls_is_not_sent() -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with raw_server(peer) as plain:
        transport = HttpTransport(Endpoints(plain._base.replace("http:", "https:")))
        with pytest.raises(NotSent):
            await transport.send(Request("POST", "/v1/orders"), timeout_s=5)
        await transport.aclose()


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_connection_dropped_after_the_request_is_interrupted_and_sent_once(
    method: str,
) -> None:
    arrived: list[bytes] = []

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.append(await read_request(reader))

    async with raw_server(peer) as transport:
        with pytest.raises(Interrupted):
            await transport.send(Request(method, "/v1/orders"), timeout_s=5)

    assert len(arrived) == 1


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_kept_connection_that_dies_under_a_request_is_interrupted_and_sent_once(
    method: str,
) -> None:
    arrived: list[bytes] = []

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        arrived.append(await read_request(reader))

    async with raw_server(peer) as transport:
        await transport.send(Request("GET", "/warm-up"), timeout_s=5)
        with pytest.raises(Interrupted):
            await transport.send(Request(method, "/v1/orders"), timeout_s=5)

    assert len(arrived) == 1


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", id="half a header"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", id="half a body"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
            id="no last chunk",
        ),
        pytest.param(b"SSH-2.0-OpenSSH\r\n\r\n", id="not HTTP"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nhalf",
            id="broken compression",
        ),
    ],
)
async def test_answer_that_is_not_whole_is_interrupted(answer: bytes) -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer)

    async with raw_server(peer) as transport:
        with pytest.raises(Interrupted):
            await transport.send(Request("POST", "/v1/orders"), timeout_s=5)


async def test_small_answer_that_unpacks_to_a_huge_one_is_interrupted() -> None:
    packed = gzip.compress(bytes(17 * 1024 * 1024), compresslevel=1)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(head.encode() + packed)

    async with raw_server(peer) as transport:
        with pytest.raises(Interrupted, match="ClientPayloadError"):
            await transport.send(Request("POST", "/v1/orders"), timeout_s=5)


@pytest.mark.parametrize(
    "begin",
    [
        pytest.param(b"", id="silence"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", id="stall in the body"),
    ],
)
async def test_peer_that_falls_silent_is_interrupted(begin: bytes) -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(begin)
        await asyncio.Event().wait()

    async with raw_server(peer) as transport:
        with pytest.raises(Interrupted):
            await transport.send(Request("POST", "/v1/orders"), timeout_s=0.6)


async def test_page_of_a_proxy_is_a_response_like_any_other() -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")

    async with http_server(handler) as transport:
        response = await transport.send(Request("POST", "/v1/orders"), timeout_s=5)

    assert response == Response(502, response.headers, b"<html>Bad Gateway</html>")


async def test_redirect_is_returned_and_not_followed() -> None:
    paths: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with http_server(handler) as transport:
        response = await transport.send(Request("POST", "/v1/orders"), timeout_s=5)

    assert response.status == 307
    assert paths == ["/v1/orders"]


async def test_closed_transport_sends_nothing() -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response()

    async with http_server(handler) as transport:
        await transport.send(Request("GET", "/"), timeout_s=5)
        await transport.aclose()
        with pytest.raises(NotSent):
            await transport.send(Request("GET", "/"), timeout_s=5)


@pytest.mark.parametrize("is_dropped", [True, False])
async def test_errors_never_carry_the_address_with_its_signature(is_dropped: bool) -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"" if is_dropped else b"nonsense\r\n\r\n")

    request = Request("GET", "/fapi/v1/order", "signature=0123456789abcdef")
    async with raw_server(peer) as transport:
        with pytest.raises(TransportError) as caught:
            await transport.send(request, timeout_s=5)

    chain: BaseException | None = caught.value
    while chain is not None:
        assert "0123456789abcdef" not in f"{chain!s} {chain!r}"
        chain = chain.__cause__ or chain.__context__
    assert "0123456789abcdef" not in repr(request)
