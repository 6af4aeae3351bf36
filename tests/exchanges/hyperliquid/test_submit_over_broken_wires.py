"""An order over real sockets that break, and answers that are none: each is decided on purpose."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from exchanges.endpoints import Endpoints
from exchanges.errors import (
    AuthenticationFailed,
    BadReply,
    ExchangeError,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    VenueUnavailable,
)
from exchanges.http_transport import HttpTransport
from exchanges.hyperliquid.adapter import HyperliquidPerpetual
from tests.exchanges.hyperliquid import samples
from tests.exchanges.hyperliquid.wired import (
    ACCOUNT,
    AGENT,
    CREDENTIALS,
    LIMIT,
    RULES,
    NoConnector,
)
from tests.exchanges.manual_clock import ManualClock

MADE = json.dumps(samples.resting()).encode()
HTML = b"<html><head><title>Attention Required!</title></head></html>"
ZERO_SIZE = b"Order has zero size."
PATIENT_S = 30.0
HASTY_S = 3.0
"""For an answer that does not end: it is waited out."""


def http(body: bytes, status: str = "200 OK", *headers: str, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {size}", *headers])
    return head.encode() + b"\r\n\r\n" + body


def told(status: object) -> bytes:
    return http(json.dumps(samples.placed(status)).encode())


def refused(text: str) -> bytes:
    return http(json.dumps(samples.err(text)).encode())


@dataclass(slots=True)
class Wire:
    """What came for ``/exchange`` and how many connections were made."""

    exchange: HyperliquidPerpetual
    orders: list[bytes] = field(default_factory=list)
    connections: int = 0


@asynccontextmanager
async def venue(
    answer: bytes, *, reset: bool = False, hang: bool = False, stop_at: int | None = None
) -> AsyncIterator[Wire]:
    """Knows the rules, gives ``answer`` to an order and closes.

    ``reset``: the end is a reset; ``hang``: there is none; ``stop_at``: of the order only so many
    bytes are read before it.
    """
    rules = [http(reply.body) for reply in RULES]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire.connections += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n") if rules or stop_at is None else b""
                if not rules and stop_at is not None:
                    wire.orders.append(await reader.readexactly(stop_at))
                else:
                    lengths = [
                        int(line.partition(b":")[2])
                        for line in head.splitlines()
                        if line.lower().startswith(b"content-length:")
                    ]
                    body = await reader.readexactly(lengths[0] if lengths else 0)
                    if rules:
                        writer.write(rules.pop(0))
                        continue
                    wire.orders.append(head + body)
                writer.write(answer)
                await writer.drain()
                if hang:
                    await ended.wait()
                break
        if reset:
            writer.transport.abort()
        writer.close()

    ended = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    endpoints = Endpoints(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    wire = Wire(
        HyperliquidPerpetual(
            HttpTransport(endpoints),
            NoConnector(),
            CREDENTIALS,
            endpoints,
            ManualClock(),
            timeout_s=HASTY_S if hang else PATIENT_S,
        )
    )
    try:
        await wire.exchange.rules("BTC")
        yield wire
    finally:
        ended.set()
        await wire.exchange.aclose()
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        # Broken on the way: the venue may have the order.
        pytest.param(b"", OutcomeUnknown, id="closed without a word"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", OutcomeUnknown, id="half a head"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\x00: \xff\r\n\r\n", OutcomeUnknown, id="bad header"),
        pytest.param(b"\x00\xff not HTTP\r\n\r\n", OutcomeUnknown, id="not HTTP"),
        pytest.param(http(MADE, length=999), OutcomeUnknown, id="length too large"),
        pytest.param(http(MADE, length=40), OutcomeUnknown, id="length too small"),
        pytest.param(http(MADE, "200 OK", "Content-Length: 3"), OutcomeUnknown, id="two lengths"),
        pytest.param(http(MADE, "200 OK", "Content-Encoding: gzip"), OutcomeUnknown, id="not gzip"),
        # 200, and yet no word on the order.
        pytest.param(http(HTML), OutcomeUnknown, id="a page"),
        pytest.param(http(b""), OutcomeUnknown, id="nothing"),
        pytest.param(http(b"null"), OutcomeUnknown, id="null"),
        pytest.param(http(ZERO_SIZE), OutcomeUnknown, id="plain words"),
        pytest.param(http(MADE[:-9]), OutcomeUnknown, id="JSON cut short"),
        pytest.param(http(b" " * 10_000_000 + b"?"), OutcomeUnknown, id="ten million bytes"),
        pytest.param(
            http(MADE.replace(b'"cloid"', b'"filled": {}, "cloid"') + b"}"),
            OutcomeUnknown,
            id="more than JSON",
        ),
        pytest.param(told({"moved": {"oid": 5}}), OutcomeUnknown, id="unknown kind"),
        pytest.param(told("waitingForFill"), OutcomeUnknown, id="a trigger order's word"),
        pytest.param(
            told({"resting": {"oid": 5, "cloid": samples.OTHER_CLOID}}),
            OutcomeUnknown,
            id="somebody else's cloid",
        ),
        pytest.param(
            told({"filled": {"oid": 5, "totalSz": "1", "avgPx": "1"}}),
            OutcomeUnknown,
            id="more than was ordered",
        ),
        pytest.param(
            told({"filled": {"oid": 5, "totalSz": "1e400"}}), OutcomeUnknown, id="huge number"
        ),
        pytest.param(
            http(
                b'{"status":"ok","response":{"data":{"statuses":[{"filled":{"oid":5,"totalSz":NaN}}]}}}'
            ),
            OutcomeUnknown,
            id="NaN",
        ),
        pytest.param(
            told({"error": ZERO_SIZE.decode(), "resting": {"oid": 5}}),
            OutcomeUnknown,
            id="both refused and resting",
        ),
        pytest.param(
            http(MADE[:-1] + b',"status":"err","response":"Order has zero size."}'),
            OutcomeUnknown,
            id="both ok and err",
        ),
        pytest.param(
            http(b'{"status":"ok","response":{"data":{"statuses":[]}}}'),
            OutcomeUnknown,
            id="no status",
        ),
        pytest.param(
            http(json.dumps(samples.placed({"error": "no"}, {"error": "no"})).encode()),
            OutcomeUnknown,
            id="two statuses",
        ),
        pytest.param(refused("Internal error"), OutcomeUnknown, id="unknown words"),
        pytest.param(refused("Invalid nonce: duplicate nonce 5"), OutcomeUnknown, id="a copy"),
        # Other statuses.
        pytest.param(
            http(b"", "307 Temporary Redirect", "Location: /exchange"),
            OutcomeUnknown,
            id="redirect",
        ),
        pytest.param(http(b"null", "400 Bad Request"), OutcomeUnknown, id="400"),
        pytest.param(http(b"null", "500 Internal Server Error"), OutcomeUnknown, id="500"),
        pytest.param(http(HTML, "502 Bad Gateway"), OutcomeUnknown, id="502"),
        pytest.param(http(ZERO_SIZE, "504 Gateway Timeout"), OutcomeUnknown, id="504"),
        # Certainly not executed.
        pytest.param(told({"error": "Order has zero size."}), OrderRejected, id="rejected"),
        pytest.param(
            http(b"Failed to deserialize the JSON body", "422 Unprocessable Entity"),
            OrderRejected,
            id="malformed",
        ),
        pytest.param(
            refused(f"User or API Wallet {AGENT} does not exist."),
            AuthenticationFailed,
            id="unknown wallet",
        ),
        pytest.param(refused("Action already expired"), AuthenticationFailed, id="expired"),
        pytest.param(http(b"null", "429 Too Many Requests"), RateLimited, id="too many requests"),
        pytest.param(
            refused("Too many cumulative requests sent (3 > 2)"), RateLimited, id="no actions left"
        ),
        pytest.param(http(HTML, "403 Forbidden"), VenueUnavailable, id="firewall"),
    ],
)
async def test_order_ends_as_its_answer_allows(
    answer: bytes, expected: type[ExchangeError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async with venue(answer) as wire:
        with pytest.raises(expected) as caught:
            await wire.exchange.submit(LIMIT)

    signature = json.loads(wire.orders[0].partition(b"\r\n\r\n")[2])["signature"]
    shown = f"{caught.value} {caught.value!r} {caught.value.__context__!r} {caplog.text}".lower()
    assert type(caught.value) is expected
    assert len(wire.orders) == 1
    secrets = (signature["r"], signature["s"], CREDENTIALS.secret_key, ACCOUNT.lower())
    assert not any(secret.removeprefix("0x") in shown for secret in secrets)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\n", http(MADE, length=999)])
async def test_order_whose_answer_does_not_end_is_unknown_in_time(answer: bytes) -> None:
    async with venue(answer, hang=True) as wire:
        async with asyncio.timeout(PATIENT_S):
            with pytest.raises(OutcomeUnknown):
                await wire.exchange.submit(LIMIT)

        assert len(wire.orders) == 1


async def test_order_is_unknown_wherever_the_connection_is_reset() -> None:
    async with venue(http(MADE)) as wire:
        await wire.exchange.submit(LIMIT)
    (whole,) = wire.orders

    for stop_at in range(1, len(whole), 29):
        async with venue(b"", reset=True, stop_at=stop_at) as wire:
            with pytest.raises(OutcomeUnknown):
                await wire.exchange.submit(LIMIT)

            assert len(wire.orders) == 1
            assert wire.connections == 1


async def test_order_that_reaches_nobody_is_certainly_not_sent() -> None:
    async with venue(b"") as wire:
        await wire.exchange.aclose()

        with pytest.raises(VenueUnavailable, match="the order was not sent"):
            await wire.exchange.submit(LIMIT)

        assert wire.orders == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"", VenueUnavailable),
        (http(MADE, length=999), VenueUnavailable),
        (http(b"", "307 Temporary Redirect", "Location: /exchange"), BadReply),
        (http(b"null", "500 Internal Server Error"), VenueUnavailable),
        (http(b"null", "429 Too Many Requests"), RateLimited),
        (http(HTML), BadReply),
        (http(b"null"), BadReply),
    ],
)
async def test_cancel_may_be_tried_again_unless_it_was_understood(
    answer: bytes, expected: type[ExchangeError]
) -> None:
    async with venue(answer) as wire:
        with pytest.raises(expected) as caught:
            await wire.exchange.cancel("BTC", samples.ID)

        assert type(caught.value) is expected
        assert len(wire.orders) == 1
