"""Signals that keep coming over the executor's socket, moving prices and failing venues."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from exchanges.instrument import Venue
from exchanges.simulator.faults import Fault, FaultKind
from exchanges.simulator.market import Quote
from tasks.errors import ExecutorGone
from tasks.executor_client import ExecutorClient
from tasks.outcome import Outcome
from tasks.signal import Signal
from tests.tasks.desks import PLACE
from tests.tasks.executors import Served

SPOT_PRICES = (60_000_000, 60_600_000, 61_200_000)
FUNDING_RATE = Decimal("0.0001")
AT_ONCE = 6
"""Signals that may wait for their answer at the same time."""
STILL_GOOD_MS = 60_000
"""A signal that is repeated after a restart is not refused for its age: only its first decision
keeps it from trading again."""
FAULTS: tuple[tuple[FaultKind, int, dict[str, Any]], ...] = (
    (FaultKind.REJECT, 1, {}),
    (FaultKind.REJECT, 2, {}),
    (FaultKind.REJECT, 4, {}),
    (FaultKind.PARTIAL, 1, {"fraction": "0.37"}),
    (FaultKind.LOSE_REPLY, 1, {}),
    (FaultKind.LOSE_REQUEST, 1, {}),
    (FaultKind.HTTP_500, 1, {}),
    (FaultKind.DELAY, 1, {"ms": 200}),
    (FaultKind.INSUFFICIENT, 1, {}),
)


@dataclass(slots=True)
class Traffic:
    """What research, markets and venues do while executors die."""

    served: Served
    client: ExecutorClient
    random: Random
    sent: dict[str, Signal] = field(default_factory=dict)
    answers: dict[str, Outcome] = field(default_factory=dict)
    """What was told before; it must stay so."""
    unanswered: int = 0
    faults: int = 0
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)
    _waiting: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._flowing.wait()
            self._turn()
            await asyncio.sleep(self.random.uniform(0.01, 0.1))

    def flow(self) -> None:
        self._flowing.set()

    async def rest(self) -> None:
        """No new signals, no faults; every signal that was sent is answered or lost."""
        self._flowing.clear()
        self.served.simulation.faults.clear()
        while self._waiting:
            await asyncio.wait(self._waiting)

    async def until_answered(self, more: int, within_s: float) -> None:
        """Until so many more signals are, or it takes too long."""
        enough = len(self.answers) + more
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while len(self.answers) < enough:  # noqa: ASYNC110 - another process makes it so
                    await asyncio.sleep(0.01)

    def _turn(self) -> None:
        chance = self.random.random()
        if chance < 0.25:
            self._fail_a_venue()
        elif chance < 0.45:
            self._move_the_price()
        elif chance > 0.99:
            self._settle_funding()
        if len(self._waiting) >= AT_ONCE:
            return
        if chance < 0.08 and self.sent:
            self._send(self.random.choice(list(self.sent.values())[-20:]))
        elif chance < 0.3:
            self._send(self._signed(action="EXIT"))
        else:
            quantity = Decimal(self.random.randint(2, 10)).scaleb(-3)
            self._send(self._signed(action="ENTER", quantity=str(quantity)))

    def _signed(self, **fields: Any) -> Signal:
        return self.served.signal(ttl_ms=STILL_GOOD_MS, **fields)

    def _send(self, signal: Signal) -> None:
        self.sent[signal.id] = signal
        task = asyncio.create_task(self._submit(signal))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _submit(self, signal: Signal) -> None:
        try:
            answer = await self.client.submit(signal.model_dump(mode="json"), door="fast")
        except ExecutorGone:
            self.unanswered += 1
        else:
            self.answers.setdefault(signal.id, answer.settled)

    def _move_the_price(self) -> None:
        price = Decimal(self.random.choice(SPOT_PRICES))
        quote = Quote(price, price + 1_000, Decimal("0.5"))
        self.served.simulation.market.set_quote(Venue.UPBIT, "KRW-BTC", quote)

    def _settle_funding(self) -> None:
        venue = self.served.settings.perpetual_venue
        self.served.simulation.perpetuals[venue].settle_funding(FUNDING_RATE)

    def _fail_a_venue(self) -> None:
        """At most a few failures are waiting, or the circuits would be open all the time."""
        faults = self.served.simulation.faults
        if len(faults.pending()) >= 2:
            return
        venue = self.random.choice((Venue.UPBIT, self.served.settings.perpetual_venue))
        kind, times, args = self.random.choice(FAULTS)
        faults.add(Fault(venue, PLACE[venue], kind, times, args))
        self.faults += 1
