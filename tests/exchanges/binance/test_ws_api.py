"""Replies of the WebSocket API, good and bad, as an order sees them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges.binance.adapter import BinancePerpetual
from exchanges.binance.signing import Signer
from exchanges.binance.ws_api import WsApi
from exchanges.credentials import Credentials
from exchanges.errors import (
    AuthenticationFailed,
    BadReply,
    ExchangeError,
    OrderRejected,
    OutcomeUnknown,
    RateLimited,
    VenueUnavailable,
)
from exchanges.order import OrderStatus
from exchanges.transport import Interrupted, NotSent, Request
from exchanges.web_socket import NO_HEADERS, Connection, Disconnected, Frame
from tests.exchanges.binance import samples
from tests.exchanges.binance.scripted_connection import ScriptedConnection
from tests.exchanges.binance.test_signing import pem_of
from tests.exchanges.binance.wired import CREDENTIALS, RULES, SELL, adapter
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.scripted_transport import ScriptedTransport
from tests.exchanges.test_reply import JSON

Answer = Callable[[str], Frame | None]
"""What comes back on the request with that id; None: the connection breaks."""


class AnsweringConnector:
    """Connects to a venue that gives one answer to each request."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[dict[str, Any]] = []
        self.replies: asyncio.Queue[Frame | None] = asyncio.Queue()
        self.connected = 0

    async def connect(self, url: str, *, headers: Any = NO_HEADERS, timeout_s: float) -> Connection:
        self.connected += 1
        return self

    async def send(self, frame: Frame) -> None:
        request = json.loads(frame)
        self.requests.append(request)
        self.replies.put_nowait(self.answer(request["id"]))

    async def receive(self) -> Frame:
        frame = await self.replies.get()
        if frame is None:
            raise Disconnected
        return frame

    async def aclose(self) -> None:
        """Stays as it is."""


async def until(is_so: Callable[[], bool]) -> None:
    """Let the other tasks run, which wait for nothing outside of this process."""
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0)


async def entered(answer: Answer) -> tuple[BinancePerpetual, AnsweringConnector, ScriptedTransport]:
    """An adapter that sends orders over the WebSocket."""
    connector, wire = AnsweringConnector(answer), ScriptedTransport(*RULES)
    exchange = adapter(wire, CREDENTIALS, ManualClock(), connector, "websocket")
    await exchange.rules("BTC")
    wire.requests.clear()
    await until(lambda: exchange.order_entry_ready)
    return exchange, connector, wire


def answered(status: object, **content: object) -> Answer:
    return lambda request_id: json.dumps({"id": request_id, "status": status, **content})


def refused(status: int, code: object, **data: object) -> Answer:
    return answered(status, error={"code": code, "msg": "?", "data": data or None})


async def test_order_is_signed_and_read_from_the_reply_with_its_id() -> None:
    exchange, connector, wire = await entered(answered(200, result=samples.order()))

    report = await exchange.submit(SELL)
    await exchange.aclose()

    (request,) = connector.requests
    sent = request["params"]
    unsigned = {name: sent[name] for name in sent if name not in ("apiKey", "signature")}
    assert request["method"] == "order.place"
    assert sent == Signer(CREDENTIALS).signed(unsigned)
    assert (sent["quantity"], sent["recvWindow"]) == ("0.01", 5_000)
    assert report.status is OrderStatus.FILLED
    assert wire.requests == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refused(400, -2019), OrderRejected),
        (refused(400, -1021), AuthenticationFailed),
        (refused(401, -2015), AuthenticationFailed),
        (refused(408, -1007), OutcomeUnknown),
        (refused(500, -1000), OutcomeUnknown),
        (refused(503, -1008), VenueUnavailable),
        (refused(400, "x"), OutcomeUnknown),
        (answered(200), OutcomeUnknown),
        (answered(200, result=[]), OutcomeUnknown),
        (answered(200, result=samples.order(clientOrderId="another")), OutcomeUnknown),
        (answered("200", result=samples.order()), OutcomeUnknown),
        (answered(True, result=samples.order()), OutcomeUnknown),
        (answered(7), OutcomeUnknown),
        (answered(200, result=samples.order(), error={"code": -2019}), OutcomeUnknown),
        (lambda _: "<html>", OutcomeUnknown),
        (lambda _: b"\xff\xff", OutcomeUnknown),
        (lambda _: "[]", OutcomeUnknown),
        (lambda _: None, OutcomeUnknown),
    ],
)
async def test_reply_to_an_order_means(answer: Answer, expected: type[ExchangeError]) -> None:
    exchange, connector, wire = await entered(answer)

    with pytest.raises(expected) as caught:
        await exchange.submit(SELL)
    await exchange.aclose()

    assert type(caught.value) is expected
    assert len(connector.requests) == 1
    assert wire.requests == []


