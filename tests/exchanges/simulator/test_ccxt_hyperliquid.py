"""ccxt's own Hyperliquid clients, told nothing but addresses and keys, trade on the simulator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from typing import Any

import ccxt
import ccxt.async_support as ccxt_async
import ccxt.pro as ccxt_pro
import pytest

from exchanges.clock import SystemClock
from tests.exchanges.simulator.hyperliquid_venue import MAIN, RunningVenue, running_venue

MARKET = "BTC/USDC:USDC"
CLOID = "0x1234567890abcdef1234567890abcdef"
PRIVATE_KEY = "0x" + "01" * 32


def configured(client: Any, url: str) -> Any:
    client.urls["api"].update({"public": url, "private": url})
    if "ws" in client.urls["api"]:
        client.urls["api"]["ws"]["public"] = f"ws{url.removeprefix('http')}/ws"
    client.walletAddress, client.privateKey = MAIN, PRIVATE_KEY
    client.enableRateLimit = False  # its throttle would only make these tests slow
    return client


@asynccontextmanager
async def trader(kind: Any = ccxt_async.hyperliquid) -> AsyncIterator[tuple[Any, RunningVenue]]:
    async with AsyncExitStack() as stack:
        venue = await stack.enter_async_context(running_venue(clock=SystemClock()))
        client = configured(kind(), venue.url)
        stack.push_async_callback(client.close)
        yield client, venue


async def test_markets_load_with_the_rules_of_the_perpetual() -> None:
    async with trader() as (client, _):
        markets = await client.load_markets()

        market = markets[MARKET]
        assert list(markets) == [MARKET]
        assert (market["swap"], market["linear"], market["active"]) == (True, True, True)
        assert market["precision"] == {"price": 1, "amount": 0.00001}
        assert market["limits"]["cost"]["min"] == 10
        assert market["limits"]["leverage"]["max"] == 40


async def test_balance_book_ticker_candles_and_funding_rate_are_read() -> None:
    async with trader() as (client, venue):
        venue.move("50099", "50101")
        balance = await client.fetch_balance()
        book = await client.fetch_order_book(MARKET)
        ticker = await client.fetch_ticker(MARKET)
        candles = await client.fetch_ohlcv(MARKET, "1m")
        rate = await client.fetch_funding_rate(MARKET)
        venue_ms = await client.fetch_time()

        assert balance["USDC"]["total"] == balance["USDC"]["free"] == 100_000
        assert (book["bids"][0], book["asks"][0]) == ([50099, 2], [50101, 2])
        assert len(book["bids"]) == len(book["asks"]) == 20
        assert ticker["last"] == 50100
        assert candles[-1][4] == 50100
        assert rate["fundingRate"] == 0.0000125
        assert abs(venue_ms - client.milliseconds()) < 5_000


async def test_a_market_order_fills_and_shows_as_position_and_trade() -> None:
    async with trader() as (client, venue):
        placed = await client.create_order(
            MARKET, "market", "sell", 0.25, 50_000, {"clientOrderId": CLOID}
        )
        order = await client.fetch_order(placed["id"], MARKET)
        same = await client.fetch_order(CLOID, MARKET)
        (trade,) = await client.fetch_my_trades(MARKET)
        (position,) = await client.fetch_positions([MARKET])
        balance = await client.fetch_balance()

        assert (placed["filled"], placed["average"]) == (0.25, 49999)
        assert (order["status"], order["filled"], order["clientOrderId"]) == ("closed", 0.25, CLOID)
        assert same["id"] == placed["id"]
        assert (trade["price"], trade["amount"], trade["takerOrMaker"]) == (49999, 0.25, "taker")
        assert trade["fee"] == {"cost": 5.624888, "currency": "USDC"}
        assert (position["side"], position["contracts"]) == ("short", 0.25)
        assert (position["entryPrice"], position["leverage"]) == (49999, 20)
        assert position["liquidationPrice"] > 50_000
        assert balance["USDC"]["used"] == 625
        assert venue.engine.open_interest(venue.engine.assets[0]) == Decimal("0.25")


async def test_a_resting_order_is_seen_changed_and_cancelled() -> None:
    async with trader() as (client, _):
        placed = await client.create_order(MARKET, "limit", "buy", 0.01, 49_000)
        (seen,) = await client.fetch_open_orders(MARKET)
        edited = await client.edit_order(placed["id"], MARKET, "limit", "buy", 0.02, 48_000)
        (changed,) = await client.fetch_open_orders(MARKET)
        await client.cancel_order(edited["id"], MARKET)
        left = await client.fetch_open_orders(MARKET)
        ended = await client.fetch_canceled_orders(MARKET)

        assert (seen["id"], seen["status"], seen["timeInForce"]) == (placed["id"], "open", "GTC")
        assert edited["id"] != placed["id"]
        assert (changed["price"], changed["amount"]) == (48_000, 0.02)
        assert left == []
        assert {order["id"] for order in ended} == {placed["id"], edited["id"]}


async def test_an_order_is_cancelled_by_the_client_s_own_id() -> None:
    async with trader() as (client, _):
        await client.create_order(
            MARKET, "limit", "buy", 0.01, 49_000, {"clientOrderId": CLOID, "postOnly": True}
        )
        (seen,) = await client.fetch_open_orders(MARKET)
        await client.cancel_orders([], MARKET, {"clientOrderId": CLOID})

        assert (seen["postOnly"], seen["clientOrderId"]) == (True, CLOID)
        assert await client.fetch_open_orders(MARKET) == []
        assert (await client.fetch_order(CLOID, MARKET))["status"] == "canceled"


async def test_each_time_in_force_does_what_it_says() -> None:
    async with trader() as (client, _):
        with pytest.raises(ccxt.InvalidOrder, match="Post only order would have immediately"):
            await client.create_order(MARKET, "limit", "buy", 0.01, 50_001, {"timeInForce": "Alo"})
        with pytest.raises(ccxt.InvalidOrder, match="could not immediately match"):
            await client.create_order(MARKET, "limit", "buy", 0.01, 50_000, {"timeInForce": "Ioc"})
        taken = await client.create_order(
            MARKET, "limit", "buy", 0.01, 50_001, {"timeInForce": "Ioc"}
        )

        assert taken["filled"] == 0.01


async def test_a_stop_loss_is_kept_until_its_price_comes() -> None:
    async with trader() as (client, venue):
        await client.create_order(MARKET, "market", "buy", 0.1, 50_000)
        stop = await client.create_order(
            MARKET, "market", "sell", 0.1, 49_000, {"stopLossPrice": 49_000, "reduceOnly": True}
        )
        (kept,) = await client.fetch_open_orders(MARKET)
        venue.move("48950", "48952")

        assert (kept["id"], kept["stopLossPrice"]) == (stop["id"], 49_000)
        assert await client.fetch_positions([MARKET]) == []


async def test_refusals_reach_the_client_as_its_own_errors() -> None:
    async with trader() as (client, _):
        with pytest.raises(ccxt.InsufficientFunds):
            await client.create_order(MARKET, "limit", "buy", 900, 49_000)
        with pytest.raises(ccxt.InvalidOrder, match="minimum value"):
            await client.create_order(MARKET, "limit", "buy", 0.0001, 49_000)
        with pytest.raises(ccxt.InvalidOrder, match="increase position"):
            await client.create_order(MARKET, "limit", "buy", 0.1, 49_000, {"reduceOnly": True})
        with pytest.raises(ccxt.OrderNotFound):
            await client.fetch_order("1", MARKET)
        with pytest.raises(ccxt.OrderNotFound):
            await client.cancel_order("1", MARKET)
        client.privateKey = "0x" + "07" * 32
        with pytest.raises(ccxt.InvalidOrder, match="does not exist"):
            await client.create_order(MARKET, "limit", "buy", 0.1, 49_000)


async def test_settings_fees_and_funding_history_are_reached() -> None:
    async with trader() as (client, venue):
        await client.set_leverage(5, MARKET)
        await client.create_order(MARKET, "market", "sell", 0.1, 50_000)
        venue.engine.settle_funding(Decimal("0.0001"))

        (position,) = await client.fetch_positions([MARKET])
        fee = await client.fetch_trading_fee(MARKET)
        (payment,) = await client.fetch_funding_history(MARKET)
        (rate,) = await client.fetch_funding_rate_history(MARKET)

        assert (position["leverage"], position["marginMode"]) == (5, "cross")
        assert (fee["maker"], fee["taker"]) == (0.00015, 0.00045)
        assert payment["amount"] == 0.5
        assert rate["fundingRate"] == 0.0001


async def test_isolated_margin_is_set_and_moved() -> None:
    async with trader() as (client, _):
        await client.set_margin_mode("isolated", MARKET, {"leverage": 10})
        await client.create_order(MARKET, "market", "buy", 0.1, 50_000)
        await client.add_margin(MARKET, 100)

        (position,) = await client.fetch_positions([MARKET])

        assert (position["marginMode"], position["leverage"]) == ("isolated", 10)
        assert position["initialMargin"] == pytest.approx(600.01)


async def test_the_blocking_client_trades_as_well() -> None:
    async with running_venue(clock=SystemClock()) as venue:
        client = configured(ccxt.hyperliquid(), venue.url)

        order = await asyncio.to_thread(client.create_order, MARKET, "market", "buy", 0.01, 50_000)
        client.session.close()

        assert order["filled"] == 0.01


async def test_book_and_ticker_stream() -> None:
    async with trader(ccxt_pro.hyperliquid) as (client, venue):
        async with asyncio.timeout(10):
            book = await client.watch_order_book(MARKET)
            first = (book["bids"][0][0], book["asks"][0][0])
            ticker = await client.watch_ticker(MARKET)
            venue.move("50499", "50501")
            while book["bids"][0][0] != 50_499:
                book = await client.watch_order_book(MARKET)

        assert first == (49_999, 50_001)
        assert ticker["symbol"] == MARKET


async def test_own_orders_and_trades_stream() -> None:
    async with trader(ccxt_pro.hyperliquid) as (client, venue):
        async with asyncio.timeout(10):
            await client.load_markets()
            orders = asyncio.create_task(client.watch_orders(MARKET))
            trades = asyncio.create_task(client.watch_my_trades(MARKET))
            balance = await client.watch_balance()
            placed = await client.create_order(MARKET, "limit", "buy", 0.5, 49_500)
            (opened,) = [dict(order) for order in await orders]  # ccxt goes on changing its own
            venue.move("49000", "49002")
            (closed,) = await client.watch_orders(MARKET)
            (trade,) = await trades

        assert balance["USDC"]["total"] == 100_000
        assert (opened["id"], opened["status"]) == (placed["id"], "open")
        assert (closed["id"], closed["status"], closed["filled"]) == (placed["id"], "closed", 0.5)
        assert (trade["order"], trade["price"], trade["amount"]) == (placed["id"], 49_500, 0.5)


async def test_orders_over_the_socket() -> None:
    async with trader(ccxt_pro.hyperliquid) as (client, _):
        async with asyncio.timeout(10):
            placed = await client.create_order_ws(MARKET, "limit", "buy", 0.01, 49_000)
            (seen,) = await client.fetch_open_orders(MARKET)
            await client.cancel_order_ws(placed["id"], MARKET)
            with pytest.raises(ccxt.InvalidOrder, match="could not immediately match"):
                await client.create_order_ws(
                    MARKET, "limit", "buy", 0.01, 49_000, {"timeInForce": "Ioc"}
                )

        assert seen["id"] == placed["id"]
        assert await client.fetch_open_orders(MARKET) == []


async def test_candles_and_public_trades_stream() -> None:
    async with trader(ccxt_pro.hyperliquid) as (client, venue):
        async with asyncio.timeout(10):
            await client.load_markets()
            trades = await client.watch_trades(MARKET)
            venue.move("50299", "50301")
            candles = await client.watch_ohlcv(MARKET, "1m")

        assert trades[-1]["symbol"] == MARKET
        assert candles[-1][4] in (50_000, 50_300)
