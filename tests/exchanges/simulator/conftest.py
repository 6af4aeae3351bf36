"""A fresh pair of simulated venues for each scenario."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.exchanges.simulator.running import Running, running_simulators


@pytest_asyncio.fixture
async def venues() -> AsyncIterator[Running]:
    async with running_simulators(KRW="100000000", BTC="2") as running:
        yield running
