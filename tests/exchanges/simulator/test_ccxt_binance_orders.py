"""ccxt's own Binance client places every type of order on the simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import ccxt
import pytest

from exchanges.simulator.simulation import Simulation
from tests.exchanges.simulator.test_ccxt_binance import MARKET, trader


@asynccontextmanager
async def priced_trader() -> AsyncIterator[tuple[Any, Simulation, float]]:
    """With the best bid."""
    async with trader() as (client, simulation):
        book = await client.fetch_order_book(MARKET)
        yield client, simulation, book["bids"][0][0]


async def test_every_time_in_force_is_placed_and_read_back() -> None:
    async with priced_trader() as (client, simulation, bid):
        statuses = {}
        for in_force, price in (
            ("GTC", bid * 0.98), ("IOC", bid * 1.01), ("FOK", bid * 1.01), ("PO", bid * 0.98),
            ("GTD", bid * 0.98),
        ):  # fmt: skip
            until = simulation.binance.now_ms() + 3_600_000
            placed = await client.create_order(
                MARKET, "limit", "buy", 0.01, client.price_to_precision(MARKET, price),
                {"timeInForce": in_force, "goodTillDate": until},
            )  # fmt: skip
            order = await client.fetch_order(placed["id"], MARKET)
            statuses[in_force] = (order["status"], order["timeInForce"])

        assert statuses == {
            "GTC": ("open", "GTC"),
            "IOC": ("closed", "IOC"),
            "FOK": ("closed", "FOK"),
            "PO": ("open", "PO"),
            "GTD": ("open", "GTD"),
        }


async def test_a_post_only_order_that_would_take_is_refused() -> None:
    async with priced_trader() as (client, _, bid):
        with pytest.raises(ccxt.ExchangeError, match="-5022"):
            await client.create_order(
                MARKET, "limit", "buy", 0.01, client.price_to_precision(MARKET, bid * 1.01),
                {"postOnly": True},
            )  # fmt: skip


async def test_an_order_is_edited_in_place() -> None:
    async with priced_trader() as (client, _, bid):
        placed = await client.create_order(MARKET, "limit", "buy", 0.01, round(bid * 0.98, 1))

        edited = await client.edit_order(
            placed["id"], MARKET, "limit", "buy", 0.02, round(bid * 0.97, 1)
        )
        read = await client.fetch_order(placed["id"], MARKET)

        assert edited["id"] == placed["id"]
        assert (read["amount"], read["price"]) == (0.02, round(bid * 0.97, 1))


async def test_a_test_order_leaves_nothing() -> None:
    async with priced_trader() as (client, _, _bid):
        answer = await client.fapiPrivatePostOrderTest(
            {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
        )

        assert answer["status"] == "NEW"
        assert await client.fetch_orders(MARKET) == []
        assert await client.fetch_positions([MARKET]) == []


async def test_orders_are_placed_and_cancelled_in_batches() -> None:
    async with priced_trader() as (client, _, bid):
        wish = {"symbol": MARKET, "type": "limit", "side": "buy", "amount": 0.01}
        placed = await client.create_orders(
            [wish | {"price": round(bid * 0.98, 1)}, wish | {"price": round(bid * 0.97, 1)}]
        )
        ids = [order["id"] for order in placed]
        edited = await client.edit_orders([wish | {"id": ids[0], "price": round(bid * 0.96, 1)}])
        cancelled = await client.cancel_orders(ids, MARKET)

        assert len(set(ids)) == 2
        assert [order["price"] for order in edited] == [round(bid * 0.96, 1)]
        assert [order["status"] for order in cancelled] == ["canceled", "canceled"]
        assert await client.fetch_open_orders(MARKET) == []


async def test_all_orders_of_a_market_are_cancelled_at_once_or_after_a_while() -> None:
    async with priced_trader() as (client, simulation, bid):
        for price in (bid * 0.98, bid * 0.97):
            await client.create_order(MARKET, "limit", "buy", 0.01, round(price, 1))
        await client.cancel_all_orders(MARKET)
        left = await client.fetch_open_orders(MARKET)
        await client.create_order(MARKET, "limit", "buy", 0.01, round(bid * 0.98, 1))
        await client.fapiPrivatePostCountdownCancelAll(
            {"symbol": "BTCUSDT", "countdownTime": 60_000}
        )
        counted = await client.fetch_open_orders(MARKET)
        simulation.binance.set_clock_offset(61_000)
        await client.load_time_difference()

        assert left == []
        assert len(counted) == 1
        assert [order["status"] for order in await client.fetch_orders(MARKET)] == ["canceled"] * 3


async def test_hedge_mode_is_switched_on_and_traded_on_both_sides() -> None:
    async with priced_trader() as (client, _, _bid):
        await client.set_position_mode(True, MARKET)
        for side in ("buy", "sell"):
            await client.create_order(MARKET, "market", side, 0.1, params={"hedged": True})
        both = await client.fetch_positions([MARKET])
        await client.create_order(
            MARKET, "market", "sell", 0.1, params={"hedged": True, "reduceOnly": True}
        )
        (left,) = await client.fetch_positions([MARKET])
        mode = await client.fetch_position_mode(MARKET)

        assert mode["hedged"] is True
        assert sorted(position["side"] for position in both) == ["long", "short"]
        assert (left["side"], left["contracts"], left["hedged"]) == ("short", 0.1, True)


@pytest.mark.parametrize(
    ("type_", "params", "venue_type"),
    [
        ("market", {"stopLossPrice": 0.97}, "STOP_MARKET"),
        ("limit", {"stopLossPrice": 0.97}, "STOP"),
        ("market", {"takeProfitPrice": 1.03}, "TAKE_PROFIT_MARKET"),
        ("limit", {"takeProfitPrice": 1.03}, "TAKE_PROFIT"),
        ("market", {"trailingPercent": "1.5"}, "TRAILING_STOP_MARKET"),
    ],
)
async def test_conditional_orders_are_placed_read_and_cancelled(
    type_: str, params: dict[str, Any], venue_type: str
) -> None:
    async with priced_trader() as (client, _, bid):
        await client.create_order(MARKET, "market", "buy", 0.1)
        at = {
            name: round(bid * value, 1) if isinstance(value, float) else value
            for name, value in params.items()
        }

        placed = await client.create_order(
            MARKET, type_, "sell", 0.1, round(bid * 0.98, 1), at | {"reduceOnly": True}
        )
        waiting = await client.fetch_open_orders(MARKET, params={"trigger": True})
        read = await client.fetch_order(placed["id"], MARKET, params={"trigger": True})
        await client.cancel_order(placed["id"], MARKET, params={"trigger": True})
        after = await client.fetch_open_orders(MARKET, params={"trigger": True})
        ever = await client.fetch_orders(MARKET, params={"trigger": True})

        assert [order["id"] for order in waiting] == [placed["id"]] == [read["id"]]
        assert waiting[0]["info"]["orderType"] == venue_type
        assert (read["status"], read["reduceOnly"]) == ("open", True)
        assert after == []
        assert [order["status"] for order in ever] == ["canceled"]


async def test_own_orders_that_meet_do_as_they_were_told() -> None:
    async with priced_trader() as (client, _, bid):
        inside = round(bid + 0.1, 1)
        maker = await client.create_order(MARKET, "limit", "sell", 0.01, inside)
        taker = await client.create_order(
            MARKET, "limit", "buy", 0.01, inside, {"selfTradePrevention": "EXPIRE_BOTH"}
        )
        both = [await client.fetch_order(one["id"], MARKET) for one in (maker, taker)]

        assert [order["info"]["status"] for order in both] == ["EXPIRED_IN_MATCH"] * 2
        assert [order["status"] for order in both] == ["expired"] * 2
