"""An executor whose venues are all spoken to by ccxt, over HTTP and WebSockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from exchanges.simulator.market import Quote
from tasks.executor_client import ExecutorClient
from tasks.outcome import Outcome, OutcomeStatus
from tests.tasks.executors import Served, executor_here, served_venues


@asynccontextmanager
async def trading(home: Path, perpetual: Venue) -> AsyncIterator[tuple[Served, ExecutorClient]]:
    """An executor in this process that takes entries."""
    adapters = {f"{venue}_adapter": "ccxt" for venue in Venue}
    async with (
        served_venues(home, perpetual_venue=perpetual, **adapters) as served,
        executor_here(served.settings) as client,
    ):
        yield served, client


@pytest.mark.parametrize("perpetual", [Venue.BINANCE, Venue.HYPERLIQUID])
async def test_pair_is_opened_and_closed_through_ccxt(tmp_path: Path, perpetual: Venue) -> None:
    async with trading(tmp_path, perpetual) as (served, client):
        entry = served.signal(action="ENTER", quantity="0.010").model_dump(mode="json")
        opened = await client.submit(entry, door="fast")
        held = served.coin(), served.position()
        rise(served)
        closed = await exited(served, client, opened)
        record = await client.reconcile()

        assert opened.status is OutcomeStatus.HEDGED
        assert held == (Decimal("0.010"), Decimal("-0.010"))
        assert closed.status is OutcomeStatus.CLOSED
        assert (served.coin(), served.position()) == (Decimal(0), Decimal(0))
        assert record["differences"] == []


async def exited(served: Served, client: ExecutorClient, opened: Outcome) -> Outcome:
    """An exit is held until the dearer book has come over the stream."""
    async with asyncio.timeout(20):
        while True:
            signal = served.signal(action="EXIT", pair_id=opened.pair_id).model_dump(mode="json")
            outcome = await client.submit(signal, door="fast")
            if outcome.status is not OutcomeStatus.HELD:
                return outcome
            await asyncio.sleep(0.1)


def rise(served: Served) -> None:
    """Coins at Upbit are dearer by 2 %, which makes the exit pay."""
    market = served.simulation.market
    touch = market.quote(Venue.UPBIT, "KRW-BTC")
    up = Quote(touch.bid + 1_200_000, touch.ask + 1_200_000, touch.size)
    market.set_quote(Venue.UPBIT, "KRW-BTC", up)
