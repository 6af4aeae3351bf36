"""ccxt.pro's own Upbit client, told nothing but URLs and keys, streams from the simulator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from typing import Any

import ccxt.pro
import pytest

from exchanges.instrument import Venue
from exchanges.simulator.market import Quote
from exchanges.simulator.simulation import Simulation
from tests.exchanges.simulator.ccxt_venues import running_simulation

MARKET = "BTC/KRW"
PATIENCE_S = 10.0


@asynccontextmanager
async def streamer() -> AsyncIterator[tuple[Any, Simulation]]:
    async with AsyncExitStack() as stack:
        simulation, urls = await running_simulation(stack)
        client = ccxt.pro.upbit()
        client.urls["api"].update(
            {
                "public": urls.upbit,
                "private": urls.upbit,
                "ws": urls.upbit.replace("http", "ws", 1) + "/websocket/v1",
            }
        )
        client.apiKey, client.secret = "upbit-key", "upbit-secret"
        stack.push_async_callback(client.close)
        await client.load_markets()
        yield client, simulation


async def soon(watched: Awaitable[Any]) -> Any:
    return await asyncio.wait_for(watched, PATIENCE_S)


def move(simulation: Simulation, by: int) -> Quote:
    """Move the touch of KRW-BTC and hold it."""
    old = simulation.market.quote(Venue.UPBIT, "KRW-BTC")
    new = Quote(old.bid + by, old.ask + by, Decimal("0.7"))
    simulation.market.set_quote(Venue.UPBIT, "KRW-BTC", new)
    return new


async def test_a_book_is_watched() -> None:
    async with streamer() as (client, simulation):
        old = simulation.market.quote(Venue.UPBIT, "KRW-BTC")
        book = await soon(client.watch_order_book(MARKET))
        first = book["asks"][0][0]
        new = move(simulation, 1_000_000)
        while book["asks"][0][0] == first:
            book = await soon(client.watch_order_book(MARKET))

        assert first == float(old.ask)
        assert book["asks"][0] == [float(new.ask), 0.7]
        assert book["bids"][0] == [float(new.bid), 0.7]


async def test_tickers_and_trades_are_watched_on_one_connection() -> None:
    async with streamer() as (client, simulation):
        ticker = await soon(client.watch_ticker(MARKET))
        await soon(client.watch_trades(MARKET))
        next_trades = asyncio.ensure_future(client.watch_trades(MARKET))
        next_ticker = asyncio.ensure_future(client.watch_ticker(MARKET))
        await asyncio.sleep(0)  # both are asked for
        new = move(simulation, 2_000_000)
        trades, moved = await soon(next_trades), await soon(next_ticker)

        assert float(new.bid) < moved["last"] < float(new.ask)
        assert moved["last"] > ticker["last"]
        assert (trades[-1]["price"], trades[-1]["side"]) == (moved["last"], "buy")


async def test_candles_are_watched() -> None:
    async with streamer() as (client, simulation):
        first = await soon(client.watch_ohlcv(MARKET, "1s"))
        move(simulation, 1_000_000)
        bar = first
        while bar[4] == first[4]:
            bar = await soon(client.watch_ohlcv(MARKET, "1s"))

        assert bar[4] > first[4]
        assert len(bar) == 6


async def placed_until_seen(
    client: Any, watching: Awaitable[Any], **order: Any
) -> tuple[list[Any], Any]:
    """(all that was placed, what was seen first). Nobody acknowledges a subscription: one order
    after the other is placed until the stream shows one."""
    watched = asyncio.ensure_future(watching)
    placed = []
    async with asyncio.timeout(PATIENCE_S):
        while not watched.done():
            placed.append(await client.create_order(MARKET, **order))
            await asyncio.wait([watched], timeout=0.3)
    return placed, await watched


async def test_own_orders_are_watched_to_their_end() -> None:
    async with streamer() as (client, simulation):
        bid = float(simulation.market.quote(Venue.UPBIT, "KRW-BTC").bid)
        placed, orders = await placed_until_seen(
            client, client.watch_orders(MARKET),
            type="limit", side="buy", amount=0.1, price=bid - 1_000_000,
        )  # fmt: skip
        await client.cancel_order(placed[-1]["id"], MARKET)
        end = orders
        while end[-1]["status"] != "canceled":
            end = await soon(client.watch_orders(MARKET))

        assert orders[0]["id"] in {order["id"] for order in placed}
        assert (end[-1]["id"], end[-1]["filled"]) == (placed[-1]["id"], 0)


async def test_own_trades_are_watched() -> None:
    async with streamer() as (client, simulation):
        bid = simulation.market.quote(Venue.UPBIT, "KRW-BTC").bid
        placed, trades = await placed_until_seen(
            client, client.watch_my_trades(MARKET), type="market", side="sell", amount=0.02
        )

        assert trades[0]["order"] in {order["id"] for order in placed}
        assert (trades[0]["amount"], trades[0]["price"]) == (0.02, float(bid))
        assert trades[0]["takerOrMaker"] == "taker"
        assert float(trades[0]["fee"]["cost"]) == pytest.approx(float(bid) * 0.02 * 0.0005)


async def test_balances_are_watched() -> None:
    async with streamer() as (client, simulation):
        bid = float(simulation.market.quote(Venue.UPBIT, "KRW-BTC").bid)
        placed, balance = await placed_until_seen(
            client, client.watch_balance(),
            type="limit", side="buy", amount=0.01, price=bid - 1_000_000,
        )  # fmt: skip

        lock = (bid - 1_000_000) * 0.01 * 1.0005
        locks = [pytest.approx(lock * count) for count in range(1, len(placed) + 1)]
        assert balance["KRW"]["used"] in locks
        assert balance["KRW"]["total"] == 100_000_000
