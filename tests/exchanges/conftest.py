"""Adapters at simulated venues."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from exchanges.instrument import Venue
from tests.exchanges.simulated_desk import (
    Desk,
    open_desk,
)


@pytest_asyncio.fixture(params=list(Venue))
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(request.param, stack)


@pytest_asyncio.fixture
async def upbit() -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(Venue.UPBIT, stack)


@pytest_asyncio.fixture(params=[Venue.BINANCE, Venue.HYPERLIQUID])
async def perpetual(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(request.param, stack)


@pytest_asyncio.fixture
async def hyperliquid() -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(Venue.HYPERLIQUID, stack)


@pytest_asyncio.fixture
async def binance() -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(Venue.BINANCE, stack)
