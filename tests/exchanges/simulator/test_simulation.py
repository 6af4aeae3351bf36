"""Both venues on one market, without a server."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

from exchanges.instrument import Venue
from exchanges.simulator.replay import replay, shipped_history
from exchanges.simulator.simulation import Simulation
from exchanges.virtual_time import VirtualClock, VirtualTimeLoop, run_virtually
from tests.exchanges.manual_clock import ManualClock

DAY_S = 86_400


async def test_prices_move_while_nobody_asks() -> None:
    clock = ManualClock()
    simulation = Simulation(replay(shipped_history()), clock, speed=3600)
    moved = asyncio.Event()
    simulation.market.subscribe(moved.set)
    driving = asyncio.create_task(simulation.drive())
    await asyncio.sleep(0)

    clock.advance(1)

    await asyncio.wait_for(moved.wait(), timeout=5)
    driving.cancel()
    assert simulation.market.now() == datetime(2021, 3, 1, 1, tzinfo=UTC)


def test_a_day_of_history_passes_at_once_on_a_virtual_clock() -> None:
    loop = VirtualTimeLoop()
    clock = VirtualClock(loop, datetime(2026, 11, 2, tzinfo=UTC))
    simulation = Simulation(replay(shipped_history()), clock, speed=60)

    async def a_day() -> None:
        await asyncio.sleep(DAY_S / 60)
        simulation.market.tick()

    run_virtually(a_day(), loop)

    passed = simulation.market.now() - datetime(2021, 3, 2, tzinfo=UTC)
    assert abs(passed.total_seconds()) < 0.001
    assert simulation.market.last_price(Venue.UPBIT, "KRW-BTC") > Decimal(50_000_000)
