"""Both venues, one desk after another on the same journal, and a hand that reaches into it all.

Everything is in this process. On virtual time and over memory a schedule of many seconds takes
milliseconds; over real sockets it takes its time. The desk's times are shortened in proportion, so
that its timers still come in the same order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager, suppress
from datetime import datetime
from decimal import Decimal
from functools import cache
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

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
from tasks.desk_blocks import RECOVERING
from tasks.desk_operations import IN_DOUBT
from tasks.feeds import FUNDING_POLL_S
from tasks.outcome import Outcome, OutcomeStatus
from tasks.pair_transitions import PairState
from tasks.paper_desk import ACCOUNTS, PaperDesk, open_accounts, paper_desk
from tasks.settings import PerpetualVenue, Settings
from tasks.signal import Signal
from tasks.venue_connections import Wire
from tests.campaign.mortal import (
    MortalConnector,
    MortalTransport,
    Process,
    mortal_journal,
    owned_task,
)
from tests.campaign.tally import Tally
from tests.exchanges.simulator.still_market import START, still_path
from tests.tasks.desks import KRW, PLACE, USDT, Bench
from warehouse.records import RecordType

T = TypeVar("T")

COIN = Decimal("0.1")
"""BTC on the spot account before anything was traded: for pairs that begin by selling it."""
DEEP, CALM_S = Decimal(5), 240.0
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


class Life:
    """One desk from its start to its end or death."""

    def __init__(self) -> None:
        self.process = Process()
        self.stop = asyncio.Event()
        self.ready: asyncio.Future[PaperDesk] = asyncio.get_running_loop().create_future()
        self.root: asyncio.Task[None]

    @property
    def is_over(self) -> bool:
        return self.process.is_dead or self.root.done()

    @property
    def desk(self) -> PaperDesk | None:
        return self.ready.result() if self.ready.done() and not self.is_over else None


class World:
    """Two venues and at most one living desk."""

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
        simulation = Simulation(still_path(krw_per_usd="1150"), self.clock)
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
        self.wrong: list[str] = []
        """What a life did that no desk may do."""
        self.signals: list[Signal] = []
        self.answers: dict[str, list[Outcome]] = {}
        self.prices: list[tuple[float, Venue, Quote]] = []
        """Every quote that was set, with its time."""
        self._life: Life | None = None
        self._answering: set[asyncio.Task[Any]] = set()
        self._hands: dict[Venue, Exchange] = {}
        self._hand_orders = count(1)
        self._signal_numbers = count(1)
        self._payments = 0
        """Of funding, made by the venue so far."""
        self.quote(Venue.UPBIT, Decimal(60_000_000), DEEP)
        for venue in (Venue.BINANCE, Venue.HYPERLIQUID):
            self.quote(venue, Decimal(50_000), DEEP)

    @property
    def perpetual(self) -> Venue:
        return self.bench.perpetual

    @property
    def desk(self) -> PaperDesk | None:
        """The living desk, once it has begun to recover."""
        return None if self._life is None else self._life.desk

    @property
    def holds_a_pair(self) -> bool:
        """Dead or alive: perhaps."""
        return self.desk is None or bool(self.desk.parts.trading.pairs.open_pairs())

    @property
    def has_naked_pairs(self) -> bool:
        pairs = [] if self.desk is None else self.desk.parts.trading.pairs.open_pairs()
        return any(pair.state is PairState.NAKED for pair in pairs)

    @property
    def process(self) -> Process | None:
        return None if self._life is None or self._life.is_over else self._life.process

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Drive the world until ``work`` is done."""
        return self.loop.run_until_complete(work)

    def close(self) -> None:
        """End everything that still runs."""
        self.tally.desk_s += self.loop.time() - self._began[1]

        async def end() -> None:
            await self._leave(self._life)
            for hand in self._hands.values():
                await hand.aclose()
            await self._servers.aclose()
            left = asyncio.all_tasks() - {asyncio.current_task()}
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

        self.run(end())
        self.run(self.loop.shutdown_asyncgens())
        self.loop.close()

    def seconds(self, moment: datetime) -> float:
        """A time of the journal on the clock of the world's loop."""
        return (moment - self._began[0]).total_seconds() + self._began[1]

    # ---- lives

    async def start(self, *, doom: int | None = None, torn: int | None = None) -> None:
        """Let a desk live, after the one before it if that is over; wait until it has recovered,
        or died of ``doom`` effects."""
        if self._life is not None:
            if not self._life.is_over:
                return
            await self._leave(self._life)
        life = self._life = Life()
        self.tally.lives += 1
        if doom is not None:
            life.process.doom(doom, torn)
        life.root = life.process.start(self._live(life))
        for _ in range(600):
            desk = life.desk
            if life.is_over or (desk and RECOVERING not in dict(desk.parts.blocks)):
                break
            await asyncio.sleep(0.1)
        self.look()

    async def stop(self) -> None:
        """An orderly end: the desk finishes what it is at."""
        if self._life is None or self._life.is_over:
            return
        self._life.stop.set()
        await asyncio.wait([self._life.root], timeout=120)
        if not self._life.root.done():
            self.wrong.append("the desk did not end within 120 s of being told to")
        await self._leave(self._life)

    async def crash(self, torn: int | None = None) -> None:
        """SIGKILL, now."""
        if self.process is not None:
            self.process.kill()
            await asyncio.sleep(0)

    def look(self) -> None:
        """Note a death that came by itself."""
        life = self._life
        if life is None or life.process.is_dead or not life.root.done() or life.stop.is_set():
            return
        error = None if life.root.cancelled() else life.root.exception()
        self.wrong.append(f"the desk ended by itself: {error!r}")

    async def _live(self, life: Life) -> None:
        wires = {venue: self._wire(venue, life.process) for venue in NATIVE}
        async with paper_desk(
            self.bench.simulation,
            self.bench.settings,
            self.clock,
            wires=wires,
            open_journal=mortal_journal(life.process),
            recover=False,
        ) as desk:
            life.ready.set_result(desk)
            await desk.parts.run(life.stop)

    def _wire(self, venue: Venue, process: Process) -> Wire:
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

    async def _leave(self, life: Life | None) -> None:
        if life is None:
            return
        if not life.is_over:
            life.stop.set()
            await asyncio.wait([life.root], timeout=60)
        if life.process.is_dead:
            self.tally.crashes += 1
            self.tally.torn += life.process.torn is not None
        else:
            self.look()
            life.process.kill()
        await life.process.gone()
        await asyncio.wait([life.root])
        if not life.root.cancelled():
            life.root.exception()
        self._life = None

    # ---- signals

    async def send(self, patience_s: float, **fields: Any) -> None:
        """A new signal, its answer waited for so long."""
        desk = self.desk
        if desk is None:
            return
        number = next(self._signal_numbers)
        signal = desk.signal(id=f"campaign-{number}", **fields)
        self.signals.append(signal)
        await self.resend(signal, patience_s)

    async def resend(self, signal: Signal, patience_s: float) -> None:
        """A signal once more, as a sender does that heard no answer."""
        desk, life = self.desk, self._life
        if desk is None or life is None:
            return
        task = life.process.start(self._answer(desk, signal))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)
        if patience_s:
            await asyncio.wait([task], timeout=patience_s)

    async def _answer(self, desk: PaperDesk, signal: Signal) -> None:
        outcome = await desk.parts.desk.submit(signal, "fast")
        told = outcome.status.value
        if outcome.status is OutcomeStatus.DENIED:
            told += f" {(outcome.reason or '').partition(':')[0]}"
        self.tally.outcomes[told] += 1
        if "system_error" in (outcome.reason or ""):
            self.wrong.append(f"signal {signal.id} failed inside the desk: {outcome.reason}")
        self.answers.setdefault(signal.id, []).append(outcome)

    async def operate(self, work: Coroutine[Any, Any, Any], patience_s: float = 60.0) -> None:
        """Something that a flow asks of the desk; ``work`` belongs to the living desk."""
        life = self._life
        if life is None or life.is_over:
            work.close()
            return
        task = life.process.start(work)
        await asyncio.wait([task], timeout=patience_s)
        if task.done() and not task.cancelled() and not life.process.is_dead:
            error = task.exception()
            if error is not None:
                self.wrong.append(f"{work} failed: {error!r}")

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

    async def make_profitable(self) -> None:
        """Move the spot price so that the oldest open pair could be left with a profit; wait until
        no book that the desk goes by is older."""
        desk = self.desk
        open_pairs = [] if desk is None else desk.parts.trading.pairs.open_pairs()
        long = not open_pairs or open_pairs[0].direction == "long_premium"
        self.quote(Venue.UPBIT, Decimal(64_000_000 if long else 56_000_000), DEEP)
        self.quote(self.perpetual, Decimal(50_000), DEEP)
        await asyncio.sleep(self.bench.settings.max_book_age_ms / 1000 + 0.1)

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
        """Somebody pays KRW in, or out when negative."""
        self.tally.worlds["deposit" if krw > 0 else "withdrawal"] += 1
        ledger = self.bench.upbit().ledger
        if krw > 0:
            ledger.credit("KRW", krw)
        else:
            ledger.debit("KRW", -krw)

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

    # ---- the end

    async def calm(self) -> None:
        """All faults gone, deep books, no premium either way, a living desk: wait until it has
        nothing left to do."""
        self.bench.simulation.faults.clear()
        self.quote(Venue.UPBIT, Decimal(57_500_000), DEEP)
        self.quote(self.perpetual, Decimal(50_000), DEEP)
        if self.process is not None:
            self.process.spare()
        await self.start()
        await self.rest()
        for _ in range(60):
            if len(self.bench.records(RecordType.FUNDING)) >= self._payments:
                break
            await asyncio.sleep(FUNDING_POLL_S / 2)

    async def agree(self) -> None:
        """Reconcile, again while the desk's own rate limits leave a venue unread."""
        said: list[str] = []
        for _ in range(6):
            said[:] = ["it did not end"]
            desk = self.desk
            if desk is None:
                return
            await self.operate(self._reconcile(desk, said), patience_s=300.0)
            if not said:
                return
            await asyncio.sleep(30)
        self.wrong.append(f"calm venues and the journal do not agree: {said}")

    async def _reconcile(self, desk: PaperDesk, said: list[str]) -> None:
        record = await desk.parts.operations.reconcile()
        said[:] = [str(item) for item in record["differences"] if item["explained"] is None]

    async def rest(self) -> None:
        """Until no decision is under way and no pair is in doubt."""
        give_up = self.loop.time() + CALM_S
        while self.loop.time() < give_up:
            desk = self.desk
            if desk is None:
                break
            pairs = desk.parts.trading.pairs
            if not self._answering and not any(pair.state in IN_DOUBT for pair in pairs):
                return
            await asyncio.sleep(0.5)
        self.look()
        desk = self.desk
        standing = [] if desk is None else [str(p) for p in desk.parts.trading.pairs]
        self.wrong.append(f"after {CALM_S:g} s at calm venues the desk is not at rest: {standing}")


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


@contextmanager
def world(perpetual: PerpetualVenue, tally: Tally, *, sockets: bool = False) -> Iterator[World]:
    """A fresh one whose state goes with it. The only chance in a desk is made repeatable."""
    memory = Path("/dev/shm")
    with (
        TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr("exchanges.streaming.random", SimpleNamespace(Random=lambda: Random(1)))
        made = World(perpetual, Path(folder), tally, sockets=sockets)
        try:
            yield made
        finally:
            made.close()
