"""One venue's run: orders each second, streams that break each five, and the reckoning."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import aclosing

from exchanges.adapter_names import AdapterName
from exchanges.clock import Clock
from exchanges.errors import (
    ExchangeError,
    OrderNotFound,
    OutcomeUnknown,
    RateLimited,
)
from exchanges.instrument import Venue
from exchanges.order import Order
from exchanges.simulator.faults import Fault, FaultKind
from tests.exchanges.simulated_desk import PLACE
from tests.soak.audit import audit, patiently
from tests.soak.market_moves import MarketMoves
from tests.soak.order_plan import Kind, OrderPlan
from tests.soak.outcome import Outcome
from tests.soak.watch import BookWatch, OrderWatch
from tests.soak.wired import Wired, wired

CUT_EVERY_S = 5
SETTLE_S = 60.0
"""All must be told so long after the last order."""

DOUBT_S = 15.0
"""Longer than any adapter leaves a quiet order unread."""

_ORDER_EVENTS = {
    Venue.UPBIT: ("myOrder",),
    Venue.BINANCE: ("ORDER_TRADE_UPDATE",),
    Venue.HYPERLIQUID: ("orderUpdates", "userFills"),
}
_BOOK_EVENTS = {
    Venue.UPBIT: ("orderbook",),
    Venue.BINANCE: ("btcusdt@depth", "btcusdt@bookTicker"),
    Venue.HYPERLIQUID: ("l2Book",),
}
_LETS_THROUGH = (FaultKind.DROP_EVENT, FaultKind.DUPLICATE_EVENT)


async def soak(
    venue: Venue,
    clock: Clock,
    *,
    seconds: int,
    seed: int,
    over_sockets: bool,
    move_every_s: float = 0.25,
    adapter: AdapterName = "direct",
    progress: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Run for ``seconds``, settle, and compare with REST. ``progress`` hears of each minute."""
    chance = random.Random(f"{venue} {seed}")
    async with wired(venue, clock, chance, over_sockets=over_sockets, adapter=adapter) as wires:
        return await _Soak(wires, chance, seed, move_every_s).run(seconds, progress)


