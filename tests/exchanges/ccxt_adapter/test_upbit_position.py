"""What an account at Upbit says that coin was bought for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from decimal import Decimal

import pytest
import pytest_asyncio

from exchanges.errors import BadReply
from exchanges.instrument import Venue
from tests.exchanges.simulated_desk import CREDENTIALS, Desk, open_desk


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(Venue.UPBIT, stack, adapter="ccxt")


def say_average_price(desk: Desk, price: str) -> None:
    account = desk.simulation.upbit.account(CREDENTIALS[Venue.UPBIT].access_key)
    assert account is not None
    account.average_prices["BTC"] = Decimal(price)


async def test_average_price_is_the_entry_price(desk: Desk) -> None:
    say_average_price(desk, "61500000.25")

    assert (await desk.exchange.position("BTC")).entry_price == Decimal("61500000.25")


async def test_average_price_of_zero_is_no_entry_price(desk: Desk) -> None:
    say_average_price(desk, "0")

    position = await desk.exchange.position("BTC")

    assert (position.quantity, position.entry_price) == (Decimal(1), None)


async def test_average_price_below_zero_is_a_bad_reply(desk: Desk) -> None:
    say_average_price(desk, "-1")

    with pytest.raises(BadReply, match="avg_buy_price"):
        await desk.exchange.position("BTC")
