"""ccxt.pro's own Binance client, told nothing but URLs and keys, streams from the simulator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from typing import Any

import ccxt
import ccxt.pro
import pytest

from exchanges.instrument import Venue
from exchanges.simulator.market import Quote
from exchanges.simulator.simulation import Simulation
from tests.exchanges.simulator.ccxt_venues import running_simulation
from tests.exchanges.simulator.simulator_process import until
from tests.exchanges.simulator.test_ccxt_binance import MARKET, configured

PATIENCE_S = 15.0


@asynccontextmanager
async def streamer() -> AsyncIterator[tuple[Any, Simulation]]:
    async with AsyncExitStack() as stack:
        simulation, urls = await running_simulation(stack)
        client = configured(ccxt.pro.binanceusdm(), urls.binance)
        sockets = urls.binance.replace("http", "ws", 1)
        client.urls["api"]["ws"]["linear"] = f"{sockets}/ws"
        client.urls["api"]["ws"]["ws-api"]["linear"] = f"{sockets}/ws-fapi/v1"
        stack.push_async_callback(client.close)
        yield client, simulation


def quote(simulation: Simulation, bid: str, ask: str) -> None:
    simulation.market.set_quote(
        Venue.BINANCE, "BTCUSDT", Quote(Decimal(bid), Decimal(ask), Decimal(2))
    )


async def seen(watch: Callable[[], Awaitable[Any]], is_wanted: Callable[[Any], bool]) -> Any:
    """The first of the things watched that is wanted."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            thing = await watch()
            if is_wanted(thing):
                return thing


async def test_the_order_book_follows_the_market() -> None:
    async with streamer() as (client, simulation):
        quote(simulation, "50000.0", "50001.0")
        first_bid = (await client.watch_order_book(MARKET))["bids"][0][0]
        for step in range(1, 6):
            quote(simulation, f"{50_000 - step}.0", f"{50_001 + step}.0")
            await asyncio.sleep(0.15)
        book = await seen(
            lambda: client.watch_order_book(MARKET), lambda book: book["bids"][0][0] == 49_995
        )
        rest = await client.fetch_order_book(MARKET)

        assert first_bid > 49_995
        assert book["asks"][0][0] == 50_006
        assert [list(level[:2]) for level in book["bids"]] == rest["bids"]
        assert [list(level[:2]) for level in book["asks"]] == rest["asks"]


async def test_ticker_best_prices_mark_price_trades_and_candles_come() -> None:
    async with streamer() as (client, simulation):
        quote(simulation, "50000.0", "50002.0")
        ticker = await client.watch_ticker(MARKET)
        best = await client.watch_bids_asks([MARKET])
        mark = await client.watch_mark_price(MARKET)
        candles = await client.watch_ohlcv(MARKET, "1m")
        watching = asyncio.create_task(client.watch_trades(MARKET))
        async with asyncio.timeout(PATIENCE_S):
            while not watching.done():
                await client.create_order(MARKET, "market", "buy", 0.01)
                await asyncio.wait([watching], timeout=0.2)
        trades = watching.result()

        assert ticker["symbol"] == mark["symbol"] == MARKET
        assert (best[MARKET]["bid"], best[MARKET]["ask"]) == (50_000, 50_002)
        assert mark["markPrice"] == 50_001
        assert candles[-1][4] > 0
        assert (trades[-1]["price"], trades[-1]["amount"], trades[-1]["side"]) == (
            50_002,
            0.01,
            "buy",
        )


async def test_own_orders_and_trades_come_with_their_fees() -> None:
    async with streamer() as (client, simulation):
        quote(simulation, "50000.0", "50001.0")
        orders = asyncio.create_task(
            seen(
                lambda: client.watch_orders(MARKET), lambda orders: orders[-1]["status"] == "closed"
            )
        )
        trades = asyncio.create_task(client.watch_my_trades(MARKET))
        await until_subscribed(client)

        placed = await client.create_order(
            MARKET, "market", "sell", 0.25, params={"newClientOrderId": "kimp-pro-1"}
        )
        order = (await orders)[-1]
        trade = (await asyncio.wait_for(trades, PATIENCE_S))[-1]

        assert (order["id"], order["clientOrderId"]) == (placed["id"], "kimp-pro-1")
        assert (order["filled"], order["average"], order["side"]) == (0.25, 50_000, "sell")
        assert (trade["order"], trade["amount"], trade["price"]) == (placed["id"], 0.25, 50_000)
        assert trade["fee"] == {"cost": pytest.approx(6.25), "currency": "USDT"}


