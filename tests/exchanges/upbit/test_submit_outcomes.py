"""One order over a real wire, answered in every way there is: what the desk is told.

The same table as test_outcomes.py holds for replies as such; here the bytes come from a server.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

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
from exchanges.factory import create_exchange
from exchanges.instrument import Venue
from exchanges.order import OrderStatus
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.upbit import samples
from tests.exchanges.upbit.wired import ACCESS, BUY, SECRET

MARKET = {
    "/v1/orders/chance": json.dumps(samples.CHANCE).encode(),
    "/v1/orderbook/instruments": json.dumps(samples.INSTRUMENTS).encode(),
    "/v1/orderbook": samples.ORDERBOOK,
}
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


def named(name: object) -> bytes:
    return json.dumps({"error": {"name": name, "message": "거절"}}).encode()


@dataclass(slots=True)
class Wire:
    """Serves the market; answers an order with ``answer`` (None: with silence) and hangs up."""

    answer: bytes | None
    is_reset: bool = False
    orders: list[bytes] = field(default_factory=list)

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
        else:
            writer.write(self.answer)
            await writer.drain()


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
        exchange = create_exchange(
            Venue.UPBIT,
            credentials=Credentials(ACCESS, SECRET),
            endpoints=Endpoints(address),
            clock=ManualClock(),
            timeout_s=0.5,
        )
        await exchange.rules("BTC")

        with pytest.raises(ExchangeError) as caught:
            await exchange.submit(BUY)
        await exchange.aclose()

    assert type(caught.value) is expected
    assert len(wire.orders) == 1


async def test_order_that_is_answered_as_it_should_be() -> None:
    async with listening(Wire(http(201, PLACED))) as address:
        exchange = create_exchange(
            Venue.UPBIT,
            credentials=Credentials(ACCESS, SECRET),
            endpoints=Endpoints(address),
            clock=ManualClock(),
        )
        await exchange.rules("BTC")

        report = await exchange.submit(BUY)
        await exchange.aclose()

    assert report.status is OrderStatus.NEW
    assert report.filled == 0


async def test_order_to_nobody_is_not_sent() -> None:
    wire = Wire(http(201, PLACED))
    async with listening(wire) as address:
        exchange = create_exchange(
            Venue.UPBIT,
            credentials=Credentials(ACCESS, SECRET),
            endpoints=Endpoints(address),
            clock=ManualClock(),
            timeout_s=0.5,
        )
        await exchange.rules("BTC")
    await exchange.aclose()

    with pytest.raises(VenueUnavailable, match="was not sent"):
        await exchange.submit(BUY)

    assert wire.orders == []
