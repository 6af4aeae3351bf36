"""An order over real sockets that break, and answers that are none: each is decided on purpose."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal

import pytest

from exchanges.binance.adapter import BinancePerpetual
from exchanges.endpoints import Endpoints
from exchanges.errors import (
    AuthenticationFailed,
    ExchangeError,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    VenueUnavailable,
)
from exchanges.http_transport import HttpTransport
from tests.exchanges.binance import samples
from tests.exchanges.binance.wired import CREDENTIALS, RULES, SELL, adapter
from tests.exchanges.manual_clock import ManualClock

MADE = json.dumps(samples.order()).encode()
MAYBE = b"Unknown error, please check your request or try again later."
HTML = b"<html><head><title>Attention Required!</title></head></html>"


def http(status: str, body: bytes, *headers: str, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {size}", *headers])
    return head.encode() + b"\r\n\r\n" + body


def error(code: int) -> bytes:
    return json.dumps({"code": code, "msg": "?"}).encode()


def made(**changes: object) -> bytes:
    return http("200 OK", json.dumps(samples.order() | changes).encode())


@asynccontextmanager
async def venue(answer: bytes | None) -> AsyncIterator[tuple[BinancePerpetual, list[bytes]]]:
    """Knows the rules, gives ``answer`` to an order and closes; None: resets the connection."""
    seen: list[bytes] = []
    rules = [http("200 OK", reply.body) for reply in RULES]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                if request.startswith(b"GET"):
                    writer.write(rules.pop(0))
                    continue
                seen.append(request)
                if answer is None:
                    writer.transport.abort()
                    return
                writer.write(answer)
                await writer.drain()
                return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    wire = HttpTransport(Endpoints(f"http://127.0.0.1:{port}"))
    exchange = adapter(wire, CREDENTIALS, ManualClock())
    try:
        await exchange.rules("BTC")
        yield exchange, seen
    finally:
        await exchange.aclose()
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(None, OutcomeUnknown, id="reset after the request was written"),
        pytest.param(b"", OutcomeUnknown, id="closed without a word"),
        pytest.param(
            http("200 OK", MADE, length=999), OutcomeUnknown, id="reply cut in the middle"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", OutcomeUnknown, id="head cut in the middle"),
        pytest.param(b"\x00\xff not HTTP\r\n\r\n", OutcomeUnknown, id="not HTTP"),
        pytest.param(http("200 OK", MADE[:-9]), OutcomeUnknown, id="JSON cut in the middle"),
        pytest.param(http("200 OK", HTML), OutcomeUnknown, id="a page with 200"),
        pytest.param(http("200 OK", b""), OutcomeUnknown, id="nothing with 200"),
        pytest.param(http("200 OK", error(-2019)), OutcomeUnknown, id="an error with 200"),
        pytest.param(made(clientOrderId="other"), OutcomeUnknown, id="another order"),
        pytest.param(made(side="BUY"), OutcomeUnknown, id="our id on the other side"),
        pytest.param(made(symbol="ETHUSDT"), OutcomeUnknown, id="our id in another market"),
        pytest.param(made(origQty="0.020"), OutcomeUnknown, id="our id and another quantity"),
        pytest.param(made(origQty="0.009"), OutcomeUnknown, id="our id and less"),
        pytest.param(
            made(status="FILLED", executedQty="0"), OutcomeUnknown, id="filled with nothing"
        ),
        pytest.param(
            made(status="EXPIRED", executedQty="0.011"), OutcomeUnknown, id="more than was ordered"
        ),
        pytest.param(
            http("200 OK", MADE[:-1] + b',"executedQty":"0"}'), OutcomeUnknown, id="a key twice"
        ),
        *(
            pytest.param(
                http("200 OK", MADE[:-1] + b',"more":' + number + b"}"), OutcomeUnknown, id=name
            )
            for name, number in {
                "not a number": b"NaN",
                "endless exponent": b"1e99999999999999999999",
                "endless digits": b"9" * 5_000,
            }.items()
        ),
        pytest.param(http("429 Too Many", error(-1007)), OutcomeUnknown, id="limited in doubt"),
        pytest.param(http("500 Error", error(-1021)), OutcomeUnknown, id="clock with 500"),
        pytest.param(
            http("302 Found", b"", "Location: http://127.0.0.1:1/"), OutcomeUnknown, id="redirect"
        ),
        pytest.param(http("400 Bad Request", error(-2019)), OrderRejected, id="rejected"),
        pytest.param(http("400 Bad Request", HTML), OutcomeUnknown, id="a page with 400"),
        pytest.param(http("401 Unauthorized", error(-2015)), AuthenticationFailed, id="key"),
        pytest.param(http("403 Forbidden", HTML), VenueUnavailable, id="firewall"),
        pytest.param(http("408 Timeout", error(-1007)), OutcomeUnknown, id="backend time-out"),
        pytest.param(http("418 I'm a teapot", b"", "Retry-After: 130"), RateLimited, id="banned"),
        pytest.param(http("429 Too Many", error(-1003)), RateLimited, id="too many requests"),
        pytest.param(http("502 Bad Gateway", HTML), OutcomeUnknown, id="bad gateway"),
        pytest.param(
            http("503 Unavailable", b"Service Unavailable."), VenueUnavailable, id="not executed"
        ),
        pytest.param(http("503 Unavailable", error(-1008)), VenueUnavailable, id="throttled"),
        pytest.param(
            http(
                "503 Unavailable", b"Unknown error, please check your request or try again later."
            ),
            OutcomeUnknown,
            id="maybe executed",
        ),
        pytest.param(http("504 Gateway Timeout", HTML), OutcomeUnknown, id="gateway time-out"),
    ],
)
async def test_order_ends_as_its_answer_allows(
    answer: bytes | None, expected: type[ExchangeError]
) -> None:
    async with venue(answer) as (exchange, seen):
        with pytest.raises(expected) as caught:
            await exchange.submit(SELL)

        assert type(caught.value) is expected
        assert len(seen) == 1


async def test_of_a_reduce_only_order_the_venue_may_take_less() -> None:
    async with venue(made(origQty="0.008", executedQty="0.008")) as (exchange, _):
        report = await exchange.submit(replace(SELL, reduce_only=True))

        assert (report.quantity, report.filled) == (Decimal("0.008"), Decimal("0.008"))


async def test_a_redirect_is_not_followed_with_a_signed_order() -> None:
    reached: list[object] = []

    async def elsewhere(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append(writer)
        writer.close()

    server = await asyncio.start_server(elsewhere, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/fapi/v1/order"
    async with server, venue(http("307 Elsewhere", b"", f"Location: {address}")) as (exchange, _):
        with pytest.raises(OutcomeUnknown) as caught:
            await exchange.submit(SELL)

        assert reached == []
        assert address not in str(caught.value)


async def test_order_that_reaches_nobody_is_certainly_not_sent() -> None:
    async with venue(None) as (exchange, seen):
        await exchange.aclose()

        with pytest.raises(VenueUnavailable, match="the order was not sent"):
            await exchange.submit(SELL)

        assert seen == []
