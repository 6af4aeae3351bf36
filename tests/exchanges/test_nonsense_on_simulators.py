"""One suite for every adapter: replies and frames of the venue with any part turned into nonsense
end in a value that makes sense or in an error of :mod:`exchanges.errors`, which holds no secret;
and a stream outlives them.

What is plausible and wrong (another price of a trade) cannot be seen and is not looked for.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from exchanges.adapter_names import AdapterName
from exchanges.binance.adapter import BinancePerpetual
from exchanges.errors import ExchangeError, OutcomeUnknown
from exchanges.http_transport import HttpTransport
from exchanges.http_web_socket import HttpConnector
from exchanges.instrument import Venue
from exchanges.simulator.front import Channel, Conversation
from exchanges.simulator.market import Quote
from exchanges.transport import Request, Response
from exchanges.web_socket import Frame
from tests.exchanges.running_clock import RunningClock
from tests.exchanges.sane_answers import check, check_told
from tests.exchanges.simulated_desk import (
    CREDENTIALS,
    NATIVE,
    QUOTE,
    TOUCH,
    Desk,
    choices,
    open_desk,
)
from tests.exchanges.test_streams_on_simulators import at, ended
from tests.exchanges.upbit.hearing import hearing, until

KEY_LIKE = "s3cr3tK3y" * 7
"""A venue may echo what it was sent."""
ODD: st.SearchStrategy[object] = st.sampled_from(
    [None, True, -1, 0, 10**30, 1.5, "", "x", "NaN", "Infinity", "-1", "1e999999999999999999999",
     "-0", [], {}, [[]], {"a": {}}, "0x", " 1 ", "1_0", "1_0e99_999_999", "9" * 400, "\ud800",
     KEY_LIKE]
)  # fmt: skip
RAW = (b"", b"null", b"[]", b"<html>busy</html>", b"\xff\xfe\x00", b"[" * 5_000, b'{"a":', b"1e999")
PATIENCE_S = 30.0
STATUSES = (400, 401, 403, 404, 408, 500, 503)

Change = tuple[int, object]
"""Where, and what is there then."""


def changes(at_least: int, at_most: int) -> st.SearchStrategy[list[Change]]:
    change = st.tuples(st.integers(0, 10**6), ODD)
    return st.lists(change, min_size=at_least, max_size=at_most)


EVERY = settings(
    max_examples=4,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # examples take long: none is shrunk
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def changed(body: bytes, change: Change) -> bytes:
    """``body`` with one of its parts replaced; now and then no JSON any more."""
    where, odd = change
    if where % 7 == 0:
        return RAW[where % len(RAW)]
    if where % 7 == 1:
        return body[: where % max(1, len(body))]
    with suppress(ValueError):
        document = json.loads(body)
        places = list(_places(document))
        if places:
            node, key = places[where % len(places)]
            node[key] = odd
            return json.dumps(document).encode()
    return json.dumps(odd).encode()


def _places(node: Any) -> Iterable[tuple[Any, Any]]:
    """Every part of a JSON document: what holds it, and its key or index there."""
    if not isinstance(node, dict | list):
        return
    for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
        yield node, key
        yield from _places(value)


def check_error(desk: Desk, error: ExchangeError) -> None:
    """One line, and no secret in it or in what it was made from."""
    key = CREDENTIALS[desk.venue]
    told = "".join((repr(error), *traceback.format_exception(error)))
    for secret in (key.secret_key, key.secret_key.removeprefix("0x"), KEY_LIKE):
        assert secret not in told
    assert "\n" not in str(error)


Questions = dict[str, Callable[[], Awaitable[object]]]


def questions(desk: Desk) -> Questions:
    exchange, start = desk.exchange, desk.clock.now() - timedelta(hours=1)
    return {
        "order": lambda: exchange.order("BTC", "kimp-known"),
        "open_orders": lambda: exchange.open_orders("BTC"),
        "fills": lambda: exchange.fills("BTC", start),
        "funding": lambda: exchange.funding("BTC", start),
        "transfers": lambda: exchange.transfers(start),
        "balances": exchange.balances,
        "position": lambda: exchange.position("BTC"),
        "book": lambda: exchange.book("BTC"),
        "rules": lambda: exchange.rules("BTC"),
        "market_state": lambda: exchange.market_state("BTC"),
        "server_time": exchange.server_time,
        "cancel": lambda: exchange.cancel("BTC", "kimp-rests"),
    }


@asynccontextmanager
async def opened(venue: Venue, adapter: AdapterName) -> AsyncIterator[Desk]:
    """With one order that has traded, one that rests, and money paid in."""
    async with AsyncExitStack() as stack:
        desk = await open_desk(venue, stack, RunningClock(), adapter)
        await desk.exchange.submit(desk.order("known", "0.02"))
        await desk.exchange.submit(desk.resting("rests"))
        account, currency = CREDENTIALS[venue].access_key, QUOTE[venue]
        desk.simulation.engines[venue].transfer(account, currency, Decimal(100))
        yield desk


def unpacked(response: Response) -> Response:
    """``response`` without compression: of what is packed, no part could be changed."""
    headers = dict(response.headers)
    if headers.pop("content-encoding", None) != "gzip":
        return response
    return replace(response, headers=headers, body=gzip.decompress(response.body))


@asynccontextmanager
async def replies_changed(desk: Desk, change: Change, *, status: int = 0) -> AsyncIterator[None]:
    """Every good reply of the venue is changed so meanwhile; ``status``: 0 leaves it."""
    front = desk.simulation.fronts[desk.venue]
    truthful = front.handle

    async def handle(request: Request) -> Response:
        response = unpacked(await truthful(request))
        if response.status >= 300:
            return response
        body = changed(response.body, change)
        return replace(response, status=status or response.status, body=body)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(front, "handle", handle)
        yield


@pytest.mark.parametrize("where", choices(*Venue))
@EVERY
@given(changes=changes(8, 24))
async def test_question_answered_with_nonsense_ends_in_a_value_or_our_error(
    where: tuple[Venue, AdapterName], changes: Sequence[Change], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with opened(*where) as desk:
        asked = list(questions(desk).values())
        for number, change in enumerate(changes):
            desk.clock.advance(5)
            status = STATUSES[number % len(STATUSES)] if change[0] % 5 == 0 else 0
            async with replies_changed(desk, change, status=status):
                try:
                    answer = await asked[number % len(asked)]()
                except ExchangeError as error:
                    check_error(desk, error)
                else:
                    check(answer)

        desk.clock.advance(120)
        assert (await desk.exchange.order("BTC", "kimp-known")).filled == Decimal("0.02")
        assert CREDENTIALS[desk.venue].secret_key.removeprefix("0x") not in caplog.text


@pytest.mark.parametrize("where", choices(*Venue))
@EVERY
@given(changes=changes(8, 24))
async def test_order_answered_with_nonsense_is_a_report_of_it_or_unknown(
    where: tuple[Venue, AdapterName], changes: Sequence[Change]
) -> None:
    async with opened(*where) as desk:
        await desk.exchange.balances()  # ccxt reads the markets before
        for number, change in enumerate(changes):
            desk.clock.advance(5)
            order = desk.order(f"n{number}", "0.01")
            async with replies_changed(desk, change):
                try:
                    report = await desk.exchange.submit(order)
                except OutcomeUnknown as error:
                    check_error(desk, error)
                    continue
            check_told(order, report)

        assert desk.actions()[2:] == [f"kimp-n{number}" for number in range(len(changes))]


class Garbling:
    """A venue's channel whose frames are changed while ``changes`` last, one frame each."""

    def __init__(self, inner: Channel, changes: list[Change]) -> None:
        self._inner = inner
        self._changes = changes

    @property
    def heard_at(self) -> float:
        return self._inner.heard_at

    async def send(self, frame: Frame) -> None:
        if self._changes:
            body = frame.encode() if isinstance(frame, str) else frame
            nonsense = changed(body, self._changes.pop())
            frame = nonsense.decode("utf-8", "replace") if isinstance(frame, str) else nonsense
        await self._inner.send(frame)

    async def receive(self) -> Frame:
        return await self._inner.receive()

    async def ping(self) -> None:
        await self._inner.ping()

    async def close(self, code: int, reason: str = "") -> None:
        await self._inner.close(code, reason)

    def cut(self) -> None:
        self._inner.cut()


