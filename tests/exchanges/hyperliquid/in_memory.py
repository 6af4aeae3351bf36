"""An adapter at a simulated Hyperliquid in one process, on time that jumps."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from exchanges.endpoints import Endpoints
from exchanges.hyperliquid.adapter import HyperliquidPerpetual
from exchanges.instrument import Venue
from exchanges.memory_transport import MemoryTransport
from exchanges.memory_web_socket import MemoryConnector
from exchanges.order import Order, OrderReport, OrderType, TimeInForce
from exchanges.side import Side
from exchanges.simulator.faults import Fault, FaultKind
from exchanges.simulator.market import Quote
from exchanges.simulator.simulation import Simulation
from exchanges.virtual_time import VirtualClock, VirtualTimeLoop, run_virtually
from tests.exchanges.simulated_desk import CREDENTIALS, START_MONEY, known_secret
from tests.exchanges.simulator.still_market import still_path

TOUCH = Quote(Decimal(49_999), Decimal(50_001), Decimal("0.5"))
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Desk:
    exchange: HyperliquidPerpetual
    simulation: Simulation
    clock: VirtualClock

    def market(self, name: str, side: Side = Side.BUY, quantity: str = "0.01") -> Order:
        return Order(f"kimp-{name}", "BTC", side, OrderType.MARKET, Decimal(quantity))

    def limit(
        self, name: str, price: str, side: Side = Side.BUY, tif: TimeInForce | None = None
    ) -> Order:
        order = replace(self.market(name, side), type=OrderType.LIMIT, price=Decimal(price))
        return replace(order, time_in_force=tif)

    def quote(self, bid: str, ask: str, size: str = "0.5") -> None:
        quote = Quote(Decimal(bid), Decimal(ask), Decimal(size))
        self.simulation.market.set_quote(Venue.HYPERLIQUID, "BTC", quote)
        self.simulation.market.tick()

    def fault(
        self, kind: FaultKind, endpoint: str = "POST /exchange", times: int = 1, **args: object
    ) -> None:
        self.simulation.faults.add(Fault(Venue.HYPERLIQUID, endpoint, kind, times, args))

    def asked(self, path: str) -> int:
        return sum(seen.path == path for seen in self.simulation.requests.requests())

    def another(self) -> HyperliquidPerpetual:
        return _adapter(self.simulation, self.clock)


def at_simulator(story: Callable[[Desk], Awaitable[T]]) -> T:
    """Run ``story`` with an adapter that knows the rules of BTC."""
    loop = VirtualTimeLoop()
    clock = VirtualClock(loop, datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC))
    simulation = Simulation(still_path(), clock)
    simulation.market.set_quote(Venue.HYPERLIQUID, "BTC", TOUCH)
    credentials = CREDENTIALS[Venue.HYPERLIQUID]
    simulation.hyperliquid.add_account(
        credentials.access_key,
        known_secret(Venue.HYPERLIQUID, credentials),
        START_MONEY[Venue.HYPERLIQUID],
    )

    async def main() -> T:
        exchange = _adapter(simulation, clock)
        await exchange.rules("BTC")
        try:
            return await story(Desk(exchange, simulation, clock))
        finally:
            await exchange.aclose()

    return run_virtually(main(), loop)


async def first(stream: AsyncGenerator[T, None], is_told: Callable[[T], bool]) -> T:
    """The first item of which ``is_told`` holds."""
    async with aclosing(stream) as items:
        async for item in items:
            if is_told(item):
                return item
    raise AssertionError("the stream has ended")


def is_over(client_order_id: str) -> Callable[[OrderReport], bool]:
    """The end of an order, with all its trades."""
    return lambda report: (
        report.client_order_id == client_order_id and report.is_terminal and report.fills_complete
    )


def _adapter(simulation: Simulation, clock: VirtualClock) -> HyperliquidPerpetual:
    front = simulation.fronts[Venue.HYPERLIQUID]
    return HyperliquidPerpetual(
        MemoryTransport(front),
        MemoryConnector(front, clock),
        CREDENTIALS[Venue.HYPERLIQUID],
        Endpoints("http://127.0.0.1:1"),
        clock,
        timeout_s=3,
    )
