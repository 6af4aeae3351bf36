"""ccxt's own Binance client, told nothing but URLs and keys, trades on the simulator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from typing import Any

import ccxt
import ccxt.async_support as ccxt_async
import pytest

from exchanges.simulator.simulation import Simulation
from tests.exchanges.simulator.ccxt_venues import running_simulation

MARKET = "BTC/USDT:USDT"
HOST_PATHS = {
    "fapiPublic": "/fapi/v1",
    "fapiPublicV2": "/fapi/v2",
    "fapiPublicV3": "/fapi/v3",
    "fapiPrivate": "/fapi/v1",
    "fapiPrivateV2": "/fapi/v2",
    "fapiPrivateV3": "/fapi/v3",
    "sapi": "/sapi/v1",
}
"""The parts of the API that this client asks; the last one is where it looks for coins."""


def configured(client: Any, url: str) -> Any:
    client.urls["api"].update({name: f"{url}{path}" for name, path in HOST_PATHS.items()})
    client.apiKey, client.secret = "binance-key", "binance-secret"
    return client


@asynccontextmanager
async def trader() -> AsyncIterator[tuple[Any, Simulation]]:
    async with AsyncExitStack() as stack:
        simulation, urls = await running_simulation(stack)
        client = configured(ccxt_async.binanceusdm(), urls.binance)
        stack.push_async_callback(client.close)
        yield client, simulation


async def test_markets_load_with_the_rules_of_the_contract() -> None:
    async with trader() as (client, _):
        markets = await client.load_markets()

        market = markets[MARKET]
        assert (market["swap"], market["linear"], market["active"]) == (True, True, True)
        assert market["precision"]["price"] == 0.1
        assert market["precision"]["amount"] == 0.001
        assert market["limits"]["cost"]["min"] == 50
        assert market["limits"]["market"]["max"] == 120


async def test_balance_book_ticker_and_trades_are_read() -> None:
    async with trader() as (client, _):
        balance = await client.fetch_balance()
        book = await client.fetch_order_book(MARKET, 5)
        ticker = await client.fetch_ticker(MARKET)
        trades = await client.fetch_trades(MARKET)
        funding = await client.fetch_funding_rate(MARKET)
        venue_ms = await client.fetch_time()

        assert balance["USDT"]["total"] == balance["USDT"]["free"] == 100_000
        assert len(book["bids"]) == len(book["asks"]) == 5
        assert book["bids"][0][0] < book["asks"][0][0]
        assert book["bids"][0][0] <= ticker["last"] <= book["asks"][0][0]
        assert trades[-1]["price"] == ticker["last"]
        assert book["bids"][0][0] <= funding["markPrice"] <= book["asks"][0][0]
        assert abs(venue_ms - client.milliseconds()) < 5_000


async def test_a_market_order_fills_and_shows_as_position_and_trade() -> None:
    async with trader() as (client, simulation):
        placed = await client.create_order(
            MARKET, "market", "sell", 0.25, params={"newClientOrderId": "kimp-test-1"}
        )
        order = await client.fetch_order(placed["id"], MARKET)
        trades = await client.fetch_my_trades(MARKET)
        (position,) = await client.fetch_positions([MARKET])
        balance = await client.fetch_balance()

        assert placed["status"] == "closed"
        assert (order["filled"], order["clientOrderId"]) == (0.25, "kimp-test-1")
        assert order["average"] == trades[0]["price"]
        assert sum(trade["amount"] for trade in trades) == 0.25
        assert all(trade["fee"]["currency"] == "USDT" for trade in trades)
        assert (position["side"], position["contracts"]) == ("short", 0.25)
        assert position["entryPrice"] == pytest.approx(order["average"])
        assert position["liquidationPrice"] > position["markPrice"]
        assert balance["USDT"]["free"] < balance["USDT"]["total"] < 100_000
        account = simulation.binance.account("binance-key")
        assert Decimal(account.trades[0].quantity) == Decimal("0.25")


async def test_a_resting_order_is_seen_open_and_can_be_cancelled() -> None:
    async with trader() as (client, _):
        book = await client.fetch_order_book(MARKET)
        price = client.price_to_precision(MARKET, book["bids"][0][0] * 0.98)
        placed = await client.create_order(MARKET, "limit", "buy", 0.01, price)
        open_before = await client.fetch_open_orders(MARKET)
        await client.cancel_order(placed["id"], MARKET)
        open_after = await client.fetch_open_orders(MARKET)
        (closed,) = await client.fetch_orders(MARKET)

        assert placed["status"] == "open"
        assert [order["id"] for order in open_before] == [placed["id"]]
        assert open_after == []
        assert (closed["status"], closed["filled"]) == ("canceled", 0)


async def test_a_position_is_closed_reduce_only_and_nothing_is_left() -> None:
    async with trader() as (client, _):
        await client.create_order(MARKET, "market", "sell", 0.1)
        await client.create_order(MARKET, "market", "buy", 0.1, params={"reduceOnly": True})

        assert await client.fetch_positions([MARKET]) == []
        closed = await client.fetch_closed_orders(MARKET)
        assert [order["side"] for order in closed] == ["sell", "buy"]
        with pytest.raises(ccxt.ExchangeError, match="-2022"):
            await client.create_order(MARKET, "market", "buy", 0.1, params={"reduceOnly": True})


async def test_refusals_reach_the_client_as_its_own_errors() -> None:
    async with trader() as (client, _):
        # The client knows the error classes of futures by the real host's name only, so at
        # another address some codes come as the general class.
        with pytest.raises(ccxt.ExchangeError, match="-2019"):
            await client.create_order(MARKET, "market", "sell", 100)
        with pytest.raises(ccxt.OrderNotFound):
            await client.fetch_order("1", MARKET)
        with pytest.raises(ccxt.OrderNotFound):
            await client.cancel_order("1", MARKET)
        client.secret = "wrong"
        with pytest.raises(ccxt.AuthenticationError):
            await client.fetch_balance()


async def test_settings_and_funding_history_are_reached() -> None:
    async with trader() as (client, simulation):
        await client.set_leverage(5, MARKET)
        await client.create_order(MARKET, "market", "sell", 0.1)
        simulation.binance.settle_funding(Decimal("0.0001"))

        mode = await client.fetch_position_mode(MARKET)
        leverage = await client.fetch_leverage(MARKET)
        fee = await client.fetch_trading_fee(MARKET)
        (payment,) = await client.fetch_funding_history(MARKET)

        assert mode["hedged"] is False
        assert leverage["shortLeverage"] == 5
        assert (fee["maker"], fee["taker"]) == (0.0002, 0.0005)
        assert payment["amount"] > 0


async def test_the_blocking_client_trades_as_well() -> None:
    async with AsyncExitStack() as stack:
        simulation, urls = await running_simulation(stack)
        client = configured(ccxt.binanceusdm(), urls.binance)

        order = await asyncio.to_thread(client.create_order, MARKET, "market", "buy", 0.01)
        client.session.close()

        assert order["status"] == "closed"
        assert len(simulation.binance.account("binance-key").trades) == 1


async def test_candles_and_funding_rates_are_read() -> None:
    async with trader() as (client, simulation):
        await client.create_order(MARKET, "market", "sell", 0.1)
        simulation.binance.settle_funding(Decimal("0.0002"))

        candles = await client.fetch_ohlcv(MARKET, "1m")
        mark = await client.fetch_mark_ohlcv(MARKET, "1h")
        rates = await client.fetch_funding_rate_history(MARKET)
        interest = await client.fetch_open_interest(MARKET)

        assert len(candles[-1]) == 6
        assert sum(candle[5] for candle in candles) >= 0.1
        assert mark[-1][4] > 0
        assert [rate["fundingRate"] for rate in rates] == [0.0002]
        assert interest["openInterestAmount"] == 0.1


async def test_margin_mode_and_margin_are_changed() -> None:
    async with trader() as (client, _):
        await client.set_margin_mode("isolated", MARKET)
        await client.create_order(MARKET, "market", "buy", 0.1)
        (before,) = await client.fetch_positions([MARKET])
        added = await client.add_margin(MARKET, 100)
        (after,) = await client.fetch_positions([MARKET])
        await client.reduce_margin(MARKET, 50)
        history = await client.fetch_margin_adjustment_history(MARKET)
        mode = await client.fetch_margin_mode(MARKET)

        assert mode["marginMode"] == before["marginMode"] == "isolated"
        assert added["amount"] == 100
        assert after["collateral"] == pytest.approx(before["collateral"] + 100)
        assert after["liquidationPrice"] < before["liquidationPrice"]
        assert [change["type"] for change in history] == ["add", "reduce"]


async def test_income_and_forced_orders_are_read() -> None:
    async with trader() as (client, simulation):
        await client.create_order(MARKET, "market", "buy", 0.1)
        simulation.binance.force_close("binance-key", "BTCUSDT", Decimal("0.05"), "liquidation")

        ledger = await client.fetch_ledger(None)
        (forced,) = await client.fetch_my_liquidations(MARKET)

        kinds = [entry["info"]["incomeType"] for entry in ledger]
        assert {"COMMISSION", "INSURANCE_CLEAR"} <= set(kinds)
        assert forced["contracts"] == 0.05


async def test_brackets_and_quantiles_are_read() -> None:
    async with trader() as (client, _):
        await client.create_order(MARKET, "market", "buy", 0.1)

        tiers = await client.fetch_leverage_tiers([MARKET])
        limits = await client.fapiPrivateGetRateLimitOrder()
        (quantile,) = await client.fapiPrivateGetAdlQuantile({"symbol": "BTCUSDT"})

        assert tiers[MARKET][0]["maxLeverage"] == 150
        assert {(one["interval"], one["limit"]) for one in limits} == {
            ("MINUTE", 1200),
            ("SECOND", 300),
        }
        assert set(quantile["adlQuantile"]) == {"LONG", "SHORT", "BOTH"}
