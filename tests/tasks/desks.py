"""The real desk on two simulated venues in memory, on virtual time: seconds cost nothing.

A scenario is an async function that gets a :class:`Bench`. Markets stand still
until it moves them: 60 M KRW against 50,000 USDT at 1,150 KRW, so the premium
is about 4.3 %.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from exchanges.clock import Clock
from exchanges.hyperliquid.client_order_ids import client_order_id_of
from exchanges.instrument import Venue
from exchanges.simulator.faults import Fault, FaultKind
from exchanges.simulator.market import Quote
from exchanges.simulator.simulation import Simulation
from exchanges.virtual_time import VirtualClock, VirtualTimeLoop, run_virtually
from tasks.outcome import Outcome
from tasks.pair import Pair
from tasks.paper_desk import PaperDesk, open_accounts, paper_desk
from tasks.settings import Settings
from tests.exchanges.simulator.still_market import START, still_path
from tests.tasks.cash_flows import Accounts
from warehouse import Record, read
from warehouse.records import RecordType

T = TypeVar("T")

KRW, USDT = Decimal(100_000_000), Decimal(100_000)
PLACE = {
    Venue.UPBIT: "POST /v1/orders",
    Venue.BINANCE: "POST /fapi/v1/order",
    Venue.HYPERLIQUID: "POST /exchange",
}
LOT = Decimal("0.001")


@dataclass(slots=True)
class Bench:
    """Both venues and a clock; starts as many desks, one after the other, as a scenario wants."""

    simulation: Simulation
    settings: Settings
    clock: Clock

    # ---- the desk

    @asynccontextmanager
    async def still_desk(self) -> AsyncIterator[PaperDesk]:
        """A recovered desk whose loops do not run."""
        async with paper_desk(self.simulation, self.settings, self.clock) as desk:
            yield desk

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[PaperDesk]:
        """A desk with all its loops, as the executor runs it."""
        async with self.still_desk() as desk:
            stop = asyncio.Event()
            running = asyncio.create_task(desk.parts.run(stop))
            await asyncio.sleep(1.0)
            try:
                yield desk
            finally:
                stop.set()
                await running
        assert desk.parts.unforeseen.count == 0  # a loop that survives a fault of ours hides it
        assert_no_id_was_sent_twice(self)

    # ---- the venues

    def fault(
        self, venue: Venue, kind: str, *, times: int = 1, endpoint: str | None = None, **args: Any
    ) -> None:
        """Set a fault on the venue's order endpoint (or on ``endpoint``)."""
        self.simulation.faults.add(
            Fault(venue, endpoint or PLACE[venue], FaultKind(kind), times, args)
        )

    def leave_naked(self) -> None:
        """The next entry buys its coin and nothing else, and cannot sell it again; then all faults
        are used up."""
        self.fault(Venue.BINANCE, "reject", times=4)
        # The first order buys; every later one of the leg is refused.
        self.fault(Venue.UPBIT, "delay", ms=1)
        self.fault(Venue.UPBIT, "reject", times=4)

    def spot_at(self, price: int, size: str = "0.5") -> None:
        """Hold KRW-BTC at ``price``, the ask 1,000 KRW (a tick) above."""
        quote = Quote(Decimal(price), Decimal(price + 1_000), Decimal(size))
        self.simulation.market.set_quote(Venue.UPBIT, "KRW-BTC", quote)

    @property
    def perpetual(self) -> Venue:
        """The venue of the perpetual leg."""
        return self.settings.perpetual_venue

    def perpetual_at(self, price: int, size: str = "2") -> None:
        """Hold the perpetual at ``price``, the ask 1 dollar above, at both venues."""
        quote = Quote(Decimal(price), Decimal(price + 1), Decimal(size))
        self.simulation.market.set_quote(Venue.BINANCE, "BTCUSDT", quote)
        self.simulation.market.set_quote(Venue.HYPERLIQUID, "BTC", quote)

    def account(self, venue: Venue) -> Mapping[str, Any]:
        state = self.simulation.engines[venue].state()["accounts"]
        [account] = state.values()
        assert isinstance(account, Mapping)
        return account

    def coin(self) -> Decimal:
        """BTC on the spot account."""
        return Decimal(self.upbit().ledger.total("BTC"))

    def coin_vanishes(self, quantity: str) -> None:
        """Take coin off the spot account with no trade behind it."""
        self.upbit().ledger.debit("BTC", Decimal(quantity))

    def krw(self) -> Decimal:
        return Decimal(self.upbit().ledger.total("KRW"))

    def dollars(self) -> Decimal:
        """Wallet balance of the perpetual account: realised, without open positions."""
        if self.perpetual is Venue.HYPERLIQUID:
            return Decimal(self._hyperliquid().cash)
        return Decimal(self._binance().usdt)

    def position(self) -> Decimal:
        """Signed BTC position."""
        return sum((quantity for quantity, _ in self.positions()), Decimal(0))

    def positions(self) -> list[tuple[Decimal, Decimal]]:
        """Signed quantity and cost of every open position."""
        if self.perpetual is Venue.HYPERLIQUID:
            return [(held.size, held.cost) for _, held in self._hyperliquid().held()]
        return [(held.quantity, held.cost) for _, _, held in self._binance().held()]

    def orders_placed(self) -> list[str]:
        """Client ids of every order that reached a venue, lost requests included, in order."""
        return [
            client_order_id_of(seen.client_order_id or "")
            for seen in self.simulation.requests.requests()
            if f"{seen.method} {seen.path}" == PLACE[seen.venue]
            and (seen.venue is not Venue.HYPERLIQUID or seen.client_order_id)
        ]

    def records(self, record_type: RecordType | None = None) -> list[Record]:
        """What stands in the journal."""
        return [
            record
            for record in read(self.settings.journal_dir)
            if record_type is None or record.type == record_type
        ]

    def alerts(self, level: str) -> list[str]:
        return [
            record.body["message"]
            for record in self.records(RecordType.ALERT)
            if record.body["level"] == level
        ]

    def upbit(self) -> Any:
        return self.simulation.upbit.account("paper-upbit")

    def _binance(self) -> Any:
        return self.simulation.binance.account("paper-binance")

    def _hyperliquid(self) -> Any:
        [address] = self.simulation.hyperliquid.state()["accounts"]
        return self.simulation.hyperliquid.account(address)


