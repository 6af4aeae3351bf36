"""The Binance adapter at a simulated venue: real HTTP, real WebSockets, a clock moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Generic, Literal, TypeVar

from exchanges.binance.adapter import BinancePerpetual
from exchanges.credentials import Credentials
from exchanges.http_transport import HttpTransport
from exchanges.http_web_socket import HttpConnector
from exchanges.instrument import Venue
from exchanges.simulator.faults import Fault, FaultKind
from exchanges.simulator.market import Quote
from tests.exchanges.simulated_desk import CREDENTIALS, Desk, open_desk

T = TypeVar("T")

ACCOUNT = CREDENTIALS[Venue.BINANCE]
BOUND_S = 20.0
"""No wait of a test is longer; none should come near it."""


@dataclass(slots=True)
class Listener(Generic[T]):
    """Everything that a stream has brought so far."""

    heard: list[T] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self, stream: AsyncGenerator[T, None]) -> None:
        async with aclosing(stream) as items:
            async for item in items:
                self.heard.append(item)
                self._news.set()

    async def until(self, is_it: Callable[[T], bool]) -> T:
        """The first item of that kind, already heard or to come."""
        seen = 0
        async with asyncio.timeout(BOUND_S):
            while True:
                for item in self.heard[seen:]:
                    if is_it(item):
                        return item
                seen = len(self.heard)
                self._news.clear()
                await self._news.wait()


@dataclass(slots=True)
class Scene:
    """An adapter with its streams, and the venue behind it."""

    desk: Desk
    stack: AsyncExitStack
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def connect(
        self,
        order_entry: Literal["rest", "websocket"] = "rest",
        credentials: Credentials = ACCOUNT,
        timeout_s: float = 3.0,
    ) -> BinancePerpetual:
        exchange = BinancePerpetual(
            HttpTransport(self.desk.endpoints),
            HttpConnector(),
            credentials,
            self.desk.endpoints,
            self.desk.clock,
            timeout_s=timeout_s,
            order_entry=order_entry,
        )
        self.stack.push_async_callback(exchange.aclose)
        return exchange

    def listen(self, stream: AsyncGenerator[T, None]) -> Listener[T]:
        listener: Listener[T] = Listener()
        self.tasks.append(asyncio.create_task(listener.listen(stream)))
        return listener

    def quote(self, bid: str, ask: str, size: str = "0.5") -> None:
        """Move the market, and match what rests."""
        quote = Quote(Decimal(bid), Decimal(ask), Decimal(size))
        self.desk.simulation.market.set_quote(Venue.BINANCE, "BTCUSDT", quote)
        self.desk.simulation.market.tick()

    def fault(self, endpoint: str, kind: FaultKind, times: int = 1, **args: int) -> None:
        self.desk.simulation.faults.add(Fault(Venue.BINANCE, endpoint, kind, times, args))

    def asked(self, method: str, path: str) -> int:
        """How often the venue was asked this."""
        requests = self.desk.simulation.requests.requests()
        return sum((one.method, one.path) == (method, path) for one in requests)

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(BOUND_S):
            while not is_so():  # noqa: ASYNC110 -- the venue is in this process, without events
                await asyncio.sleep(0.01)

    async def until_faults_are_used(self) -> None:
        await self.until(lambda: not self.desk.simulation.faults.pending())


@asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        played = Scene(await open_desk(Venue.BINANCE, stack), stack)
        try:
            yield played
        finally:
            for task in played.tasks:
                task.cancel()
            await asyncio.gather(*played.tasks, return_exceptions=True)
