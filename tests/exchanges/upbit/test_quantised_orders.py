"""An order rounded to the rules is never refused for its tick, its lot or its minimum."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from decimal import ROUND_CEILING, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges.credentials import Credentials
from exchanges.errors import OrderNotFound
from exchanges.exchange import Exchange
from exchanges.instrument import Venue
from exchanges.order import Order, OrderType, TimeInForce
from exchanges.side import Side
from exchanges.simulator.market import Quote
from tests.exchanges.simulated_desk import Desk, open_desk

TIMES_IN_FORCE = [None, TimeInForce.IOC, TimeInForce.FOK, TimeInForce.POST_ONLY]


RICH = Credentials("rich", "secret")
PLENTY = {"KRW": Decimal(10) ** 13, "BTC": Decimal(10) ** 9}


@pytest.fixture(scope="module")
def venue() -> Iterator[tuple[asyncio.Runner, Desk, Exchange]]:
    """A simulated venue over real HTTP, for many orders."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        desk = runner.run(open_desk(Venue.UPBIT, stack))
        desk.simulation.upbit.add_account(RICH.access_key, RICH.secret_key, PLENTY)
        yield runner, desk, desk.connect(RICH)
        runner.run(stack.aclose())


@settings(max_examples=80)
@given(
    market=st.decimals("1", "200000000", places=2),
    away=st.decimals("0.5", "2", places=6),
    value=st.decimals("5000", "2000000", places=3),
    side=st.sampled_from(list(Side)),
    time_in_force=st.sampled_from(TIMES_IN_FORCE),
)
def test_rounded_order_is_taken(
    venue: tuple[asyncio.Runner, Desk, Exchange],
    market: Decimal,
    away: Decimal,
    value: Decimal,
    side: Side,
    time_in_force: TimeInForce | None,
) -> None:
    """At any price of the market, near it or far from it, in any band."""
    runner, desk, exchange = venue
    number = len(desk.simulation.requests.requests())

    async def story() -> None:
        desk.clock.advance(2)
        rules = await exchange.rules("BTC")
        bid = rules.price_down(market)
        quote = Quote(bid, rules.price_up(bid + rules.tick(bid)), Decimal(1_000_000))
        desk.simulation.market.set_quote(Venue.UPBIT, "KRW-BTC", quote)
        rules = await exchange.rules("BTC")
        wanted = market * away
        price = rules.price_down(wanted) if side is Side.BUY else rules.price_up(wanted)
        least = (value / price).quantize(rules.quantity_step, rounding=ROUND_CEILING)
        order = Order(
            f"kimp-{number}",
            "BTC",
            side,
            OrderType.LIMIT,
            rules.quantity_down(least),
            price,
            time_in_force,
        )
        await exchange.submit(order)
        with suppress(OrderNotFound):
            await exchange.cancel("BTC", order.client_order_id)

    runner.run(story())
