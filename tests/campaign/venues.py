"""Both venues of a schedule, their clock, the wires to them, and hands that reach into accounts.

Everything is in this process. On virtual time and over memory a schedule of many seconds takes
milliseconds; over real sockets it takes its time. The desk's times are shortened in proportion, so
that its timers still come in the same order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from decimal import Decimal
from functools import cache
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from exchanges.clock import Clock, SystemClock
from exchanges.endpoints import Endpoints
from exchanges.errors import ExchangeError
from exchanges.exchange import Exchange
from exchanges.factory import create_exchange
from exchanges.http_transport import HttpTransport
from exchanges.http_web_socket import HttpConnector
from exchanges.instrument import Venue
from exchanges.memory_transport import MemoryTransport
from exchanges.memory_web_socket import MemoryConnector
from exchanges.order import Order, OrderType, TimeInForce
from exchanges.side import Side
from exchanges.simulator.market import Quote
from exchanges.simulator.server import Address, Addresses, serve
from exchanges.simulator.simulation import Simulation
from exchanges.transport import Request, Transport
from exchanges.venue_addresses import endpoints_of
from exchanges.virtual_time import VirtualClock, VirtualTimeLoop
from exchanges.web_socket import Connector
from tasks.paper_desk import ACCOUNTS, open_accounts
from tasks.settings import Settings
from tasks.venue_connections import Wire
from tasks.venue_settings import PerpetualVenue
from tests.campaign.mortal import (
    MortalConnector,
    MortalTransport,
    Process,
    owned_task,
)
from tests.campaign.tally import Tally
from tests.exchanges.simulator.still_market import START, still_path
from tests.tasks.desks import KRW, PLACE, USDT, Bench

T = TypeVar("T")

COIN = Decimal("0.1")
"""BTC on the spot account before anything was traded: for pairs that begin by selling it."""
DEEP = Decimal(5)
NATIVE = {Venue.UPBIT: "KRW-BTC", Venue.BINANCE: "BTCUSDT", Venue.HYPERLIQUID: "BTC"}
SPREAD = {Venue.UPBIT: Decimal(1_000), Venue.BINANCE: Decimal(1), Venue.HYPERLIQUID: Decimal(1)}
SHORTENED: Mapping[str, Any] = {
    "recovery_delays_s": (0.2, 0.4, 0.8),
    "settle_timeout_s": 3.0,
    "unknown_grace_s": 1.0,
    "request_timeout_ms": 1_000,
    "circuit_reset_s": 2.0,
    "book_poll_ms": 1_000,
    "max_book_age_ms": 3_000,
    "max_book_skew_ms": 2_900,
    "balance_poll_s": 15.0,
    "switch_poll_ms": 1_000,
}
"""About a third of a desk's usual times; what is only read, seldom, because reading costs most."""


