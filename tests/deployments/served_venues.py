"""The three simulated venues over HTTP in this process, as ``kimp up`` would have left them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deployments.paper_accounts import PaperAccounts, paper_accounts
from deployments.up_lock import RunningDesk
from exchanges.clock import SystemClock
from exchanges.instrument import Venue
from exchanges.simulator.arguments import parse_arguments
from exchanges.simulator.server import Address, Addresses, serve
from exchanges.simulator.simulation import Simulation
from tasks.settings import Settings
from tests.exchanges.simulator.still_market import still_path

FREE = Address("127.0.0.1", 0)


@dataclass(frozen=True, slots=True)
class ServedVenues:
    home: Path
    simulation: Simulation
    accounts: PaperAccounts
    desk: RunningDesk

    def settings(self, perpetual: Venue = Venue.BINANCE) -> Settings:
        return Settings(
            home=self.home,
            perpetual_venue=perpetual,
            upbit_url=self.desk.upbit_url,
            binance_url=self.desk.binance_url,
            hyperliquid_url=self.desk.hyperliquid_url,
            prefect_api_url="http://127.0.0.1:1/api",  # nobody listens there
        )


@asynccontextmanager
async def served_venues(home: Path) -> AsyncIterator[ServedVenues]:
    """Markets that stand still, with the paper accounts of ``home``."""
    simulation = Simulation(still_path(krw_per_usd="1150"), SystemClock())
    accounts = paper_accounts(home / "keys")
    for account in parse_arguments(["--accounts-file", str(accounts.file)]).accounts:
        engine = simulation.engines[account.venue]
        engine.add_account(account.key, account.secret, account.balances)
    async with AsyncExitStack() as stack:
        urls = await serve(simulation, Addresses(FREE, FREE, FREE, FREE), stack)
        desk = RunningDesk(
            pid=os.getpid(),
            mode="paper",
            upbit_url=urls.upbit,
            binance_url=urls.binance,
            hyperliquid_url=urls.hyperliquid or "",
            control_url=urls.control,
        )
        yield ServedVenues(home, simulation, accounts, desk)
