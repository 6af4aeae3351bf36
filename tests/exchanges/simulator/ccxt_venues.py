"""Both simulated venues on real ports and the machine's clock, for clients we did not write."""

from __future__ import annotations

from contextlib import AsyncExitStack
from decimal import Decimal

from exchanges.clock import SystemClock
from exchanges.simulator.server import Address, Addresses, Urls, serve
from exchanges.simulator.simulation import Simulation
from exchanges.simulator.walk import walk

_LOCAL = Address("127.0.0.1", 0)


async def running_simulation(stack: AsyncExitStack) -> tuple[Simulation, Urls]:
    """A market that stands still, an account with money at each venue."""
    simulation = Simulation(walk(7), SystemClock(), speed=0)
    simulation.binance.add_account("binance-key", "binance-secret", {"USDT": Decimal(100_000)})
    simulation.upbit.add_account(
        "upbit-key", "upbit-secret", {"KRW": Decimal(100_000_000), "BTC": Decimal(1)}
    )
    urls = await serve(simulation, Addresses(_LOCAL, _LOCAL, _LOCAL), stack)
    return simulation, urls
