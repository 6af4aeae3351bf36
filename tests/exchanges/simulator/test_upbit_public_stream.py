"""Market data of the simulated Upbit over WebSocket. KRW-BTC stands at 60.00 M / 60.01 M."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from exchanges.memory_web_socket import MemoryConnector
from exchanges.simulator.faults import Faults
from exchanges.simulator.request_log import RequestLog
from exchanges.simulator.upbit.engine import UpbitEngine
from exchanges.simulator.upbit.front import UpbitFront
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.running import Running
from tests.exchanges.simulator.still_market import set_btc, still_market
from tests.exchanges.simulator.upbit_stream import Stream, public_stream

BOOK = {"type": "orderbook", "codes": ["KRW-BTC.1"]}
TRADE = {"type": "trade", "codes": ["KRW-BTC"]}
SELL = {"market": "KRW-BTC", "side": "ask", "ord_type": "market", "volume": "0.25"}


async def snapshot(stream: Stream, **entry: Any) -> Any:
    await stream.ask({"is_only_snapshot": True, **entry})
    return await stream.next()


async def test_a_book_comes_as_a_snapshot_and_then_with_every_move(venues: Running) -> None:
    async with public_stream(venues) as stream:
        await stream.ask(BOOK)
        first = await stream.next()
        set_btc(venues.simulation.market, "61000000", "61001000", "0.7")
        second = await stream.next()

    now = int(venues.clock.now().timestamp() * 1000)
    assert first == {
        "type": "orderbook",
        "code": "KRW-BTC",
        "timestamp": now,
        "total_ask_size": 15,
        "total_bid_size": 15,
        "orderbook_units": [
            {
                "ask_price": 60_010_000,
                "bid_price": 60_000_000,
                "ask_size": Decimal("0.5"),
                "bid_size": Decimal("0.5"),
            }
        ],
        "level": 0,
        "stream_type": "SNAPSHOT",
    }
    assert second["stream_type"] == "REALTIME"
    assert second["orderbook_units"][0]["ask_price"] == 61_001_000


async def test_a_book_that_stands_still_is_repeated_each_second(venues: Running) -> None:
    async with public_stream(venues) as stream:
        await stream.ask(BOOK)
        first = await stream.next()
        venues.clock.advance(1)
        again = await stream.next()

    assert again["orderbook_units"] == first["orderbook_units"]
    assert again["timestamp"] == first["timestamp"] + 1000


@pytest.mark.parametrize(
    ("code", "units"), [("KRW-BTC", 30), ("KRW-BTC.30", 30), ("KRW-BTC.15", 15), ("KRW-BTC.5", 5)]
)
async def test_the_depth_of_a_book_stands_behind_its_code(
    venues: Running, code: str, units: int
) -> None:
    async with public_stream(venues) as stream:
        book = await snapshot(stream, type="orderbook", codes=[code])

    assert len(book["orderbook_units"]) == units
    assert book["total_bid_size"] == 15


@pytest.mark.parametrize("level", [10_000, "10000", 100_000])
async def test_a_level_groups_prices(venues: Running, level: object) -> None:
    async with public_stream(venues) as stream:
        book = await snapshot(stream, type="orderbook", codes=["KRW-BTC"], level=level)

    step = int(str(level))
    prices = [unit["ask_price"] for unit in book["orderbook_units"]]
    assert book["level"] == step
    assert all(price % step == 0 for price in prices)
    assert sum(unit["ask_size"] for unit in book["orderbook_units"]) <= book["total_ask_size"]


async def test_a_level_that_is_not_supported_brings_nothing(venues: Running) -> None:
    async with public_stream(venues) as stream:
        await stream.ask({"type": "orderbook", "codes": ["KRW-BTC"], "level": 7})
        await stream.socket.send_str("PING")

        assert await stream.next() == {"status": "UP"}


async def test_a_trade_shows_who_took_it(venues: Running) -> None:
    async with public_stream(venues) as stream:
        await stream.ask(TRADE | {"is_only_realtime": True})
        await stream.synchronise()
        await venues.upbit.order(**SELL)
        trade = await stream.next()

    now = venues.clock.now()
    assert trade | {"sequential_id": 0} == {
        "type": "trade",
        "code": "KRW-BTC",
        "timestamp": int(now.timestamp() * 1000),
        "trade_date": now.strftime("%Y-%m-%d"),
        "trade_time": now.strftime("%H:%M:%S"),
        "trade_timestamp": int(now.timestamp() * 1000),
        "trade_price": 60_000_000,
        "trade_volume": Decimal("0.25"),
        "ask_bid": "ASK",
        "prev_closing_price": 60_000_000,
        "change": "EVEN",
        "change_price": 0,
        "sequential_id": 0,
        "best_ask_price": 60_010_000,
        "best_ask_size": Decimal("0.5"),
        "best_bid_price": 60_000_000,
        "best_bid_size": Decimal("0.5"),
        "stream_type": "REALTIME",
    }


async def test_a_ticker_follows_the_trades(venues: Running) -> None:
    async with public_stream(venues) as stream:
        await stream.ask({"type": "ticker", "codes": ["KRW-BTC"]})
        before = await stream.next()
        await venues.upbit.order(**SELL)
        after = await stream.next()

    sold = after["acc_ask_volume"] - before["acc_ask_volume"]
    assert (before["stream_type"], after["stream_type"]) == ("SNAPSHOT", "REALTIME")
    assert (sold, after["acc_bid_volume"]) == (Decimal("0.25"), before["acc_bid_volume"])
    assert (after["ask_bid"], after["trade_price"]) == ("ASK", 60_000_000)
    assert set(after) == {
        "type", "code", "opening_price", "high_price", "low_price", "trade_price",
        "prev_closing_price", "change", "change_price", "change_rate", "signed_change_price",
        "signed_change_rate", "trade_volume", "acc_trade_price", "acc_trade_price_24h",
        "acc_trade_volume", "acc_trade_volume_24h", "highest_52_week_price",
        "highest_52_week_date", "lowest_52_week_price", "lowest_52_week_date", "trade_date",
        "trade_time", "trade_timestamp", "timestamp", "ask_bid", "acc_ask_volume",
        "acc_bid_volume", "market_state", "delisting_date", "stream_type",
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["candle.1s", "candle.1m", "candle.15m", "candle.240m"])
async def test_a_candle_grows_with_the_trades(venues: Running, kind: str) -> None:
    async with public_stream(venues) as stream:
        await stream.ask({"type": kind, "codes": ["KRW-BTC"]})
        before = await stream.next()
        await venues.upbit.order(**SELL)
        after = await stream.next()

    assert set(after) == {
        "type", "code", "candle_date_time_utc", "candle_date_time_kst", "opening_price",
        "high_price", "low_price", "trade_price", "candle_acc_trade_volume",
        "candle_acc_trade_price", "timestamp", "stream_type",
    }  # fmt: skip
    grown = after["candle_acc_trade_volume"] - before["candle_acc_trade_volume"]
    assert (after["type"], grown) == (kind, Decimal("0.25"))


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        (
            {"type": "ticker", "codes": ["KRW-BTC"]},
            "ty cd op hp lp tp pcp c cp scp cr scr tv atv atv24h atp atp24h tdt ttm ttms ab aav "
            "abv h52wp h52wdt l52wp l52wdt ms dd tms st",
        ),
        (BOOK, "ty cd tms tas tbs lv obu st"),
        (TRADE, "ty cd tms td ttm ttms tp tv ab pcp c cp bap bas bbp bbs sid st"),
        (
            {"type": "candle.1s", "codes": ["KRW-BTC"]},
            "ty cd cdttmu cdttmk op hp lp tp catv catp tms st",
        ),
    ],
)
async def test_simple_names_are_the_published_ones(
    venues: Running, entry: dict[str, Any], names: str
) -> None:
    async with public_stream(venues) as stream:
        await stream.ask(entry, format="SIMPLE")
        event = await stream.next()

    assert set(event) == set(names.split())
    if event["ty"] == "orderbook":
        assert set(event["obu"][0]) == {"ap", "bp", "as", "bs"}


@pytest.mark.parametrize(("format", "key"), [("JSON_LIST", "type"), ("SIMPLE_LIST", "ty")])
async def test_list_formats_wrap_each_event(venues: Running, format: str, key: str) -> None:
    async with public_stream(venues) as stream:
        await stream.ask(BOOK, format=format)
        (event,) = await stream.next()

    assert event[key] == "orderbook"


async def test_a_second_subscription_replaces_the_first(venues: Running) -> None:
    async with public_stream(venues) as stream:
        await stream.ask(BOOK)
        await stream.next()
        await stream.ask(TRADE | {"is_only_realtime": True})
        await stream.ask({"method": "LIST_SUBSCRIPTIONS"})
        listed = await stream.next()
        await venues.upbit.order(**SELL)
        event = await stream.next()

    assert listed == {
        "method": "LIST_SUBSCRIPTIONS",
        "result": [{"type": "trade", "codes": ["KRW-BTC"]}],
        "ticket": "test",
    }
    assert event["type"] == "trade"


async def test_a_question_sets_the_format_of_what_follows(venues: Running) -> None:
    async with public_stream(venues) as stream:
        await stream.ask(BOOK)
        await stream.next()
        await stream.ask({"method": "LIST_SUBSCRIPTIONS"}, format="SIMPLE")
        listed = await stream.next()
        set_btc(venues.simulation.market, "61000000", "61001000")
        book = await stream.next()

    assert listed == {
        "mthd": "LIST_SUBSCRIPTIONS",
        "rslt": [{"ty": "orderbook", "cds": ["KRW-BTC.1"], "lv": 0}],
        "tckt": "test",
    }
    assert book["ty"] == "orderbook"


async def test_the_text_ping_is_answered_again_each_ten_seconds(venues: Running) -> None:
    async with public_stream(venues) as stream:
        await stream.socket.send_str("PING")
        first = await stream.next()
        venues.clock.advance(10)
        second = await stream.next()

    assert first == second == {"status": "UP"}


async def test_an_idle_connection_is_closed_after_two_minutes(venues: Running) -> None:
    async with public_stream(venues) as stream:
        await stream.ask(TRADE | {"is_only_realtime": True})
        venues.clock.advance(119)
        await stream.socket.ping()
        await venues.upbit.order(**SELL)
        trade = await stream.next()
        venues.clock.advance(121)
        end = await stream.frame()

    assert trade["type"] == "trade"
    assert end.type is aiohttp.WSMsgType.CLOSE


async def test_a_protocol_ping_is_answered(venues: Running) -> None:
    url = venues.upbit_url.replace("http", "ws", 1) + "/websocket/v1"
    async with venues.session.ws_connect(url, autoping=False) as socket:
        await socket.ping(b"x")
        pong = await socket.receive(timeout=5)

    assert (pong.type, pong.data) == (aiohttp.WSMsgType.PONG, b"x")


async def test_another_path_is_no_stream(venues: Running) -> None:
    url = venues.upbit_url.replace("http", "ws", 1) + "/websocket/v2"
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await venues.session.ws_connect(url)

    assert refused.value.status == 404


async def test_a_trade_asked_for_twice_comes_once(venues: Running) -> None:
    async with public_stream(venues) as stream:
        await stream.ask(TRADE | {"is_only_realtime": True}, TRADE | {"codes": ["KRW-BTC"]})
        await stream.synchronise()
        await venues.upbit.order(**SELL)
        await venues.upbit.order(**SELL)
        first, second = await stream.several(2)

    assert first["sequential_id"] < second["sequential_id"]


async def test_in_one_process_it_streams_alike() -> None:
    clock = ManualClock()
    market = still_market(clock)
    front = UpbitFront(UpbitEngine(market, clock), Faults(), clock, RequestLog())
    connector = MemoryConnector(front, clock)
    connection = await connector.connect("ws://upbit/websocket/v1", timeout_s=1)

    await connection.send(json.dumps([{"ticket": "x"}, BOOK]))
    first = json.loads(await connection.receive())
    set_btc(market, "61000000", "61001000", "0.7")
    second = json.loads(await connection.receive())
    await connector.aclose()

    assert (first["stream_type"], second["stream_type"]) == ("SNAPSHOT", "REALTIME")
    assert second["orderbook_units"][0]["bid_price"] == 61_000_000
