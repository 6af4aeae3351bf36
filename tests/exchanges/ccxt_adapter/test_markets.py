"""A list of markets in which the desk's market bears the name of another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from decimal import Decimal

import pytest
import pytest_asyncio

from exchanges.errors import BadReply, VenueUnavailable
from exchanges.instrument import Venue
from exchanges.transport import Request, Response
from tests.exchanges.simulated_desk import Desk, open_desk


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(Venue.BINANCE, stack, adapter="ccxt")


@contextmanager
def bitcoin_called_ether(desk: Desk) -> Iterator[None]:
    front = desk.simulation.fronts[Venue.BINANCE]
    truthful = front.handle

    async def handle(request: Request) -> Response:
        response = await truthful(request)
        if not request.path.endswith("/exchangeInfo"):
            return response
        body = response.body.replace(b'"symbol":"BTCUSDT"', b'"symbol":"ETHUSDT"')
        assert body != response.body
        return replace(response, body=body)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(front, "handle", handle)
        yield


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