class Venues:
    """Upbit and both perpetual venues, one of which the desk trades on."""

    def __init__(
        self, perpetual: PerpetualVenue, folder: Path, tally: Tally, *, sockets: bool = False
    ) -> None:
        self.tally = tally
        self.loop: asyncio.AbstractEventLoop
        self.clock: Clock
        if sockets:
            self.loop, self.clock = asyncio.new_event_loop(), SystemClock()
        else:
            self.loop = virtual = VirtualTimeLoop()
            self.clock = VirtualClock(virtual, START)
        self._began = self.clock.now(), self.loop.time()
        self.loop.set_task_factory(owned_task)
        self.loop.set_exception_handler(lambda loop, context: None)
        simulation = Simulation(still_path(krw_per_usd="1150"), self.clock, chance=Random(1))
        simulation.market.set_speed(0)
        open_accounts(simulation, krw=KRW, dollars=USDT)
        self._servers = AsyncExitStack()
        self._urls: Mapping[Venue, str] = {}
        if sockets:
            self._urls = self.run(self._serve(simulation))
        changed = {f"{venue}_url": url for venue, url in self._urls.items()}
        settings = _settings().model_copy(
            update={"home": folder, "perpetual_venue": perpetual, **changed}
        )
        self.bench = Bench(simulation, settings, self.clock)
        self.bench.upbit().ledger.credit("BTC", COIN)
        self.prices: list[tuple[float, Venue, Quote]] = []
        """Every quote that was set, with its time."""
        self._hands: dict[Venue, Exchange] = {}
        self._hand_orders = count(1)
        self._payments = 0
        """Of funding, made by the venue so far."""
        self.quote(Venue.UPBIT, Decimal(60_000_000), DEEP)
        for venue in (Venue.BINANCE, Venue.HYPERLIQUID):
            self.quote(venue, Decimal(50_000), DEEP)

    @property
    def perpetual(self) -> Venue:
        return self.bench.perpetual

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Drive the world until ``work`` is done."""
        return self.loop.run_until_complete(work)

    def seconds(self, moment: datetime) -> float:
        """A time of the journal on the clock of the world's loop."""
        return (moment - self._began[0]).total_seconds() + self._began[1]

    async def leave(self) -> None:
        """Close every connection and server made here."""
        for hand in self._hands.values():
            await hand.aclose()
        await self._servers.aclose()

    def wire(self, venue: Venue, process: Process) -> Wire:
        front = self.bench.simulation.fronts[venue]
        transport: Transport = MemoryTransport(front)
        connector: Connector = MemoryConnector(front, self.clock)
        if self._urls:
            transport = HttpTransport(endpoints_of(venue, self._urls[venue]))
            connector = HttpConnector()
        return (
            MortalTransport(transport, process, _places),
            MortalConnector(connector, process, _is_served),
        )

    async def _serve(self, simulation: Simulation) -> Mapping[Venue, str]:
        free = Address("127.0.0.1", 0)
        urls = await serve(simulation, Addresses(free, free, free, free), self._servers)
        return {venue: getattr(urls, venue.value) for venue in NATIVE}

    # ---- the venues

    def quote(self, venue: Venue, bid: Decimal, size: Decimal) -> None:
        held = Quote(bid, bid + SPREAD[venue], size)
        self.bench.simulation.market.set_quote(venue, NATIVE[venue], held)
        self.prices.append((self.loop.time(), venue, held))

    def quoted(self, venue: Venue) -> Quote:
        return self.bench.simulation.market.quote(venue, NATIVE[venue])

    def settle_funding(self, rate: Decimal) -> None:
        self._payments += self.bench.position() != 0
        self.tally.worlds["funding"] += 1
        self.bench.simulation.perpetuals[self.perpetual].settle_funding(rate)

    async def trade_by_hand(self, venue: Venue, side: Side, quantity: Decimal) -> None:
        """Somebody trades on the desk's account, past the desk."""
        quote = self.quoted(venue)
        away = Decimal("1.01") if side is Side.BUY else Decimal("0.99")
        price = (quote.bid * away) // SPREAD[venue] * SPREAD[venue]
        order = Order(
            f"hand-{next(self._hand_orders)}",
            "BTC",
            side,
            OrderType.LIMIT,
            quantity,
            price,
            TimeInForce.IOC,
        )
        self.tally.worlds[f"{side} by hand at {venue}"] += 1
        with suppress(ExchangeError):
            await (await self._hand(venue)).submit(order)

    def pay(self, krw: Decimal) -> None:
        """Somebody pays KRW in, or out when negative; the venue's lists show it."""
        self.tally.worlds["deposit" if krw > 0 else "withdrawal"] += 1
        key = ACCOUNTS[Venue.UPBIT].access_key
        self.bench.simulation.upbit.transfer(key, "KRW", krw)

    def close_by_force(self, lots: int, reason: str) -> None:
        """The venue takes so much of the position away, at most all of it."""
        position = abs(self.bench.position())
        quantity = min(position, lots * Decimal("0.001"))
        if quantity:
            self.tally.worlds[reason] += 1
            engine, account = self.bench.simulation.perpetuals[self.perpetual], self.perpetual
            key = ACCOUNTS[account].access_key
            engine.force_close(key, NATIVE[self.perpetual], quantity, reason)

    async def _hand(self, venue: Venue) -> Exchange:
        if venue not in self._hands:
            front = self.bench.simulation.fronts[venue]
            hand = create_exchange(
                venue,
                credentials=ACCOUNTS[venue],
                endpoints=Endpoints("http://127.0.0.1:1"),
                clock=self.clock,
                transport=MemoryTransport(front),
                connector=MemoryConnector(front, self.clock),
            )
            await hand.rules("BTC")
            self._hands[venue] = hand
        return self._hands[venue]


def _places(request: Request) -> bool:
    """Orders and cancels, at any venue."""
    place = f"{request.method} {request.path}"
    return place in PLACE.values() or request.method == "DELETE"


def _is_served(url: str) -> bool:
    """Streams of orders; books are read, which costs less."""
    return "/public/" not in url and not url.endswith("/websocket/v1")


@cache
def _settings() -> Settings:
    return Settings(**SHORTENED)
