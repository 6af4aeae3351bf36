"""A list of markets in which the desk's market bears the name of another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager
from dataclasses import replace
from decimal import Decimal

import pytest
import pytest_asyncio

from exchanges.errors import BadReply, VenueUnavailable
from exchanges.instrument import Venue
from exchanges.order import OrderType
from exchanges.transport import Request, Response
from tests.exchanges.simulated_desk import Desk, open_desk


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(Venue.BINANCE, stack, adapter="ccxt")


@contextmanager
def renamed(desk: Desk, told: bytes, false: bytes) -> Iterator[None]:
    """The venue tells ``false`` where it would tell ``told``."""
    front = desk.simulation.fronts[desk.venue]
    truthful = front.handle

    async def handle(request: Request) -> Response:
        response = await truthful(request)
        return replace(response, body=response.body.replace(told, false))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(front, "handle", handle)
        yield


def bitcoin_called_ether(desk: Desk) -> AbstractContextManager[None]:
    return renamed(desk, b'"symbol":"BTCUSDT"', b'"symbol":"ETHUSDT"')


async def test_no_order_goes_to_another_market(desk: Desk) -> None:
    with bitcoin_called_ether(desk):
        with pytest.raises(BadReply, match="markets: expected"):
            await desk.exchange.rules("BTC")
        with pytest.raises(VenueUnavailable, match=r"expected BTC/USDT:USDT among them"):
            await desk.exchange.submit(desk.order("strayed", "0.01"))

    assert desk.actions() == []


async def test_markets_are_read_again_before_the_next_order(desk: Desk) -> None:
    with bitcoin_called_ether(desk), pytest.raises(BadReply):
        await desk.exchange.rules("BTC")

    await desk.exchange.submit(desk.order("found", "0.01"))

    assert desk.actions() == ["kimp-found"]
    assert (await desk.exchange.order("BTC", "kimp-found")).filled == Decimal("0.01")


async def test_the_price_of_a_market_order_is_of_the_book_of_its_own_market() -> None:
    async with AsyncExitStack() as stack:
        desk = await open_desk(Venue.HYPERLIQUID, stack, adapter="ccxt")
        # ccxt calls a coin XBT by the name of BTC.
        with renamed(desk, b'"name":"BTC"', b'"name":"XBT"'), pytest.raises(BadReply):
            await desk.exchange.rules("BTC")
        desk.clock.advance(5)  # the last book that was seen is too old

        order = replace(desk.order("found"), type=OrderType.MARKET, price=None, time_in_force=None)
        report = await desk.exchange.submit(order)

        assert report.filled == Decimal("0.01")
