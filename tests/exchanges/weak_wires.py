"""A direct adapter at a simulated venue in virtual time, on wires that can be broken at will."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from exchanges.endpoints import Endpoints
from exchanges.exchange import Exchange
from exchanges.factory import create_exchange
from exchanges.instrument import Venue
from exchanges.memory_transport import MemoryTransport
from exchanges.memory_web_socket import MemoryConnector
from exchanges.order import Order, OrderType, TimeInForce
from exchanges.side import Side
from exchanges.simulator.faults import Fault, FaultKind
from exchanges.simulator.front import Conversation
from exchanges.simulator.simulation import Simulation
from exchanges.transport import Interrupted, NotSent, Request, Response
from exchanges.virtual_time import VirtualClock, VirtualTimeLoop, run_virtually
from exchanges.web_socket import NO_HEADERS, Connection, NotConnected
from tests.exchanges.simulated_desk import CREDENTIALS, NATIVE, TOUCH, known_secret
from tests.exchanges.simulator.still_market import still_path
from tests.soak.wired import MONEY

T = TypeVar("T")


class WeakTransport:
    """A transport that can go down: nobody listens, or nobody answers."""

    def __init__(self, inner: MemoryTransport) -> None:
        self._inner = inner
        self.is_refusing = False
        self.is_hanging = False
        self.barred = ""
        """A path that is never answered."""
        self.limited = 0

    async def send(self, request: Request, *, timeout_s: float) -> Response:
        if self.is_refusing:
            raise NotSent("nobody listens")
        if self.is_hanging or request.path == self.barred:
            await asyncio.sleep(timeout_s)
            raise Interrupted("no answer in time")
        response = await self._inner.send(request, timeout_s=timeout_s)
        self.limited += response.status == 429
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class WeakConnector:
    """A connector that can be cut and go down, and lets a stranger answer the next dials."""

    def __init__(self, inner: MemoryConnector, clock: VirtualClock) -> None:
        self._inner = inner
        self._clock = clock
        self._open: list[Connection] = []
        self.is_down = False
        self.strangers: list[Conversation] = []
        self.dials = 0

    async def connect(
        self, url: str, *, headers: Mapping[str, str] = NO_HEADERS, timeout_s: float
    ) -> Connection:
        self.dials += 1
        if self.is_down:
            raise NotConnected("nobody listens")
        connector = self._inner
        if self.strangers:
            connector = MemoryConnector(Stranger(self.strangers.pop(0)), self._clock)
        connection = await connector.connect(url, headers=headers, timeout_s=timeout_s)
        self._open.append(connection)
        return connection

    async def cut(self) -> None:
        """Break all connections, as the other side would."""
        for connection in self._open:
            await connection.aclose()
        self._open.clear()

    async def aclose(self) -> None:
        await self.cut()
        await self._inner.aclose()


@dataclass(frozen=True, slots=True)
class Stranger:
    """Takes every WebSocket, and is no venue."""

    conversation: Conversation

    async def accept(self, handshake: Request) -> Conversation:
        return self.conversation


@dataclass(slots=True)
class World:
    venue: Venue
    clock: VirtualClock
    simulation: Simulation
    stack: AsyncExitStack
    exchange: Exchange
    transport: WeakTransport
    connector: WeakConnector

    def fault(self, kind: FaultKind, endpoint: str, times: int = 1, **args: object) -> None:
        self.simulation.faults.add(Fault(self.venue, endpoint, kind, times, args))

    def order(self, name: str, *, rests: bool = False) -> Order:
        """A buy that takes the touch at once, or that rests."""
        touch = TOUCH[self.venue]
        price = touch.bid if rests else touch.ask
        tif = None if rests else TimeInForce.IOC
        return Order(f"kimp-{name}", "BTC", Side.BUY, OrderType.LIMIT, Decimal("0.01"), price, tif)

    async def another(self) -> World:
        """One more adapter at the same account."""
        return await adapter_at(self.venue, self.clock, self.simulation, self.stack)


async def adapter_at(
    venue: Venue, clock: VirtualClock, simulation: Simulation, stack: AsyncExitStack
) -> World:
    front = simulation.fronts[venue]
    transport = WeakTransport(MemoryTransport(front))
    connector = WeakConnector(MemoryConnector(front, clock), clock)
    exchange = create_exchange(
        venue,
        credentials=CREDENTIALS[venue],
        endpoints=Endpoints("http://127.0.0.1:1"),
        clock=clock,
        transport=transport,
        connector=connector,
    )
    stack.push_async_callback(exchange.aclose)
    await exchange.rules("BTC")
    return World(venue, clock, simulation, stack, exchange, transport, connector)


@asynccontextmanager
async def opened(venue: Venue, clock: VirtualClock) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        simulation = Simulation(still_path(), clock)
        simulation.market.set_quote(venue, NATIVE[venue], TOUCH[venue])
        credentials = CREDENTIALS[venue]
        simulation.engines[venue].add_account(
            credentials.access_key, known_secret(venue, credentials), MONEY[venue]
        )
        yield await adapter_at(venue, clock, simulation, stack)


def virtually(venue: Venue, scenario: Callable[[World], Awaitable[T]]) -> T:
    loop = VirtualTimeLoop()

    async def run() -> T:
        clock = VirtualClock(loop, datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC))
        async with opened(venue, clock) as world:
            return await scenario(world)

    return run_virtually(run(), loop)