def run(
    folder: Path,
    scenario: Callable[[Bench], Awaitable[T]],
    *,
    coin: str = "0",
    **settings: Any,
) -> T:
    """Run ``scenario`` to its end on a fresh bench with its state in ``folder``."""
    loop = VirtualTimeLoop()
    clock = VirtualClock(loop, START)

    async def main() -> T:
        simulation = Simulation(still_path(krw_per_usd="1150"), clock)
        open_accounts(simulation, krw=KRW, dollars=USDT)
        bench = Bench(simulation, Settings(home=folder, **settings), clock)
        bench.spot_at(60_000_000)
        bench.perpetual_at(50_000)
        if coin != "0":
            bench.upbit().ledger.credit("BTC", Decimal(coin))
        return await scenario(bench)

    return run_virtually(main(), loop)


async def until(holds: Callable[[], bool], at_most_s: float = 60.0) -> None:
    """Wait, in the scenario's time, until something holds."""
    async with asyncio.timeout(at_most_s):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def entered(desk: PaperDesk, quantity: str = "0.010", **fields: Any) -> Outcome:
    return await desk.submit(action="ENTER", quantity=quantity, **fields)


def pair_of(desk: PaperDesk, outcome: Outcome) -> Pair:
    assert outcome.pair_id is not None
    return desk.parts.trading.pairs[outcome.pair_id]


def assert_no_id_was_sent_twice(bench: Bench) -> None:
    repeated = [name for name, times in Counter(bench.orders_placed()).items() if times > 1]
    assert repeated == []


def assert_legs_match(desk: PaperDesk) -> None:
    """No pair's legs differ by a lot or more."""
    for pair in desk.parts.trading.pairs:
        assert pair.unhedged < LOT, pair


def assert_cash_is_conserved(
    bench: Bench, desk: PaperDesk, funding: Decimal = Decimal(0), coin: str = "0"
) -> None:
    """The venues' balances are what they began with plus the cash flows of all pairs, exactly."""
    began = Accounts(KRW, Decimal(coin), Decimal(0), USDT + funding)
    cost = sum((cost for _, cost in bench.positions()), Decimal(0))
    now = Accounts(bench.krw(), bench.coin(), bench.position(), bench.dollars() - cost)
    assert now == began.after(desk.parts.trading.pairs)


async def assert_agreed(desk: PaperDesk) -> None:
    record = await desk.parts.operations.reconcile()
    assert record["differences"] == []
    assert record["agreed"]