@asynccontextmanager
async def frames_changed(desk: Desk, changes: list[Change]) -> AsyncIterator[None]:
    front = desk.simulation.fronts[desk.venue]
    truthful = front.accept

    async def accept(handshake: Request) -> Conversation:
        conversation = await truthful(handshake)

        async def garbled(channel: Channel) -> None:
            await conversation(Garbling(channel, changes))

        return garbled

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(front, "accept", accept)
        yield


@EVERY
@given(changes=changes(4, 12))
async def test_order_over_the_web_socket_answered_with_nonsense_is_a_report_of_it_or_unknown(
    changes: Sequence[Change],
) -> None:
    async with opened(Venue.BINANCE, "direct") as desk:
        left: list[Change] = []
        exchange = BinancePerpetual(
            HttpTransport(desk.endpoints),
            HttpConnector(),
            CREDENTIALS[Venue.BINANCE],
            desk.endpoints,
            desk.clock,
            timeout_s=1.0,
            order_entry="websocket",
        )
        desk.stack.push_async_callback(exchange.aclose)
        await exchange.rules("BTC")
        async with frames_changed(desk, left):
            for number, change in enumerate(changes):
                await until(lambda: exchange.order_entry_ready)
                desk.clock.advance(5)
                left[:] = [change]
                order = desk.order(f"n{number}", "0.01")
                try:
                    report = await exchange.submit(order)
                except OutcomeUnknown as error:
                    check_error(desk, error)
                else:
                    check_told(order, report)

        sent = [seen for seen in desk.simulation.requests.requests() if seen.method == "WS"]
        assert len(sent) == len(changes)


