"""Adapters at simulated venues."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from exchanges.instrument import Venue
from tests.exchanges.simulated_desk import Desk, choices, open_desk


@pytest_asyncio.fixture(params=choices(*Venue))
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        venue, adapter = request.param
        yield await open_desk(venue, stack, adapter=adapter)


@pytest_asyncio.fixture(params=choices(Venue.UPBIT))
async def upbit(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        venue, adapter = request.param
        yield await open_desk(venue, stack, adapter=adapter)


@pytest_asyncio.fixture(params=choices(Venue.BINANCE, Venue.HYPERLIQUID))
async def perpetual(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        venue, adapter = request.param
        yield await open_desk(venue, stack, adapter=adapter)


@pytest_asyncio.fixture(params=choices(Venue.HYPERLIQUID))
async def hyperliquid(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        venue, adapter = request.param
        yield await open_desk(venue, stack, adapter=adapter)


@pytest_asyncio.fixture(params=choices(Venue.BINANCE))
async def binance(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        venue, adapter = request.param
        yield await open_desk(venue, stack, adapter=adapter)