class _Soak:
    def __init__(self, wires: Wired, chance: random.Random, seed: int, move_every_s: float) -> None:
        self._wires = wires
        self._clock = wires.clock
        self._chance = chance
        self._move_every_s = move_every_s
        self._outcome = Outcome(wires.venue, seed)
        self._moves = MarketMoves(wires.venue, wires.simulation.market, wires.clock, chance)
        self._plan = OrderPlan(wires.venue, self._moves, chance, f"soak-{seed}")
        self._orders = OrderWatch(wires.clock)
        self._books = BookWatch(wires.venue, self._moves, wires.clock)
        self._sent: dict[str, bool] = {}
        self._in_doubt: set[str] = set()
        self._to_cancel: list[tuple[float, Order]] = []

    async def run(self, seconds: int, progress: Callable[[str], None]) -> Outcome:
        since, began = self._clock.now(), self._clock.monotonic()
        async with asyncio.TaskGroup() as group:
            background = [
                group.create_task(work)
                for work in (self._move(), self._hear_orders(), self._hear_books())
            ]
            second = 0
            while second < seconds:
                self._break_something(second)
                await self._send()
                await self._cancel_due()
                second = max(second + 1, int(self._clock.monotonic() - began) + 1)
                await asyncio.sleep(max(0.0, began + second - self._clock.monotonic()))
                if second % 60 == 0:
                    progress(self._figures().row())
            self._wires.simulation.faults.clear()
            await self._settle()
            background[0].cancel()
            await self._compare_last_book()
            for task in background:
                task.cancel()
        outcome = self._figures()
        auditor = self._wires.another()
        try:
            await patiently(lambda: auditor.rules("BTC"))
            outcome.wrong += await audit(auditor, self._sent, self._orders.last, since)
        finally:
            await auditor.aclose()
        return outcome

    # ---- in the background

    async def _move(self) -> None:
        while True:
            self._moves.move()
            await asyncio.sleep(self._move_every_s)

    async def _hear_orders(self) -> None:
        async with aclosing(self._wires.exchange.stream_orders()) as reports:
            async for report in reports:
                self._orders.take(report)

    async def _hear_books(self) -> None:
        async with aclosing(self._wires.exchange.stream_books(["BTC"])) as books:
            async for book in books:
                self._books.take(book)

    # ---- breaking

    def _break_something(self, second: int) -> None:
        if second % CUT_EVERY_S:
            if self._chance.random() < 0.4:
                kind, times = self._chance.choice(_LETS_THROUGH), self._chance.randint(1, 3)
                events = (*_ORDER_EVENTS[self._wires.venue], *_BOOK_EVENTS[self._wires.venue])
                self._fault(kind, self._chance.choice(events), times)
            return
        self._outcome.cuts += 1
        self._wires.simulation.faults.clear()  # what found no event is not kept for later
        match (second // CUT_EVERY_S) % 3:
            case 0:
                for event in (
                    *_ORDER_EVENTS[self._wires.venue],
                    *_BOOK_EVENTS[self._wires.venue],
                ):
                    self._fault(FaultKind.DROP_STREAM, event)
            case 1:
                self._cut_wires(0)
            case _:
                self._cut_wires(self._chance.randint(100, 900))

    def _cut_wires(self, refuse_ms: int) -> None:
        """Cut all connections, and let nobody listen for a while."""
        if self._wires.endpoints is not None:
            self._fault(FaultKind.REFUSE_CONNECTION, ms=refuse_ms)
        elif self._wires.connector is not None:
            self._wires.connector.cut()
            if refuse_ms:
                self._fault(FaultKind.REFUSE_CONNECTION, times=2)

    def _fault(self, kind: FaultKind, endpoint: str = "*", times: int = 1, **args: object) -> None:
        self._wires.simulation.faults.add(Fault(self._wires.venue, endpoint, kind, times, args))

    # ---- orders

    async def _send(self) -> None:
        planned = self._plan.next()
        order, now = planned.order, self._clock.monotonic()
        place = PLACE[self._wires.venue]
        if planned.kind is Kind.POOR:
            self._fault(FaultKind.INSUFFICIENT, place)
        elif planned.kind is Kind.LOST_REPLY:
            self._fault(FaultKind.LOSE_REPLY, place)
        self._outcome.sent[planned.kind] += 1
        self._sent[order.client_order_id] = False
        try:
            await self._wires.exchange.submit(order)
            self._sent[order.client_order_id] = True
        except OutcomeUnknown:
            self._sent[order.client_order_id] = True
            self._in_doubt.add(order.client_order_id)
        except RateLimited:
            self._outcome.held_back += 1
        except ExchangeError:
            pass  # certainly not at the venue
        if not self._sent[order.client_order_id]:
            return
        if planned.kind in (Kind.CANCELLED, Kind.POST_ONLY):  # the market may have gone away
            self._to_cancel.append((now + self._chance.uniform(0, 12), order))
        elif planned.kind is Kind.PIECES:
            self._moves.meet(order, now + self._chance.uniform(0, 6))
            self._to_cancel.append((now + 60, order))

    async def _cancel_due(self, *, all_of_them: bool = False) -> None:
        now = self._clock.monotonic()
        kept: list[tuple[float, Order]] = []
        for due, order in self._to_cancel:
            if self._orders.is_over(order.client_order_id):
                continue
            if due > now and not all_of_them:
                kept.append((due, order))
                continue
            try:
                await self._wires.exchange.cancel("BTC", order.client_order_id)
            except OrderNotFound:
                continue
            except ExchangeError:
                kept.append((now + 1, order))
        self._to_cancel = kept

    async def _settle(self) -> None:
        """Until all that the venue has is told to its end, within :data:`SETTLE_S`."""
        began = self._clock.monotonic()
        while self._clock.monotonic() - began < SETTLE_S:
            if self._to_cancel:
                await self._cancel_due(all_of_them=True)
            if all(map(self._orders.is_over, self._orders.last)) and self._all_heard(began):
                break
            await asyncio.sleep(0.5)
        self._outcome.settled_after_s = self._clock.monotonic() - began

    def _all_heard(self, since: float) -> bool:
        """An order in doubt may never have come to the venue: it is not waited for as long."""
        unheard = {name for name, may_be in self._sent.items() if may_be} - self._orders.last.keys()
        return not unheard or (
            unheard <= self._in_doubt and self._clock.monotonic() - since >= DOUBT_S
        )

    async def _compare_last_book(self) -> None:
        """The market stands still: what is told must become what is read."""
        read = await patiently(lambda: self._wires.exchange.book("BTC"))
        began = self._clock.monotonic()
        while self._clock.monotonic() - began < SETTLE_S:
            last = self._books.last
            if last and (last.bids[:5], last.asks[:5]) == (read.bids[:5], read.asks[:5]):
                return
            await asyncio.sleep(0.1)
        self._outcome.wrong.append("the last book told is not the one that is read")

    def _figures(self) -> Outcome:
        outcome, front = self._outcome, self._wires.front
        outcome.reports, outcome.books = self._orders.reports, self._books.books
        outcome.lags_s = self._orders.lags_s
        outcome.trades = sum(len(report.fills) for report in self._orders.last.values())
        outcome.longest_book_pause_s = self._books.longest_pause_s
        outcome.requests, outcome.limited = front.requests, front.limited
        outcome.connections, outcome.frames = front.connections, front.frames
        outcome.wrong += self._orders.wrong + self._books.wrong
        self._orders.wrong, self._books.wrong = [], []
        return outcome