@pytest.mark.parametrize(
    ("answer", "wait_s", "banned"),
    [
        (refused(429, -1003, serverTime=1_000, retryAfter=3_500), 3.0, False),
        (refused(418, -1003, serverTime=1_000, retryAfter=301_000), 300.0, True),
        (refused(429, -1015), 10.0, False),
        (refused(418, -1003, serverTime="x", retryAfter=None), 120.0, True),
    ],
)
async def test_refusal_for_asking_too_often_says_how_long(
    answer: Answer, wait_s: float, banned: bool
) -> None:
    exchange, _, _ = await entered(answer)

    with pytest.raises(RateLimited) as caught:
        await exchange.submit(SELL)
    await exchange.aclose()

    assert (caught.value.retry_after_s, caught.value.banned) == (wait_s, banned)
    assert exchange.order_room() == 0


async def test_counters_of_the_reply_are_believed_and_odd_ones_passed_over() -> None:
    said = {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "count": 230}
    exchange, _, _ = await entered(
        answered(200, result=samples.order(), rateLimits=[None, {"interval": []}, said])
    )

    await exchange.submit(SELL)
    await exchange.aclose()

    assert exchange.order_room() == 10


async def test_reply_that_nobody_waits_for_is_passed_over() -> None:
    api = WsApi(Signer(CREDENTIALS), ManualClock().now, ManualClock(), timeout_s=1)
    connection = ScriptedConnection('{"id": "9", "status": 200}', '{"id": null}')

    with pytest.raises(Disconnected):
        await drain(api, connection)

    assert not api.is_ready
    with pytest.raises(NotSent):
        await api.send(Request("WS", "order.place", body=b"{}"), timeout_s=1)


async def test_session_that_holds_no_longer_is_given_up_for_a_new_one() -> None:
    credentials = Credentials("key", pem_of(Ed25519PrivateKey.generate()))
    api = WsApi(Signer(credentials), ManualClock().now, ManualClock(), timeout_s=1)
    connector = AnsweringConnector(answered(200))
    served = asyncio.create_task(drain(api, connector))
    await until(lambda: api.is_ready)

    connector.answer = refused(401, -2015)
    response = await api.send(Request("WS", "order.place", body=b"{}"), timeout_s=1)
    await served

    assert (response.status, api.is_ready) == (401, False)
    assert [one["method"] for one in connector.requests] == ["session.logon", "order.place"]


async def test_connection_that_is_old_takes_nothing_new_but_lets_replies_come() -> None:
    clock = ManualClock()
    api = WsApi(Signer(CREDENTIALS), clock.now, clock, timeout_s=1)
    connector = AnsweringConnector(lambda _: '{"id": "0"}')
    served = asyncio.create_task(drain(api, connector))
    await until(lambda: api.is_ready)

    waiting = asyncio.create_task(api.send(Request("WS", "order.place", body=b"{}"), timeout_s=5))
    await until(lambda: bool(connector.requests))
    clock.advance(24 * 3_600)
    connector.replies.put_nowait('{"id": "0"}')
    await until(lambda: not api.is_ready)
    connector.replies.put_nowait('{"id": "1", "status": 200, "result": 5}')

    assert (await waiting).body == b"5"
    await served


async def drain(api: WsApi, connection: Connection) -> None:
    async for _ in api.serve(connection):
        pass


async def test_writing_to_a_broken_connection_leaves_the_fate_open() -> None:
    class Broken(ScriptedConnection):
        async def send(self, frame: Frame) -> None:
            raise Disconnected

    api = WsApi(Signer(CREDENTIALS), ManualClock().now, ManualClock(), timeout_s=1)
    served = asyncio.create_task(drain(api, Broken(mute=True)))
    await until(lambda: api.is_ready)

    with pytest.raises(Interrupted):
        await api.send(Request("WS", "order.place", body=b"{}"), timeout_s=1)
    served.cancel()
    with suppress(asyncio.CancelledError):
        await served


REPLIES = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("status", "result", "error", "rateLimits"), JSON)
)


@settings(max_examples=80, deadline=None)
@given(content=REPLIES, status=st.sampled_from([200, 400, 401, 418, 429, 503]), keep=st.booleans())
async def test_any_reply_to_an_order_ends_as_the_protocol_says(
    content: dict[str, Any], status: int, keep: bool
) -> None:
    reply = content if keep else {**content, "status": status}
    exchange, connector, _ = await entered(
        lambda request_id: json.dumps({**reply, "id": request_id})
    )

    try:
        await exchange.submit(SELL)
    except (OrderRejected, AuthenticationFailed, VenueUnavailable, OutcomeUnknown):
        pass
    finally:
        await exchange.aclose()

    assert len(connector.requests) == 1


@settings(max_examples=60, deadline=None)
@given(frame=st.text(max_size=40) | st.binary(max_size=40) | JSON.map(json.dumps))
async def test_any_frame_is_passed_over_or_ends_the_connection(frame: Frame) -> None:
    api = WsApi(Signer(CREDENTIALS), ManualClock().now, ManualClock(), timeout_s=1)

    with pytest.raises((Disconnected, BadReply)):
        await drain(api, ScriptedConnection(frame))
