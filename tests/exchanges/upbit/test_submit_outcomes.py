"""One order over a real wire, answered in every way there is: what the desk is told.

The same table as test_outcomes.py holds for replies as such; here the bytes come from a server.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.errors import (
    AuthenticationFailed,
    ExchangeError,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    VenueUnavailable,
)
from exchanges.exchange import Exchange
from exchanges.factory import create_exchange
from exchanges.instrument import Venue
from exchanges.order import OrderStatus
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulated_desk import learn
from tests.exchanges.upbit import samples
from tests.exchanges.upbit.wired import ACCESS, BUY, SECRET

MARKET = {
    "/v1/orders/chance": json.dumps(samples.CHANCE).encode(),
    "/v1/orderbook/instruments": json.dumps(samples.INSTRUMENTS).encode(),
    "/v1/orderbook": samples.ORDERBOOK,
}
HASTY_S = 1.0
"""For an answer that does not end: it is waited out."""
PROXY = b"<html><head><title>502 Bad Gateway</title></head></html>"
PLACED = json.dumps(samples.order()).encode()


def http(status: int, body: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = [
        f"HTTP/1.1 {status} Whatever",
        "content-type: application/json",
        f"content-length: {len(body) if length is None else length}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunks(*parts: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    head = b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + end


def placed(before: bytes, after: bytes) -> bytes:
    """A 201 in whose body something else stands."""
    return http(201, PLACED.replace(before, after))


def named(name: object) -> bytes:
    return json.dumps({"error": {"name": name, "message": "거절"}}).encode()


@dataclass(slots=True)
class Wire:
    """Serves the market; answers an order with ``answer`` (None: with silence) and hangs up."""

    answer: bytes | None
    is_reset: bool = False
    pause_s: float = 0.0
    """After each byte of the answer; 0: it comes in one piece."""
    orders: list[bytes] = field(default_factory=list)

    @property
    def is_slow(self) -> bool:
        return self.answer is None or self.pause_s > 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                method, path, _ = head.decode().split(" ", 2)
                if method == "GET":
                    writer.write(http(200, MARKET[path.partition("?")[0]]))
                    continue
                if method == "POST":
                    self.orders.append(head)
                    await self._answer_order(writer)
                return
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    async def _answer_order(self, writer: asyncio.StreamWriter) -> None:
        if self.answer is None:
            await asyncio.sleep(5)
        elif self.is_reset:
            writer.transport.abort()
        elif not self.pause_s:
            writer.write(self.answer)
            await writer.drain()
        else:
            for byte in self.answer:
                writer.write(bytes([byte]))
                await asyncio.sleep(self.pause_s)


def exchange_at(address: str, timeout_s: float = 30.0) -> Exchange:
    return create_exchange(
        Venue.UPBIT,
        credentials=Credentials(ACCESS, SECRET),
        endpoints=Endpoints(address),
        clock=ManualClock(),
        timeout_s=timeout_s,
    )


@asynccontextmanager
async def listening(wire: Wire) -> AsyncIterator[str]:
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


ROWS: list[tuple[str, Wire, type[ExchangeError]]] = [
    ("insufficient funds", Wire(http(400, named("insufficient_funds_bid"))), OrderRejected),
    ("tick", Wire(http(400, named("invalid_price_bid"))), OrderRejected),
    ("bare envelope", Wire(http(400, b'{"name":"under_min_total_bid"}')), OrderRejected),
    ("number for a name", Wire(http(400, named(400))), OutcomeUnknown),
    ("used identifier", Wire(http(400, named("identifier_already_used"))), OutcomeUnknown),
    ("used nonce", Wire(http(401, named("nonce_used"))), OutcomeUnknown),
    ("hash", Wire(http(401, named("invalid_query_payload"))), AuthenticationFailed),
    ("token", Wire(http(401, named("jwt_verification"))), AuthenticationFailed),
    ("address", Wire(http(401, named("no_authorization_ip"))), AuthenticationFailed),
    ("address, old name", Wire(http(401, named("no_authorization_i_p"))), AuthenticationFailed),
    ("permission", Wire(http(403, named("out_of_scope"))), AuthenticationFailed),
    ("firewall", Wire(http(403, PROXY)), VenueUnavailable),
    ("not found", Wire(http(404, named("order_not_found"))), OrderRejected),
    ("too slow for the venue", Wire(http(408, b"")), OutcomeUnknown),
    ("too many", Wire(http(429, b"")), RateLimited),
    ("banned", Wire(http(418, b"")), RateLimited),
    ("banned, said for how long", Wire(http(418, b"", "retry-after: 300")), RateLimited),
    ("server error", Wire(http(500, named("server_error"))), OutcomeUnknown),
    ("proxy 502", Wire(http(502, PROXY)), OutcomeUnknown),
    ("proxy 503", Wire(http(503, PROXY)), OutcomeUnknown),
    ("proxy 504", Wire(http(504, b"")), OutcomeUnknown),
    ("redirect", Wire(http(307, b"", "location: /v1/elsewhere")), OutcomeUnknown),
    ("success that is garbage", Wire(http(201, b'{"uuid":')), OutcomeUnknown),
    ("success of a proxy", Wire(http(200, b"<html>OK</html>")), OutcomeUnknown),
    ("success without a body", Wire(http(201, b"")), OutcomeUnknown),
    ("body cut", Wire(http(201, PLACED[:40], length=len(PLACED))), OutcomeUnknown),
    ("body shorter than said", Wire(http(201, PLACED, length=len(PLACED) + 5)), OutcomeUnknown),
    ("body longer than said", Wire(http(201, PLACED, length=len(PLACED) - 5)), OutcomeUnknown),
    ("two lengths", Wire(http(201, PLACED, "content-length: 3")), OutcomeUnknown),
    ("length that is none", Wire(http(201, PLACED, length=-1)), OutcomeUnknown),
    ("chunks cut", Wire(chunks(PLACED[:10], end=b"")), OutcomeUnknown),
    ("chunks without an end", Wire(chunks(PLACED, end=b"0\r\n")), OutcomeUnknown),
    ("chunks of no length", Wire(chunks(PLACED, end=b"x\r\n")), OutcomeUnknown),
    ("gzip garbage", Wire(http(201, b"\x1f\x8b!", "content-encoding: gzip")), OutcomeUnknown),
    ("gzip that is none", Wire(http(201, PLACED, "content-encoding: gzip")), OutcomeUnknown),
    (
        "gzip cut",
        Wire(http(201, gzip.compress(PLACED)[:-20], "content-encoding: gzip")),
        OutcomeUnknown,
    ),
    ("continue and nothing more", Wire(b"HTTP/1.1 100 Continue\r\n\r\n"), OutcomeUnknown),
    ("another protocol", Wire(b"HTTP/1.1 101 Upgrade\r\nupgrade: x\r\n\r\n"), OutcomeUnknown),
    ("success that is a refusal", Wire(http(200, named("insufficient_funds_bid"))), OutcomeUnknown),
    ("another order", Wire(placed(b"kimp-p1-s001", b"kimp-p1-s002")), OutcomeUnknown),
    ("another volume", Wire(placed(b'"0.01"', b'"0.02"')), OutcomeUnknown),
    ("another side", Wire(placed(b'"bid"', b'"ask"')), OutcomeUnknown),
    ("another market", Wire(placed(b"KRW-BTC", b"KRW-ETH")), OutcomeUnknown),
    ("said twice", Wire(http(201, PLACED[:-1] + b',"volume":"9"}')), OutcomeUnknown),
    ("endless number", Wire(placed(b'"0.01"', b"1e400")), OutcomeUnknown),
    ("no number", Wire(placed(b'"0.01"', b"NaN")), OutcomeUnknown),
    ("hexadecimal", Wire(placed(b'"0.01"', b'"0x10"')), OutcomeUnknown),
    ("ten million digits", Wire(http(201, b'{"volume":' + b"1" * 10**7 + b"}")), OutcomeUnknown),
    ("byte by byte", Wire(http(201, PLACED), pause_s=0.05), OutcomeUnknown),
    ("refusal byte by byte", Wire(http(400, named("x")), pause_s=0.05), OutcomeUnknown),
    ("redirect that refuses", Wire(http(302, named("insufficient_funds_bid"))), OutcomeUnknown),
    ("proxy wants a password", Wire(http(407, b"")), OutcomeUnknown),
    ("misdirected", Wire(http(421, b"")), OutcomeUnknown),
    ("banned for less than nothing", Wire(http(418, b"", "retry-after: -1")), RateLimited),
    ("banned for a word", Wire(http(418, b"", "retry-after: abc")), RateLimited),
    ("banned for ever", Wire(http(418, b"", "retry-after: 1e9")), RateLimited),
    ("head cut", Wire(b"HTTP/1.1 201 Crea"), OutcomeUnknown),
    ("no reply", Wire(b""), OutcomeUnknown),
    ("reset", Wire(b"", is_reset=True), OutcomeUnknown),
    ("not HTTP", Wire(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n"), OutcomeUnknown),
    ("silence", Wire(None), OutcomeUnknown),
]


@pytest.mark.parametrize(
    ("wire", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
async def test_order_that_is_answered_with(wire: Wire, expected: type[ExchangeError]) -> None:
    async with listening(wire) as address:
        exchange = exchange_at(address, HASTY_S) if wire.is_slow else exchange_at(address)
        await learn(exchange)

        with pytest.raises(ExchangeError) as caught:
            await exchange.submit(BUY)
        await exchange.aclose()

    assert type(caught.value) is expected
    assert len(wire.orders) == 1


@pytest.mark.parametrize(
    "answer",
    [
        http(201, PLACED),
        http(200, PLACED),
        http(201, gzip.compress(PLACED), "content-encoding: gzip"),
        http(201, PLACED[:-1] + b" " * 10**7 + b"}"),
        chunks(PLACED[:10], PLACED[10:]),
        b"HTTP/1.1 100 Continue\r\n\r\n" + http(201, PLACED),
    ],
    ids=["whole", "200", "gzip", "ten megabytes", "chunks", "continue"],
)
async def test_order_that_is_answered_as_it_should_be(answer: bytes) -> None:
    async with listening(Wire(answer)) as address:
        exchange = exchange_at(address)
        await exchange.rules("BTC")

        report = await exchange.submit(BUY)
        await exchange.aclose()

    assert report.status is OrderStatus.NEW
    assert report.filled == 0


async def test_order_to_nobody_is_not_sent() -> None:
    wire = Wire(http(201, PLACED))
    async with listening(wire) as address:
        exchange = exchange_at(address)
        await exchange.rules("BTC")
    await exchange.aclose()

    with pytest.raises(VenueUnavailable, match="was not sent"):
        await exchange.submit(BUY)

    assert wire.orders == []


async def test_redirect_to_another_host_is_not_followed_with_the_token() -> None:
    thief = Wire(http(201, PLACED))
    async with listening(thief) as elsewhere:
        moved = Wire(http(307, b"", f"location: {elsewhere}/v1/orders"))
        async with listening(moved) as address:
            exchange = exchange_at(address)
            await exchange.rules("BTC")

            with pytest.raises(OutcomeUnknown):
                await exchange.submit(BUY)
            await exchange.aclose()

    assert thief.orders == []


async def test_refusal_that_repeats_the_request_shows_no_token() -> None:
    wire = Wire(b"")
    async with listening(wire) as address:
        exchange = exchange_at(address)
        await exchange.rules("BTC")
        with pytest.raises(OutcomeUnknown):
            await exchange.submit(BUY)
        (head,) = wire.orders
        token = head.decode().partition("Bearer ")[2].split()[0]
        wire.answer = http(400, named(head.decode()), f"x-echo: {token}")

        with pytest.raises(OrderRejected) as caught:
            await exchange.submit(replace(BUY, client_order_id="kimp-p1-s002"))
        await exchange.aclose()

    shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    assert not any(secret in shown for secret in (ACCESS, SECRET, *token.split(".")))


async def test_order_is_unknown_wherever_the_connection_breaks_in_it() -> None:
    for taken in (0, 1, 20, 200, 400, 600):  # bytes behind the word POST
        orders = 0

        async def serve(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, taken: int = taken
        ) -> None:
            nonlocal orders
            begin = await reader.read(4)
            while begin == b"GET ":
                path = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ", 1)[0]
                writer.write(http(200, MARKET[path.partition("?")[0]]))
                begin = await reader.read(4)
            orders += 1
            await reader.read(taken)
            writer.transport.abort()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        exchange = exchange_at(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await exchange.rules("BTC")

        with pytest.raises(OutcomeUnknown):
            await exchange.submit(BUY)
        await exchange.aclose()
        server.close()

        assert orders == 1