async def test_a_cancelled_order_is_seen() -> None:
    async with streamer() as (client, simulation):
        quote(simulation, "50000.0", "50001.0")
        orders = asyncio.create_task(
            seen(
                lambda: client.watch_orders(MARKET),
                lambda orders: orders[-1]["status"] == "canceled",
            )
        )
        await until_subscribed(client)

        placed = await client.create_order(MARKET, "limit", "buy", 0.01, 49_000)
        await client.cancel_order(placed["id"], MARKET)

        assert (await orders)[-1]["id"] == placed["id"]


async def test_balance_and_positions_come_with_a_trade() -> None:
    async with streamer() as (client, simulation):
        quote(simulation, "50000.0", "50001.0")
        balance = asyncio.create_task(client.watch_balance())
        positions = asyncio.create_task(
            seen(lambda: client.watch_positions([MARKET]), lambda positions: len(positions) > 0)
        )
        await until_subscribed(client)

        await client.create_order(MARKET, "market", "sell", 0.1)
        position = (await positions)[-1]

        assert (await asyncio.wait_for(balance, PATIENCE_S))["USDT"]["total"] == pytest.approx(
            99_997.5
        )
        assert (position["side"], position["contracts"], position["entryPrice"]) == (
            "short",
            0.1,
            50_000,
        )


async def until_subscribed(client: Any) -> None:
    """Wait until the client's user data stream is open at the venue."""
    await until(
        lambda: any("/private/" in url and it.connection for url, it in client.clients.items())
    )


async def test_orders_go_over_the_web_socket_api() -> None:
    async with streamer() as (client, simulation):
        quote(simulation, "50000.0", "50001.0")
        filled = await client.create_order_ws(MARKET, "market", "buy", 0.01)
        resting = await client.create_order_ws(MARKET, "limit", "buy", 0.01, 49_000)
        edited = await client.edit_order_ws(resting["id"], MARKET, "limit", "buy", 0.02, 48_000)
        read = await client.fetch_order_ws(resting["id"], MARKET)
        cancelled = await client.cancel_order_ws(resting["id"], MARKET)

        assert filled["status"] == "closed"
        assert resting["status"] == read["status"] == "open"
        assert (edited["amount"], edited["price"]) == (0.02, 48_000)
        assert cancelled["status"] == "canceled"
        methods = [one.path for one in simulation.requests.requests() if one.method == "WS"]
        assert methods == [
            "order.place",
            "order.place",
            "order.modify",
            "order.status",
            "order.cancel",
        ]


async def test_account_and_market_are_read_over_the_web_socket_api() -> None:
    async with streamer() as (client, simulation):
        quote(simulation, "50000.0", "50002.0")
        await client.create_order(MARKET, "market", "sell", 0.1)

        balance = await client.fetch_balance_ws()
        (position,) = await client.fetch_positions_ws([MARKET])
        book = await client.fetch_order_book_ws(MARKET, 5)
        ticker = await client.fetch_ticker_ws(MARKET)

        assert balance["USDT"]["total"] == pytest.approx(99_997.5 - 0.1)
        assert (position["side"], position["contracts"]) == ("short", 0.1)
        assert (book["bids"][0][0], book["asks"][0][0]) == (50_000, 50_002)
        assert (ticker["bid"], ticker["ask"]) == (50_000, 50_002)


async def test_a_refusal_over_the_web_socket_api_is_the_clients_own_error() -> None:
    async with streamer() as (client, _):
        with pytest.raises(ccxt.ExchangeError, match="-2019"):
            await client.create_order_ws(MARKET, "market", "sell", 100)
