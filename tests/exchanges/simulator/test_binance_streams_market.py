"""Streams of prices, candles, trades and liquidations."""

from __future__ import annotations

from decimal import Decimal

import pytest

from exchanges.simulator.binance.streams.catalog import Road, market_feed
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.binance_streams import connected
from tests.exchanges.simulator.binance_venue import (
    KEY,
    SYMBOL,
    move_market,
    quiet_simulation,
    running_venue,
)


@pytest.mark.parametrize(
    ("road", "stream", "seconds"),
    [
        (Road.MARKET, "btcusdt@markPrice", 3.0),
        (Road.MARKET, "btcusdt@markPrice@1s", 1.0),
        (Road.MARKET, "!markPrice@arr", 3.0),
        (Road.MARKET, "!markPrice@arr@1s", 1.0),
        (Road.MARKET, "btcusdt@ticker", 2.0),
        (Road.MARKET, "btcusdt@kline_1m", 0.25),
        (Road.PUBLIC, "btcusdt@depth", 0.25),
        (Road.PUBLIC, "btcusdt@depth@100ms", 0.1),
        (Road.PUBLIC, "btcusdt@depth@500ms", 0.5),
        (Road.PUBLIC, "btcusdt@depth5@100ms", 0.1),
        (Road.PUBLIC, "!bookTicker", 5.0),
    ],
)
async def test_streams_keep_the_venues_pace(road: Road, stream: str, seconds: float) -> None:
    engine = quiet_simulation(ManualClock()).binance

    feed = market_feed(engine, road, stream, lambda _: None)

    assert feed is not None
    assert feed.interval_s == seconds


@pytest.mark.parametrize("stream", ["btcusdt@markPrice", "btcusdt@markPrice@1s"])
async def test_mark_prices_carry_index_funding_and_average(stream: str) -> None:
    async with running_venue() as venue, connected(venue, f"/market/ws/{stream}") as client:
        mark = await client.event("markPriceUpdate")
        rest = (await venue.get("/fapi/v1/premiumIndex", symbol=SYMBOL)).json

        assert set(mark) == {"e", "E", "s", "p", "ap", "P", "i", "r", "T", "st"}
        assert (mark["s"], mark["st"]) == (SYMBOL, 1)
        assert (mark["p"], mark["i"], mark["r"], mark["T"]) == (
            rest["markPrice"],
            rest["indexPrice"],
            rest["lastFundingRate"],
            rest["nextFundingTime"],
        )


@pytest.mark.parametrize(
    ("stream", "event"),
    [
        ("!markPrice@arr@1s", "markPriceUpdate"),
        ("!ticker@arr", "24hrTicker"),
        ("!miniTicker@arr", "24hrMiniTicker"),
    ],
)
async def test_all_market_streams_are_lists(stream: str, event: str) -> None:
    async with running_venue() as venue, connected(venue, f"/market/ws/{stream}") as client:
        listed = await client.next()

        assert SYMBOL in [one["s"] for one in listed]
        assert {one["e"] for one in listed} == {event}


async def test_tickers_say_what_rest_says() -> None:
    async with (
        running_venue() as venue,
        connected(venue, "/market/stream?streams=btcusdt@ticker/btcusdt@miniTicker") as client,
    ):
        full, mini = (await client.next())["data"], (await client.next())["data"]
        rest = (await venue.get("/fapi/v1/ticker/24hr", symbol=SYMBOL)).json

        assert (full["e"], mini["e"]) == ("24hrTicker", "24hrMiniTicker")
        assert (full["c"], full["v"], full["n"]) == (
            rest["lastPrice"],
            rest["volume"],
            rest["count"],
        )
        assert (mini["o"], mini["h"], mini["l"], mini["c"]) == (
            rest["openPrice"],
            rest["highPrice"],
            rest["lowPrice"],
            rest["lastPrice"],
        )
        assert full["st"] == mini["st"] == 1


async def test_an_aggregate_trade_is_the_one_that_rest_lists() -> None:
    async with running_venue() as venue, connected(venue, "/market/ws/btcusdt@aggTrade") as client:
        await client.ask("LIST_SUBSCRIPTIONS")

        await venue.order(quantity="0.010")
        trade = await client.event("aggTrade")
        listed = (await venue.get("/fapi/v1/aggTrades", symbol=SYMBOL)).json[-1]

        assert {name: trade[name] for name in listed} == listed
        assert (trade["q"], trade["m"], trade["st"]) == ("0.010", False, 1)


async def test_a_candle_grows_with_the_trades_and_closes_with_its_time() -> None:
    async with running_venue() as venue, connected(venue, "/market/ws/btcusdt@kline_1m") as client:
        first = (await client.event("kline"))["k"]
        await venue.order(quantity="0.010")
        grown = (await client.event("kline"))["k"]
        venue.clock.advance(60)
        closed = (await client.event("kline"))["k"]
        following = (await client.event("kline"))["k"]

        assert (first["i"], first["x"], first["T"] - first["t"]) == ("1m", False, 59_999)
        assert grown["t"] == first["t"] <= venue.now_ms()
        assert Decimal(grown["v"]) == Decimal(first["v"]) + Decimal("0.010")
        assert (grown["h"], grown["c"], grown["n"]) == ("50001.00", "50001.00", first["n"] + 1)
        assert grown["f"] == grown["L"] > 0
        assert (closed["x"], closed["t"], closed["v"]) == (True, grown["t"], grown["v"])
        assert (following["x"], following["t"]) == (False, closed["T"] + 1)


async def test_a_continuous_candle_names_its_pair_and_kind() -> None:
    path = "/market/ws/btcusdt_perpetual@continuousKline_1h"
    async with running_venue() as venue, connected(venue, path) as client:
        candle = await client.event("continuous_kline")

        assert (candle["ps"], candle["ct"]) == (SYMBOL, "PERPETUAL")
        assert candle["k"]["i"] == "1h"
        assert "s" not in candle["k"]


async def test_a_liquidation_is_shown_to_everybody_and_deleveraging_is_not() -> None:
    path = "/market/stream?streams=btcusdt@forceOrder/!forceOrder@arr"
    async with running_venue() as venue, connected(venue, path) as client:
        await client.ask("LIST_SUBSCRIPTIONS")
        await venue.order(quantity="1.000")

        venue.simulation.binance.force_close(KEY, SYMBOL, Decimal("0.400"), "ADL")
        venue.simulation.binance.force_close(KEY, SYMBOL, Decimal("0.600"), "liquidation")
        messages = [await client.next(), await client.next()]
        shown = {message["stream"]: message["data"] for message in messages}

        assert set(shown) == {"btcusdt@forceOrder", "!forceOrder@arr"}
        order = shown["btcusdt@forceOrder"]["o"]
        assert (order["S"], order["q"], order["X"], order["f"]) == (
            "SELL",
            "0.600",
            "FILLED",
            "IOC",
        )
        assert shown["!forceOrder@arr"]["o"] == order
        assert await client.is_quiet()


async def test_prices_follow_the_market() -> None:
    async with running_venue() as venue, connected(venue, "/market/ws/btcusdt@markPrice@1s") as ws:
        before = await ws.event("markPriceUpdate")
        move_market(venue.simulation, Decimal("40000.0"), Decimal("40002.0"))

        after = await ws.until(lambda message: message["p"] != before["p"])

        assert Decimal(after["p"]) == Decimal(40_001)
