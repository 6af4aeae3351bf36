"""Conditions and faults of streams as a client of the simulated Upbit sees them."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from exchanges.instrument import Venue
from exchanges.simulator.faults import Fault, FaultKind, Faults
from exchanges.simulator.front import ChannelClosed
from exchanges.simulator.market import Market
from exchanges.simulator.request_log import RequestLog
from exchanges.simulator.upbit import session
from exchanges.simulator.upbit.engine import UpbitEngine
from exchanges.simulator.upbit.front import UpbitFront
from exchanges.transport import Request
from exchanges.web_socket import Frame
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.running import Running
from tests.exchanges.simulator.still_market import set_btc, still_market
from tests.exchanges.simulator.upbit_stream import Stream, private_stream, public_stream

RESTING = {
    "market": "KRW-BTC", "side": "ask", "ord_type": "limit", "volume": "0.01", "price": "60020000",
}  # fmt: skip
BOOK = {"type": "orderbook", "codes": ["KRW-BTC"]}


def set_fault(venues: Running, kind: FaultKind, endpoint: str = "*", **args: str) -> None:
    venues.simulation.faults.add(Fault(Venue.UPBIT, endpoint, kind, 1, args))


async def orders_stream(stream: Stream) -> None:
    await stream.ask({"type": "myOrder"})
    await stream.synchronise()


async def test_a_duplicated_event_comes_twice(venues: Running) -> None:
    async with private_stream(venues) as stream:
        await orders_stream(stream)
        set_fault(venues, FaultKind.DUPLICATE_EVENT, "myOrder")
        await venues.upbit.order(**RESTING, identifier="e-1")
        await venues.upbit.order(**RESTING, identifier="e-2")
        first, again, second = await stream.several(3)

    assert first == again
    assert (first["identifier"], second["identifier"]) == ("e-1", "e-2")


async def test_a_dropped_event_does_not_come(venues: Running) -> None:
    async with private_stream(venues) as stream:
        await orders_stream(stream)
        set_fault(venues, FaultKind.DROP_EVENT, "myOrder")
        await venues.upbit.order(**RESTING, identifier="e-1")
        await venues.upbit.order(**RESTING, identifier="e-2")

        assert (await stream.next())["identifier"] == "e-2"


async def test_a_dropped_stream_is_cut_and_its_event_lost(venues: Running) -> None:
    async with private_stream(venues) as stream:
        await orders_stream(stream)
        set_fault(venues, FaultKind.DROP_STREAM, "myOrder")
        await venues.upbit.order(**RESTING, identifier="e-1")
        was_cut = await stream.is_cut()
    async with private_stream(venues) as again:
        await orders_stream(again)
        await venues.upbit.order(**RESTING, identifier="e-2")
        event = await again.next()

    assert was_cut
    assert event["identifier"] == "e-2"


async def test_a_stale_book_stands_still_everywhere_with_its_old_time(venues: Running) -> None:
    async with public_stream(venues) as stream:
        await stream.ask(BOOK)
        before = await stream.next()
        set_fault(venues, FaultKind.STALE_BOOK, market="KRW-BTC")
        venues.clock.advance(30)
        set_btc(venues.simulation.market, "61000000", "61002000")
        streamed = await stream.next()
        (read,) = (await venues.upbit.public("/v1/orderbook", ("markets", "KRW-BTC"))).json
        ticker = (await venues.upbit.public("/v1/ticker", ("markets", "KRW-BTC"))).json[0]
        venues.simulation.faults.clear()
        (after,) = (await venues.upbit.public("/v1/orderbook", ("markets", "KRW-BTC"))).json

    for stale in (streamed, read):
        assert stale["orderbook_units"] == before["orderbook_units"]
        assert stale["timestamp"] == before["timestamp"]
    assert ticker["trade_price"] == 61_001_000
    assert after["timestamp"] == before["timestamp"] + 30_000
    assert after["orderbook_units"][0]["ask_price"] == 61_002_000


async def test_another_markets_book_goes_on(venues: Running) -> None:
    set_fault(venues, FaultKind.STALE_BOOK, market="KRW-USDT")
    set_btc(venues.simulation.market, "61000000", "61002000")

    (read,) = (await venues.upbit.public("/v1/orderbook", ("markets", "KRW-BTC"))).json

    assert read["orderbook_units"][0]["ask_price"] == 61_002_000


async def test_a_halted_market_is_shown_as_such_and_nothing_trades(venues: Running) -> None:
    await venues.upbit.order(**RESTING, identifier="h-1")
    set_fault(venues, FaultKind.HALT_MARKET, market="KRW-BTC")
    set_btc(venues.simulation.market, "60030000", "60040000")

    refused = await venues.upbit.order(**RESTING, identifier="h-2")
    chance = (await venues.upbit.get("/v1/orders/chance", ("market", "KRW-BTC"))).json
    other = (await venues.upbit.get("/v1/orders/chance", ("market", "KRW-USDT"))).json
    rows = (await venues.upbit.public("/v1/market/all", ("is_details", "true"))).json
    async with public_stream(venues) as stream:
        await stream.ask({"type": "ticker", "codes": ["KRW-BTC"]})
        ticker = await stream.next()
    waiting = await venues.upbit.get("/v1/order", ("identifier", "h-1"))
    cancelled = await venues.upbit.delete("/v1/order", ("identifier", "h-1"))

    warnings = {row["market"]: row["market_event"]["warning"] for row in rows}
    assert (refused.status, refused.error) == (400, "market_offline")
    assert (chance["market"]["state"], other["market"]["state"]) == ("suspended", "active")
    assert (warnings["KRW-BTC"], warnings["KRW-USDT"]) == (True, False)
    assert ticker["market_state"] == "PREVIEW"
    assert (waiting.json["state"], cancelled.status) == ("wait", 200)


async def test_after_a_halt_what_was_reached_trades(venues: Running) -> None:
    await venues.upbit.order(**RESTING, identifier="h-3")
    set_fault(venues, FaultKind.HALT_MARKET)
    set_btc(venues.simulation.market, "60030000", "60040000")
    venues.simulation.faults.clear()
    set_btc(venues.simulation.market, "60031000", "60040000")

    order = await venues.upbit.get("/v1/order", ("identifier", "h-3"))

    assert order.json["state"] == "done"


@pytest.mark.parametrize(
    ("args", "paused"), [({}, {"BTC", "USDT", "USDC"}), ({"currency": "BTC"}, {"BTC"})]
)
async def test_a_closed_wallet_is_shown_as_paused(
    venues: Running, args: dict[str, str], paused: set[str]
) -> None:
    set_fault(venues, FaultKind.WALLET_CLOSED, **args)

    rows = (await venues.upbit.get("/v1/status/wallet")).json

    assert {row["currency"] for row in rows if row["wallet_state"] == "paused"} == paused
    assert (await venues.upbit.order(**RESTING)).status == 201


async def test_maintenance_closes_streams_and_answers_everything_alike(venues: Running) -> None:
    async with public_stream(venues) as public, private_stream(venues) as private:
        await public.synchronise()
        await private.synchronise()
        set_fault(venues, FaultKind.MAINTENANCE)
        ends = [await public.frame(), await private.frame()]
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with public_stream(venues):
            pass
    signed = await venues.upbit.get("/v1/accounts")
    quotation = await venues.upbit.public("/v1/market/all")

    assert {(end.type, end.data) for end in ends} == {(aiohttp.WSMsgType.CLOSE, 1001)}
    assert refused.value.status == 503
    assert (signed.status, signed.error) == (503, "server_maintenance")
    assert (quotation.status, quotation.error) == (503, 503)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (FaultKind.REJECT, 400),
        (FaultKind.HTTP_500, 500),
        (FaultKind.RATE_LIMITED, 429),
        (FaultKind.BANNED, 418),
    ],
)
async def test_a_handshake_can_be_refused(venues: Running, kind: FaultKind, status: int) -> None:
    set_fault(venues, kind, "/websocket")

    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with public_stream(venues):
            pass

    assert refused.value.status == status


async def test_a_lost_handshake_gets_no_answer(venues: Running) -> None:
    lost = Fault(Venue.UPBIT, "/websocket", FaultKind.LOSE_REQUEST, 2)  # the client asks again
    venues.simulation.faults.add(lost)

    with pytest.raises(aiohttp.ClientConnectionError):
        async with public_stream(venues):
            pass


class DeafClient:
    """Says what it wants and then never reads."""

    def __init__(self, frame: Frame) -> None:
        self._frames = [frame]
        self.taken = asyncio.Event()
        self.was_cut = asyncio.Event()

    @property
    def heard_at(self) -> float:
        return 0.0

    async def send(self, frame: Frame) -> None:
        self.taken.set()
        await self.was_cut.wait()
        raise ChannelClosed

    async def receive(self) -> Frame:
        if self._frames:
            return self._frames.pop()
        await self.was_cut.wait()
        raise ChannelClosed

    async def ping(self) -> None:
        raise ChannelClosed

    async def close(self, code: int, reason: str = "") -> None:
        self.cut()

    def cut(self) -> None:
        self.was_cut.set()


def front_over(market: Market, clock: ManualClock) -> UpbitFront:
    return UpbitFront(UpbitEngine(market, clock), Faults(), clock, RequestLog())


async def test_a_client_that_does_not_read_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MAX_WAITING", 20)
    clock = ManualClock()
    market = still_market(clock)
    conversation = await front_over(market, clock).accept(Request("GET", "/websocket/v1"))
    client = DeafClient('[{"ticket": "x"}, {"type": "trade", "codes": ["KRW-BTC"]}]')

    async def converse() -> Any:
        await conversation(client)

    talking = asyncio.create_task(converse())
    async with asyncio.timeout(30):
        await client.taken.wait()
        for step in range(30):
            set_btc(market, str(60_000_000 + step * 1000), str(60_002_000 + step * 1000))
        await client.was_cut.wait()
        with pytest.raises(ChannelClosed):
            await talking
