"""A desk put together, and its life from start-up to its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from tasks.alerting.alert_book import AlertBook
from tasks.clock_watch import ClockWatch
from tasks.desk import Desk
from tasks.desk_blocks import RECOVERING, STOPPING, DeskBlocks
from tasks.desk_health import DeskHealth
from tasks.desk_operations import IN_DOUBT, UNFINISHED, DeskOperations
from tasks.desk_view import DeskView
from tasks.error_count import ErrorCount
from tasks.exposure_meter import ExposureMeter
from tasks.feeds import Feeds
from tasks.hand_over import HandOver
from tasks.interrupted import outcome_of_interrupted
from tasks.journal_writer import JournalWriter
from tasks.killing import Killing
from tasks.late_fills import LateFills
from tasks.loss_warning import LossWarning
from tasks.margin_watch import MarginWatch
from tasks.market_watch import MarketWatch
from tasks.pair_transitions import PairState
from tasks.position_watch import PositionWatch
from tasks.reconciling.account_books import AccountBooks
from tasks.resting_orders import cancel_resting
from tasks.restoring import Memory, restore, take_in
from tasks.stop_control import StopControl
from tasks.switch_guard import SwitchGuard
from tasks.trading import Trading
from tasks.unforeseen import Unforeseen
from tasks.unguarded import Unguarded
from tasks.venue_outage import VenueOutages
from tasks.venue_streams import VenueStreams
from warehouse import LeaseLost, Record
from warehouse.records import RecordType, SignalDecided

log = logging.getLogger(__name__)

GUARDIAN_S = 2.0
"""How often pairs in doubt are asked about."""
FINISH_S = 30.0
"""How long a stop waits for decisions under way."""
CANCEL_S = 5.0
"""How long it waits for venues that do not say what rests."""


@dataclass(frozen=True, slots=True)
class AssembledDesk:
    """A desk ready to restore and run."""

    desk: Desk
    operations: DeskOperations
    view: DeskView
    feeds: Feeds
    streams: VenueStreams
    stopping: StopControl
    memory: Memory
    blocks: DeskBlocks
    write: JournalWriter
    trading: Trading
    markets: MarketWatch
    outages: VenueOutages
    late_fills: LateFills
    exposures: ExposureMeter
    books: AccountBooks
    positions: PositionWatch
    margins: MarginWatch
    clocks: ClockWatch
    health: DeskHealth
    errors: ErrorCount
    killing: Killing
    hand_over: HandOver
    unguarded: Unguarded
    alerts: AlertBook
    loss_warning: LossWarning
    unforeseen: Unforeseen

    @property
    def guard(self) -> SwitchGuard:
        return self.stopping.guard

    def restore(self, records: Iterable[Record]) -> None:
        """Remember what the journal knows, up to its end. Call once, before :meth:`run`."""
        count = restore(self.memory, self._noted(self.exposures.restoring(records)))
        self.stopping.board.recall()
        open_pairs = self.trading.pairs.open_pairs()
        log.info("read %d records: %d pairs are open", count, len(open_pairs))

    def read_ahead(self, records: Iterable[Record]) -> Record | None:
        """Remember records of a journal that another executor still writes; the last of them.
        :meth:`restore` with the rest follows."""
        last: Record | None = None

        def noting_the_last() -> Iterator[Record]:
            nonlocal last
            for record in records:
                last = record
                yield record

        take_in(self.memory, self._noted(self.exposures.noting(noting_the_last())))
        return last

    def _noted(self, records: Iterable[Record]) -> Iterator[Record]:
        """The records, taken in by all that keeps books of its own."""
        return self.books.restoring(self.errors.restoring(self.unguarded.restoring(records)))

    async def run(
        self, stop: asyncio.Event, close_doors: Callable[[], Awaitable[None]] | None = None
    ) -> list[str]:
        """Recover, then trade until ``stop`` or until a living heir asks, then finish what is under
        way, close the doors and cancel what rests; positions are kept.

        Returns the client order ids of what was cancelled. A failure of the start, and what no loop
        survives (see :mod:`tasks.unforeseen`), ends the desk with entries stopped in Prefect.
        """
        try:
            return await self._run(stop, close_doors)
        except BaseExceptionGroup as error:
            if error.subgroup(LeaseLost) is None:  # else the switches are another executor's
                await self.stopping.failed(error)
            raise

    async def _run(
        self, stop: asyncio.Event, close_doors: Callable[[], Awaitable[None]] | None
    ) -> list[str]:
        async with asyncio.TaskGroup() as group:
            kept_up = self.unforeseen.kept_up
            background = [group.create_task(kept_up("the switches", self.stopping.run))]
            await self.recover()
            loops = {
                "the answer to a resume": self.stopping.resuming.run,
                "reading the venues": self.feeds.run,
                "the streams": self.streams.run,
                "looking after pairs": self._guardian,
                "the market watch": self.markets.run,
                "the venues' health checks": self.outages.run,
                "the watch for late fills": self.late_fills.run,
                "the position watch": self.positions.run,
                "the margin watch": self.margins.run,
                "the clock watch": self.clocks.run,
                "the health record": self.health.run,
            }
            background += [group.create_task(kept_up(*loop)) for loop in loops.items()]
            await self._until_the_end(stop)
            if close_doors is not None:
                await close_doors()
                await self.desk.finish(FINISH_S)  # what came in until then
            cancelled = await self._cancel_resting()
            for task in background:
                task.cancel()
        return cancelled

    async def _cancel_resting(self) -> list[str]:
        venues, symbols = self.trading.venues.values(), self.trading.settings.symbols
        try:
            async with asyncio.timeout(CANCEL_S):
                return (await cancel_resting(venues, symbols)).orders
        except TimeoutError:
            log.error("not all resting orders could be asked for within %g s", CANCEL_S)
            return []

    async def _until_the_end(self, stop: asyncio.Event) -> None:
        """Return when this executor is to end and nothing is under way. While an heir is waited
        for, pairs are guarded; should it die, all goes on as before."""
        while True:
            waiting = [asyncio.create_task(it.wait()) for it in (stop, self.hand_over)]
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in waiting:
                    task.cancel()
            self.blocks.set(STOPPING)
            log.info("stopping: decisions under way are finished, positions are kept")
            await self.desk.finish(FINISH_S)
            if stop.is_set() or self.hand_over.heir_lives:
                return
            log.warning("process %s was to take over and is gone", self.hand_over.heir)
            self.hand_over.withdraw()
            self.blocks.clear(STOPPING)

    async def recover(self) -> None:
        """Start-up is recovery: read the world, finish what was open, compare, accept entries."""
        await self.feeds.read_all()
        await self.markets.read_all()
        for pair in self.trading.pairs.open_pairs():
            await self._take_further(pair.pair_id, UNFINISHED)
        self._answer_interrupted()
        record = await self.operations.reconcile()
        for pair in self.trading.pairs.open_pairs():
            await self._take_further(pair.pair_id, IN_DOUBT)  # what that has taken over
        self.blocks.clear(RECOVERING)
        log.info("%s", self.unguarded.sentence())
        log.info("recovered: journal and venues %s", "agree" if record["agreed"] else "DISAGREE")

    def _answer_interrupted(self) -> None:
        """Signals that were received and not answered when the last run ended."""
        for signal in list(self.memory.undecided_signals.values()):
            outcome = outcome_of_interrupted(signal, self.trading.pairs)
            self.write(
                RecordType.SIGNAL_DECIDED,
                SignalDecided(outcome=outcome.to_json(), binding=True),
            )
            self.memory.decisions.decide(outcome)
        self.memory.undecided_signals.clear()

    async def _guardian(self) -> None:
        """Keep asking about pairs whose orders are in doubt, and hold the day's loss to its limit,
        whoever else is silent."""
        while True:
            await asyncio.sleep(GUARDIAN_S)
            for pair in self.trading.pairs.open_pairs():
                if pair.state in IN_DOUBT and self.trading.is_time_to_ask(pair.pair_id):
                    await self._take_further(pair.pair_id, IN_DOUBT)
            self.stopping.automatic.enforce_loss_limit()
            self.loss_warning.look()

    async def _take_further(self, pair_id: str, states: Collection[PairState]) -> None:
        """One pair's trouble must not keep the others from being looked after."""
        with self.unforeseen.survived(f"taking {pair_id} further"):
            for report in await self.operations.recover(pair_id, states):
                if report["steps"]:
                    log.warning("%s: %s: %s", pair_id, report["state"], report["steps"])
