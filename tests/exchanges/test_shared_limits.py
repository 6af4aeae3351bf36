"""Processes of one desk stay within the venues' limits together, whatever adapters they use."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from exchanges.adapter_names import AdapterName
from exchanges.clock import SystemClock
from exchanges.hyperliquid.signing import address_of, parse_key
from exchanges.instrument import Venue
from exchanges.simulator.server import Address, Addresses, serve
from exchanges.simulator.simulation import Simulation
from tests.exchanges.counted_front import CountedFront
from tests.exchanges.simulated_desk import (
    AGENT_KEY,
    CREDENTIALS,
    NATIVE,
    SECOND_AGENT_KEY,
    TOUCH,
    known_secret,
)
from tests.exchanges.simulator.still_market import still_path
from tests.exchanges.spending import Spent
from tests.soak.wired import MONEY

SECONDS = 2.5
PATIENCE_S = 60.0
API_WALLETS = (AGENT_KEY, SECOND_AGENT_KEY)
"""Hyperliquid docs, "Nonces and API wallets": one for each process."""
LATE = 0.05
"""Of Upbit's requests, which are counted by the second: a busy machine may hold one up for longer
than our seconds are longer than the venue's, and it arrives in the next. Processes that did not
share their count had a quarter of theirs refused."""
SAYS_WHAT_IS_LEFT = (
    "remaining-req", "x-mbx-used-weight-1m", "x-mbx-order-count-10s", "x-mbx-order-count-1m",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Venues:
    """All three, in one simulator; what is left of their limits they do not say."""

    fronts: Mapping[Venue, CountedFront]
    urls: Mapping[Venue, str]

    async def spend(
        self, adapter: AdapterName, limits: Path, api_wallet: str
    ) -> asyncio.subprocess.Process:
        """A process of a desk that is ready to spend the limits."""
        urls = [f"{venue}={url}" for venue, url in self.urls.items()]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.exchanges.spending", adapter, f"{SECONDS}", str(limits),
            api_wallet, *urls, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        return process


@asynccontextmanager
async def open_venues() -> AsyncIterator[Venues]:
    async with AsyncExitStack() as stack:
        simulation = Simulation(still_path(), SystemClock())
        fronts = {
            venue: CountedFront(front, SAYS_WHAT_IS_LEFT)
            for venue, front in simulation.fronts.items()
        }
        simulation.fronts = fronts
        for venue, credentials in CREDENTIALS.items():
            simulation.market.set_quote(venue, NATIVE[venue], TOUCH[venue])
            simulation.engines[venue].add_account(
                credentials.access_key, known_secret(venue, credentials), MONEY[venue]
            )
        account, second = CREDENTIALS[Venue.HYPERLIQUID].access_key, parse_key(SECOND_AGENT_KEY)
        simulation.hyperliquid.add_agent(account, address_of(second))
        free = Address("127.0.0.1", 0)
        urls = await serve(simulation, Addresses(free, free, free, free), stack)
        yield Venues(fronts, {venue: getattr(urls, venue.value) for venue in Venue})


async def _together(venues: Venues, *desks: tuple[AdapterName, Path]) -> list[dict[str, Spent]]:
    """What each of the two ``desks``, a process each, has spent by venue."""
    async with asyncio.timeout(PATIENCE_S):
        processes = await asyncio.gather(
            *(venues.spend(*desk, key) for desk, key in zip(desks, API_WALLETS, strict=True))
        )
        outputs = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert [process.returncode for process in processes] == [0] * len(processes)
    return [
        {venue: Spent(**spent) for venue, spent in json.loads(output).items()}
        for output, _ in outputs
    ]


@pytest.mark.parametrize("other", ["ccxt", "direct"])
async def test_two_processes_that_ask_all_they_may_are_never_too_many(
    other: AdapterName, tmp_path: Path
) -> None:
    async with open_venues() as venues:
        both = await _together(venues, ("ccxt", tmp_path), (other, tmp_path))

        limited = {venue: front.limited for venue, front in venues.fronts.items()}
        late = venues.fronts[Venue.UPBIT].requests * LATE
        assert limited[Venue.UPBIT] <= late, limited
        assert limited[Venue.BINANCE] == limited[Venue.HYPERLIQUID] == 0, limited
        for venue in Venue:
            assert sum(spent[venue].questions for spent in both) > 0, (venue, both)
            assert all(spent[venue].held_back for spent in both), (venue, both)
            assert [spent[venue].cancels for spent in both] == [1, 1], (venue, both)
            silenced = sum(spent[venue].silenced for spent in both)
            assert not silenced or limited[venue], (venue, both)
