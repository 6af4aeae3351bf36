"""Rules that are read again count from the next order on."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from exchanges.errors import OrderDenied
from tests.exchanges.scripted_transport import reply
from tests.exchanges.upbit import samples
from tests.exchanges.upbit.wired import BUY, RULES, build_ready

CHANCE, _, BOOK = RULES
COARSER = reply([samples.INSTRUMENTS[0] | {"tick_size": "5000"}])


async def test_order_of_the_old_tick_is_denied_once_the_new_one_is_known() -> None:
    taken = reply(samples.order(), 201)
    exchange, _ = await build_ready(taken, CHANCE, COARSER, BOOK, taken)
    await exchange.submit(BUY)

    rules = await exchange.rules("BTC")

    with pytest.raises(OrderDenied, match="multiple of the tick 5000"):
        await exchange.submit(BUY)
    await exchange.submit(replace(BUY, price=rules.price_down(Decimal(61_501_000))))


async def test_order_below_the_new_minimum_is_denied() -> None:
    market = samples.CHANCE["market"]
    assert isinstance(market, dict)
    dearer = reply(
        samples.CHANCE | {"market": market | {"bid": {"currency": "KRW", "min_total": "700000"}}}
    )
    exchange, _ = await build_ready(dearer, RULES[1], BOOK)

    await exchange.rules("BTC")

    with pytest.raises(OrderDenied, match="at least 700000, got 615010"):
        await exchange.submit(BUY)
