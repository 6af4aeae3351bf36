"""ccxt's own Upbit client, told nothing but URLs and keys, trades on the simulator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from typing import Any

import ccxt
import ccxt.async_support as ccxt_async
import pytest

from exchanges.instrument import Venue
from exchanges.simulator.simulation import Simulation
from tests.exchanges.simulator.ccxt_venues import running_simulation

MARKET = "BTC/KRW"


def configured(client: Any, url: str) -> Any:
    client.urls["api"].update({"public": url, "private": url})
    client.apiKey, client.secret = "upbit-key", "upbit-secret"
    return client


@asynccontextmanager
async def trader() -> AsyncIterator[tuple[Any, Simulation]]:
    async with AsyncExitStack() as stack:
        simulation, urls = await running_simulation(stack)
        client = configured(ccxt_async.upbit(), urls.upbit)
        stack.push_async_callback(client.close)
        yield client, simulation


async def test_markets_load() -> None:
    async with trader() as (client, _):
        markets = await client.load_markets()

        assert {MARKET, "USDT/KRW"} <= markets.keys()
        assert (markets[MARKET]["spot"], markets[MARKET]["id"]) == (True, "KRW-BTC")


async def test_balance_book_ticker_and_trades_are_read() -> None:
    async with trader() as (client, simulation):
        balance = await client.fetch_balance()
        book = await client.fetch_order_book(MARKET)
        ticker = await client.fetch_ticker(MARKET)
        trades = await client.fetch_trades(MARKET)
        bars = await client.fetch_ohlcv(MARKET, "1m")
        quote = simulation.market.quote(Venue.UPBIT, "KRW-BTC")

        assert balance["KRW"] == {"free": 100_000_000, "used": 0, "total": 100_000_000}
        assert balance["BTC"]["total"] == 1
        assert [Decimal(str(v)) for v in book["asks"][0]] == [quote.ask, quote.size]
        assert book["bids"][0][0] <= ticker["last"] <= book["asks"][0][0]
        assert trades[-1]["price"] == ticker["last"]
        assert bars[-1][4] == ticker["last"]


async def test_a_limit_order_through_the_book_buys_an_exact_quantity() -> None:
    async with trader() as (client, simulation):
        ask = simulation.market.quote(Venue.UPBIT, "KRW-BTC").ask
        placed = await client.create_order(
            MARKET, "limit", "buy", 0.01, float(ask), params={"timeInForce": "IOC"}
        )
        order = await client.fetch_order(placed["id"], MARKET)
        balance = await client.fetch_balance()

        assert order["filled"] == 0.01
        assert order["average"] == float(ask)
        assert float(order["fee"]["cost"]) == pytest.approx(float(ask) * 0.01 * 0.0005)
        assert [trade["amount"] for trade in order["trades"]] == [0.01]
        assert balance["BTC"]["total"] == 1.01
        paid = Decimal(100_000_000) - ask * Decimal("0.01") * Decimal("1.0005")
        assert balance["KRW"]["total"] == pytest.approx(float(paid))


async def test_a_market_sell_takes_a_quantity_and_a_market_buy_takes_won() -> None:
    async with trader() as (client, _):
        sold = await client.create_order(MARKET, "market", "sell", 0.5)
        bought = await client.create_market_buy_order_with_cost(MARKET, 1_000_000)
        sell = await client.fetch_order(sold["id"], MARKET)
        buy = await client.fetch_order(bought["id"], MARKET)

        assert sell["filled"] == 0.5
        assert buy["filled"] > 0
        assert 999_000 < buy["cost"] <= 1_000_000


async def test_a_resting_order_is_seen_open_and_can_be_cancelled() -> None:
    async with trader() as (client, simulation):
        await client.load_markets()
        price = simulation.market.quote(Venue.UPBIT, "KRW-BTC").bid - 1_000_000
        placed = await client.create_order(MARKET, "limit", "buy", 0.01, float(price))
        open_before = await client.fetch_open_orders(MARKET)
        while_open = await client.fetch_balance()
        await client.cancel_order(placed["id"], MARKET)
        open_after = await client.fetch_open_orders(MARKET)
        closed = await client.fetch_closed_orders(MARKET)
        canceled = await client.fetch_canceled_orders(MARKET)

        assert [order["id"] for order in open_before] == [placed["id"]]
        assert while_open["KRW"]["used"] > 0
        assert open_after == []
        assert (closed, [order["id"] for order in canceled]) == ([], [placed["id"]])


async def test_filled_orders_are_listed_as_closed() -> None:
    async with trader() as (client, simulation):
        ask = simulation.market.quote(Venue.UPBIT, "KRW-BTC").ask
        placed = await client.create_order(MARKET, "limit", "buy", 0.01, float(ask))

        (closed,) = await client.fetch_closed_orders(MARKET)

        assert (closed["id"], closed["status"], closed["filled"]) == (placed["id"], "closed", 0.01)


async def test_refusals_reach_the_client_as_its_own_errors() -> None:
    async with trader() as (client, simulation):
        ask = float(simulation.market.quote(Venue.UPBIT, "KRW-BTC").ask)
        with pytest.raises(ccxt.InsufficientFunds):
            await client.create_order(MARKET, "limit", "buy", 10, ask)
        with pytest.raises(ccxt.ExchangeError, match="under_min_total_bid"):
            await client.create_order(MARKET, "limit", "buy", 0.00001, ask)
        with pytest.raises(ccxt.OrderNotFound):
            await client.fetch_order("00000000-0000-4000-8000-000000000000", MARKET)
        client.secret = "wrong"
        with pytest.raises(ccxt.AuthenticationError):
            await client.fetch_balance()


@pytest.mark.parametrize(
    ("params", "state", "filled"),
    [
        ({"timeInForce": "IOC"}, "cancel", 0.5),
        ({"timeInForce": "FOK"}, "cancel", 0.0),
        ({"postOnly": True}, "cancel", 0.0),
        ({}, "wait", 0.5),
    ],
)
async def test_a_limit_order_larger_than_the_touch(
    params: dict[str, Any], state: str, filled: float
) -> None:
    async with trader() as (client, simulation):
        ask = simulation.market.quote(Venue.UPBIT, "KRW-BTC").ask
        placed = await client.create_order(MARKET, "limit", "buy", 0.6, float(ask), params=params)
        order = await client.fetch_order(placed["id"], MARKET)

        assert (order["info"]["state"], order["filled"]) == (state, filled)
        assert order["amount"] == 0.6


@pytest.mark.parametrize(("side", "filled"), [("sell", 0.4), ("buy", pytest.approx(0.1, abs=1e-3))])
async def test_a_best_order_takes_the_touch(side: str, filled: object) -> None:
    async with trader() as (client, simulation):
        quote = simulation.market.quote(Venue.UPBIT, "KRW-BTC")
        params: dict[str, Any] = {"ordType": "best", "timeInForce": "IOC"}
        if side == "buy":
            params["cost"] = int(quote.ask / 10)
        placed = await client.create_order(MARKET, "market", side, 0.4, params=params)
        order = await client.fetch_order(placed["id"], MARKET)

        assert (order["info"]["ord_type"], order["filled"]) == ("best", filled)


async def test_an_order_is_found_by_the_clients_own_id() -> None:
    async with trader() as (client, simulation):
        bid = float(simulation.market.quote(Venue.UPBIT, "KRW-BTC").bid)
        placed = await client.create_order(
            MARKET, "limit", "sell", 0.1, bid, params={"clientOrderId": "mine-1"}
        )
        order = await client.fetch_order(placed["id"], MARKET)

        assert order["clientOrderId"] == "mine-1"
        with pytest.raises(ccxt.ExchangeError, match="identifier"):
            await client.create_order(
                MARKET, "limit", "sell", 0.1, bid, params={"clientOrderId": "mine-1"}
            )


async def test_an_order_is_edited_into_a_new_one() -> None:
    async with trader() as (client, simulation):
        await client.load_markets()
        price = float(simulation.market.quote(Venue.UPBIT, "KRW-BTC").bid) - 1_000_000
        placed = await client.create_order(MARKET, "limit", "buy", 0.01, price)
        edited = await client.edit_order(
            placed["id"], MARKET, "limit", "buy", 0.02, price - 1_000_000,
            params={"newClientOrderId": "second"},
        )  # fmt: skip
        (left,) = await client.fetch_open_orders(MARKET)
        old = await client.fetch_order(placed["id"], MARKET)

        assert (edited["id"], edited["clientOrderId"]) == (left["id"], "second")
        assert (left["amount"], left["price"]) == (0.02, price - 1_000_000)
        assert old["status"] == "canceled"


async def test_a_rehearsed_order_is_validated_and_forgotten() -> None:
    async with trader() as (client, simulation):
        ask = float(simulation.market.quote(Venue.UPBIT, "KRW-BTC").ask)
        tested = await client.create_order(MARKET, "limit", "buy", 0.1, ask, params={"test": True})

        with pytest.raises(ccxt.OrderNotFound):
            await client.fetch_order(tested["id"], MARKET)


async def test_fees_tickers_and_candles_of_all_sizes_are_read() -> None:
    async with trader() as (client, _):
        fee = await client.fetch_trading_fee(MARKET)
        tickers = await client.fetch_tickers([MARKET, "USDT/KRW"])
        books = await client.fetch_order_books([MARKET, "USDT/KRW"])
        bars = [
            (await client.fetch_ohlcv(MARKET, size))[-1][4]
            for size in ("1s", "1m", "5m", "4h", "1d", "1w", "1M", "1y")
        ]
        last = tickers[MARKET]["last"]

        assert (fee["maker"], fee["taker"]) == (0.0005, 0.0005)
        assert set(tickers) == set(books) == {MARKET, "USDT/KRW"}
        assert bars == [last] * 8


async def test_the_blocking_client_trades_as_well() -> None:
    async with AsyncExitStack() as stack:
        simulation, urls = await running_simulation(stack)
        client = configured(ccxt.upbit(), urls.upbit)
        before = simulation.market.quote(Venue.UPBIT, "KRW-BTC")

        order = await asyncio.to_thread(client.create_order, MARKET, "market", "sell", 0.1)
        read = await asyncio.to_thread(client.fetch_order, order["id"], MARKET)
        client.session.close()

        assert read["average"] == float(before.bid)
