"""One desk after another on the same journal, at the venues of one schedule."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest
from coincurve import PrivateKey

from exchanges.instrument import Venue
from exchanges.simulator.random_ids import RandomIds
from tasks.desk_blocks import RECOVERING
from tasks.desk_operations import IN_DOUBT
from tasks.feeds import FUNDING_POLL_S
from tasks.outcome import Outcome, OutcomeStatus
from tasks.pair_transitions import PairState
from tasks.paper_desk import PaperDesk, paper_desk
from tasks.reconciling.reconciliation import LEFT_TO_THE_NEXT_RUN
from tasks.signal import Signal
from tasks.venue_settings import PerpetualVenue
from tests.campaign.mortal import Process, mortal_journal
from tests.campaign.tally import Tally
from tests.campaign.venues import DEEP, NATIVE, Venues
from tests.campaign.witness import Witness
from warehouse.records import RecordType

CALM_S = 240.0


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


class World(Venues):
    """The venues and at most one living desk."""

    def __init__(
        self, perpetual: PerpetualVenue, folder: Path, tally: Tally, *, sockets: bool = False
    ) -> None:
        super().__init__(perpetual, folder, tally, sockets=sockets)
        self.wrong: list[str] = []
        """What a life did that no desk may do."""
        self.witness = Witness(self.bench)
        self.signals: list[Signal] = []
        self.answers: dict[str, list[Outcome]] = {}
        self._life: Life | None = None
        self._answering: set[asyncio.Task[Any]] = set()
        self._signal_numbers = count(1)

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

    def close(self) -> None:
        """End everything that still runs."""
        self.tally.desk_s += self.loop.time() - self._began[1]

        async def end() -> None:
            await self._leave(self._life)
            await self.leave()
            left = asyncio.all_tasks() - {asyncio.current_task()}
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

        self.run(end())
        self.run(self.loop.shutdown_asyncgens())
        self.loop.close()

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
        wires = {venue: self.wire(venue, life.process) for venue in NATIVE}
        async with paper_desk(
            self.bench.simulation,
            self.bench.settings,
            self.clock,
            wires=wires,
            open_journal=mortal_journal(life.process, self.witness.written),
            recover=False,
        ) as desk:
            life.ready.set_result(desk)
            try:
                await desk.parts.run(life.stop)
            finally:
                if desk.parts.unforeseen.count:
                    self.wrong.append("a loop has survived a fault of ours")

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
        for _ in range(60 if self._payments else 0):
            if len(self.bench.records(RecordType.FUNDING)) >= self._payments:
                break
            await asyncio.sleep(FUNDING_POLL_S / 2)

    async def agree(self) -> None:
        """Reconcile, again while the desk's own rate limits leave a venue unread, or cash that was
        seen once only to the next run."""
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
        said[:] = [
            str(item)
            for item in record["differences"]
            if item["explained"] in (None, LEFT_TO_THE_NEXT_RUN)
        ]

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

    async def make_profitable(self) -> None:
        """Move the spot price so that the oldest open pair could be left with a profit; wait until
        no book that the desk goes by is older."""
        desk = self.desk
        open_pairs = [] if desk is None else desk.parts.trading.pairs.open_pairs()
        long = not open_pairs or open_pairs[0].direction == "long_premium"
        self.quote(Venue.UPBIT, Decimal(64_000_000 if long else 56_000_000), DEEP)
        self.quote(self.perpetual, Decimal(50_000), DEEP)
        await asyncio.sleep(self.bench.settings.max_book_age_ms / 1000 + 0.1)


@contextmanager
def world(perpetual: PerpetualVenue, tally: Tally, *, sockets: bool = False) -> Iterator[World]:
    """A fresh one whose state goes with it. What is left to chance in it, and what it would see of
    the machine, is the same each time."""
    memory = Path("/dev/shm")
    with (
        TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr("exchanges.streaming.random", SimpleNamespace(Random=lambda: Random(1)))
        patch.setattr("tasks.reconciling.reconciliation.uuid4", RandomIds(Random(1)).take)
        patch.setattr("tasks.key_store.coincurve.PrivateKey", _private_key)
        patch.setattr("tasks.desk_health.shutil", SimpleNamespace(disk_usage=_disk_usage))
        made = World(perpetual, Path(folder), tally, sockets=sockets)
        try:
            yield made
        finally:
            made.close()


def _private_key(secret: bytes = b"\x01" * 32) -> PrivateKey:
    return PrivateKey(secret)


def _disk_usage(folder: Path) -> SimpleNamespace:
    return SimpleNamespace(free=10**12)