@asynccontextmanager
async def lively(desk: Desk, touch: Quote) -> AsyncIterator[None]:
    """A market at ``touch``, of which the size changes all the time, as it does at a venue. Time
    runs faster: what is mute is found by the clock."""

    async def move() -> None:
        size = Decimal(1)
        while True:
            size = 3 - size
            quote = replace(touch, size=size)
            desk.simulation.market.set_quote(desk.venue, NATIVE[desk.venue], quote)
            desk.clock.advance(0.06)
            await asyncio.sleep(0.02)

    moving = asyncio.create_task(move())
    try:
        yield
    finally:
        moving.cancel()
        await asyncio.wait([moving])


@pytest.mark.parametrize("where", choices(*Venue))
@settings(EVERY, max_examples=3)
@given(early=changes(1, 6), late=changes(1, 6))
async def test_streams_outlive_frames_of_nonsense_and_then_tell_the_truth(
    where: tuple[Venue, AdapterName], early: Sequence[Change], late: Sequence[Change]
) -> None:
    async with opened(*where) as desk:
        left, touch = list(early), TOUCH[desk.venue]
        async with (
            frames_changed(desk, left),
            hearing(desk.exchange.stream_books(["BTC"])) as books,
            hearing(desk.exchange.stream_orders()) as orders,
        ):
            async with lively(desk, touch):
                await books.until(at(touch.bid), PATIENCE_S)
                left.extend(late)
                during = desk.order("during")
                await desk.exchange.submit(during)
                heard = await orders.until(ended(during), PATIENCE_S)
            left.clear()
            moved = replace(touch, bid=(touch.bid + touch.ask) / 2)
            async with lively(desk, moved):
                await books.until(at(moved.bid), PATIENCE_S)
                after = desk.order("after")
                await desk.exchange.submit(after)
                told = await orders.until(ended(after), PATIENCE_S)

        check(books.items)
        check(orders.items)
        read = await desk.exchange.order("BTC", after.client_order_id)
        assert heard.filled == during.quantity
        assert (told.filled, told.value) == (read.filled, read.value)
        assert told.filled == after.quantity
