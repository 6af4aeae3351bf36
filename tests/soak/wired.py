"""An adapter at a simulated venue that counts: in memory, or over real sockets."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from exchanges.adapter_names import AdapterName
from exchanges.clock import Clock
from exchanges.endpoints import Endpoints
from exchanges.exchange import Exchange
from exchanges.factory import create_exchange
from exchanges.http_transport import HttpTransport
from exchanges.http_web_socket import HttpConnector
from exchanges.instrument import Venue
from exchanges.memory_transport import MemoryTransport
from exchanges.memory_web_socket import MemoryConnector
from exchanges.simulator.server import Address, Addresses, serve
from exchanges.simulator.simulation import Simulation
from tests.exchanges.counted_front import CountedFront
from tests.exchanges.simulated_desk import CREDENTIALS, NATIVE, TOUCH, known_secret
from tests.exchanges.simulator.still_market import still_path
from tests.soak.shaken import ShakenConnector

MONEY = {
    Venue.UPBIT: {"KRW": Decimal(10**12), "BTC": Decimal(10_000)},
    Venue.BINANCE: {"USDT": Decimal(10**8)},
    Venue.HYPERLIQUID: {"USDC": Decimal(10**8)},
}


@dataclass(slots=True)
class Wired:
    """One venue, its adapter, and the wires between."""

    venue: Venue
    adapter: AdapterName
    clock: Clock
    simulation: Simulation
    endpoints: Endpoints | None
    """None: in memory."""
    exchange: Exchange
    front: CountedFront
    connector: ShakenConnector | None
    """None: the adapter has wires of its own."""
    limits_file: Path | None

    def another(self) -> Exchange:
        """One more adapter at the same account, on wires of its own that nobody shakes."""
        if self.endpoints is not None:
            return create_exchange(
                self.venue,
                credentials=CREDENTIALS[self.venue],
                endpoints=self.endpoints,
                clock=self.clock,
                limits_file=self.limits_file,
            )
        front = self.simulation.fronts[self.venue]
        return create_exchange(
            self.venue,
            credentials=CREDENTIALS[self.venue],
            endpoints=Endpoints("http://127.0.0.1:1"),
            clock=self.clock,
            transport=MemoryTransport(front),
            connector=MemoryConnector(front, self.clock),
        )


@asynccontextmanager
async def wired(
    venue: Venue,
    clock: Clock,
    chance: random.Random,
    *,
    over_sockets: bool,
    adapter: AdapterName = "direct",
) -> AsyncIterator[Wired]:
    """An adapter that knows the rules of BTC. One other than ``direct`` has wires of its own,
    which are real sockets."""
    async with AsyncExitStack() as stack:
        simulation = Simulation(still_path(), clock)
        simulation.market.set_quote(venue, NATIVE[venue], TOUCH[venue])
        credentials = CREDENTIALS[venue]
        simulation.engines[venue].add_account(
            credentials.access_key, known_secret(venue, credentials), MONEY[venue]
        )
        front = CountedFront(simulation.fronts[venue])
        simulation.fronts = {**simulation.fronts, venue: front}
        endpoints, limits_file = None, None
        transport, connector = None, None
        if over_sockets:
            limits_file = Path(stack.enter_context(TemporaryDirectory())) / venue
            free = Address("127.0.0.1", 0)
            urls = await serve(simulation, Addresses(free, free, free, free), stack)
            endpoints = Endpoints(getattr(urls, venue.value))
        if adapter == "direct":
            transport = MemoryTransport(front) if endpoints is None else HttpTransport(endpoints)
            connector = ShakenConnector(
                MemoryConnector(front, clock) if endpoints is None else HttpConnector(),
                clock,
                chance,
            )
        exchange = create_exchange(
            venue,
            adapter=adapter,
            credentials=credentials,
            endpoints=endpoints or Endpoints("http://127.0.0.1:1"),
            clock=clock,
            transport=transport,
            connector=connector,
            limits_file=limits_file,
        )
        stack.push_async_callback(exchange.aclose)
        await exchange.rules("BTC")
        yield Wired(
            venue, adapter, clock, simulation, endpoints, exchange, front, connector, limits_file
        )
