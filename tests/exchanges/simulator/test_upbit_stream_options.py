"""What a client of the simulated Upbit's streams may ask for, to its edges."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from exchanges.simulator.upbit import session
from tests.exchanges.simulator.running import Running
from tests.exchanges.simulator.upbit_stream import public_stream

TRADE = {"type": "trade", "codes": ["KRW-BTC"]}
SELL = {"market": "KRW-BTC", "side": "ask", "ord_type": "market", "volume": "0.25"}


async def test_a_snapshot_alone_is_followed_by_nothing(venues: Running) -> None:
    async with public_stream(venues) as stream:
        await stream.ask(TRADE | {"is_only_snapshot": True})
        first = await stream.next()
        await venues.upbit.order(**SELL)
        await stream.socket.send_str("PING")
        second = await stream.next()

    assert first["stream_type"] == "SNAPSHOT"
    assert second == {"status": "UP"}


async def test_what_happens_alone_begins_without_a_snapshot(venues: Running) -> None:
    async with public_stream(venues) as stream:
        await stream.ask(TRADE | {"is_only_realtime": True})
        await stream.synchronise()
        await venues.upbit.order(**SELL)
        first = await stream.next()

    assert (first["type"], first["stream_type"]) == ("trade", "REALTIME")


@pytest.mark.parametrize("depth", [1, 5, 15, 30])
async def test_a_book_has_the_depth_behind_its_code(venues: Running, depth: int) -> None:
    async with public_stream(venues) as stream:
        await stream.ask({"type": "orderbook", "codes": [f"KRW-BTC.{depth}"]})

        assert len((await stream.next())["orderbook_units"]) == depth


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ({"type": "orderbook", "codes": ["KRW-BTC.10"]}, "INVALID_PARAM"),
        ({"type": "ticker", "codes": ["KRW-BTC.5"]}, "INVALID_PARAM"),
        ({"type": "ticker", "codes": ["krw-btc"]}, "INVALID_PARAM"),
        ({"type": "candle.2m", "codes": ["KRW-BTC"]}, "INVALID_PARAM"),
        (TRADE | {"is_only_snapshot": True, "is_only_realtime": True}, "INVALID_PARAM"),
        ({"type": "ticker", "codes": []}, "NO_CODES"),
        ({"codes": ["KRW-BTC"]}, "NO_TYPE"),
        ({"type": "myOrder"}, "INVALID_AUTH"),
    ],
)
async def test_what_does_not_exist_is_refused_by_name(
    venues: Running, entry: dict[str, Any], name: str
) -> None:
    async with public_stream(venues) as stream:
        await stream.ask(entry)

        assert (await stream.next())["error"]["name"] == name


async def test_a_connection_is_idle_for_two_minutes_and_not_less(
    venues: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "LOOK_EVERY_S", 0.01)
    async with public_stream(venues) as stream:
        await stream.ask(TRADE)
        await stream.next()
        venues.clock.advance(119.9)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await stream.socket.receive()
        venues.clock.advance(0.1)
        end = await stream.frame()

    assert end.type is aiohttp.WSMsgType.CLOSE
