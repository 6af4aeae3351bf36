"""Puts a desk together out of its parts, and runs it from start-up to its end.

The same assembly serves the executor (HTTP, the machine's clock), backtests
and fault campaigns (simulated venues in memory, virtual time).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from exchanges.clock import Clock
from exchanges.exchange import Exchange
from tasks.alert import Alert, AlertLevel
from tasks.circuit_breaker import CircuitBreaker
from tasks.circuit_memory import journalling
from tasks.client_order_id import pair_id_for
from tasks.coin_evidence import CoinEvidence
from tasks.day_results import DayResults
from tasks.decisions import Decisions
from tasks.desk import Desk, OnDecided
from tasks.desk_blocks import JOURNAL, RECOVERING, STOPPING, DeskBlocks
from tasks.desk_facts import DeskFacts
from tasks.desk_operations import IN_DOUBT, UNFINISHED, DeskOperations
from tasks.desk_view import DeskView
from tasks.doubts import Doubts
from tasks.exit_judge import ExitJudge
from tasks.exposure_meter import ExposureMeter
from tasks.feeds import Feeds
from tasks.forced_close_floor import ForcedCloseFloor
from tasks.funding_ledger import FundingLedger
from tasks.fx_source import FxSource
from tasks.key_store import KeyStore
from tasks.kill_switch import KillSwitch
from tasks.late_fills import LateFills
from tasks.leg_execution import LegExecution
from tasks.leg_venue import LegVenue
from tasks.margin_reserve import MarginReserve
from tasks.margin_watch import MarginWatch
from tasks.market_watch import MarketWatch
from tasks.metrics import Metrics
from tasks.order_news import OrderNews, told_to
from tasks.order_watch import OrderWatch
from tasks.outcome import Outcome, OutcomeStatus
from tasks.outcome_of_pair import outcome_of_entry
from tasks.pair import LegName
from tasks.pair_book import PairBook
from tasks.pair_transitions import PairState
from tasks.position_watch import PositionWatch
from tasks.rates import Rates
from tasks.reconciling.account_books import AccountBooks
from tasks.reconciling.asking import Asking
from tasks.reconciling.reconciliation import Reconciliation
from tasks.reconciling.unknown_trades import UnknownTrades
from tasks.recovery import Recovery
from tasks.restoring import Memory, restore
from tasks.settings import Settings
from tasks.signal import SignalAction
from tasks.switch_guard import Switches, SwitchGuard
from tasks.trading import Trading
from tasks.venue_outage import VenueOutages
from tasks.venue_streams import VenueStreams
from warehouse import Journal, JournalError, LeaseLost, Record
from warehouse.records import AlertRecord, RecordType, SignalDecided

log = logging.getLogger(__name__)

GUARDIAN_S = 2.0
"""How often pairs in doubt are asked about."""
FINISH_S = 30.0
"""How long a stop waits for decisions under way."""

_LEVELS = {
    AlertLevel.INFO: logging.INFO,
    AlertLevel.WARNING: logging.WARNING,
    AlertLevel.CRITICAL: logging.CRITICAL,
}


class JournalWriter:
    """The journal's ``write`` for the desk: a failure blocks entries until a write succeeds."""

    def __init__(self, journal: Journal, blocks: DeskBlocks) -> None:
        self._journal = journal
        self._blocks = blocks
        self.lease_held = True
        self.listeners: list[Callable[[RecordType, Mapping[str, Any]], None]] = []
        """Hear of each record that was written."""

    def __call__(self, record_type: RecordType, body: Mapping[str, Any]) -> int:
        try:
            seq = self._journal.write(record_type, body)
        except LeaseLost:
            self.lease_held = False
            raise
        except JournalError as error:
            self._blocks.set(JOURNAL, f"the journal cannot be written: {error}")
            raise
        self._blocks.clear(JOURNAL)
        for listener in self.listeners:
            listener(record_type, body)
        return seq

    def check_lease(self) -> None:
        """Raises LeaseLost."""
        try:
            self._journal.check_lease()
        except LeaseLost:
            self.lease_held = False
            raise


@dataclass(frozen=True, slots=True)
class AssembledDesk:
    """A desk ready to restore and run."""

    desk: Desk
    operations: DeskOperations
    view: DeskView
    feeds: Feeds
    streams: VenueStreams
    guard: SwitchGuard
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

    def restore(self, records: Iterable[Record]) -> None:
        """Remember what the journal knows. Call once, before :meth:`run`."""
        count = restore(self.memory, self.books.restoring(self.exposures.restoring(records)))
        open_pairs = self.trading.pairs.open_pairs()
        log.info("read %d records: %d pairs are open", count, len(open_pairs))

    async def run(self, stop: asyncio.Event) -> None:
        """Recover, then trade until ``stop``, then finish what is under way."""
        async with asyncio.TaskGroup() as group:
            background = [group.create_task(self.guard.run())]
            await self.recover()
            background += [
                group.create_task(self.feeds.run()),
                group.create_task(self.streams.run()),
                group.create_task(self._guardian()),
                group.create_task(self.markets.run()),
                group.create_task(self.outages.run()),
                group.create_task(self.late_fills.run()),
                group.create_task(self.positions.run()),
                group.create_task(self.margins.run()),
            ]
            await stop.wait()
            self.blocks.set(STOPPING)
            log.info("stopping: decisions under way are finished, positions are kept")
            await self.desk.finish(FINISH_S)
            for task in background:
                task.cancel()

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
        log.info("recovered: journal and venues %s", "agree" if record["agreed"] else "DISAGREE")

    def _answer_interrupted(self) -> None:
        """Signals that were received and not answered when the last run ended."""
        for signal in list(self.memory.undecided_signals.values()):
            pair = self.trading.pairs.get(pair_id_for(signal.id))
            reason = "interrupted: the desk restarted while this was decided"
            if signal.action is SignalAction.ENTER and pair is not None:
                outcome = outcome_of_entry(pair, reason, {})
            else:
                outcome = Outcome(
                    signal_id=signal.id,
                    status=OutcomeStatus.DENIED,
                    reason=f"{reason}; look at the pair and send a new signal",
                    pair_id=signal.pair_id,
                )
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
            await self.operations.enforce_loss_limit()

    async def _take_further(self, pair_id: str, states: Collection[PairState]) -> None:
        """One pair's trouble must not keep the others from being looked after."""
        try:
            for report in await self.operations.recover(pair_id, states):
                if report["steps"]:
                    log.warning("%s: %s: %s", pair_id, report["state"], report["steps"])
        except LeaseLost:
            raise
        except Exception:
            log.exception("%s could not be taken further", pair_id)


def assemble(
    settings: Settings,
    exchanges: Mapping[LegName, Exchange],
    fx: FxSource,
    switches: Switches,
    journal: Journal,
    clock: Clock,
    *,
    on_decided: OnDecided,
    metrics: Metrics,
) -> AssembledDesk:
    """Build every part of a desk on ``exchanges`` and ``journal``."""
    blocks = DeskBlocks()
    blocks.set(RECOVERING)
    results = DayResults()
    write = JournalWriter(journal, blocks)
    exposures = ExposureMeter(write, clock, metrics.exposed)
    quotes = {item.venue: item.instrument(settings.symbols[0]).quote for item in exchanges.values()}
    books = AccountBooks(quotes)
    write.listeners += [exposures.written, books.written]
    venues = {
        leg: LegVenue(
            leg,
            exchange,
            CircuitBreaker(
                clock,
                failures=settings.circuit_failures,
                reset_s=settings.circuit_reset_s,
                on_change=journalling(write, clock, exchange.venue),
            ),
        )
        for leg, exchange in exchanges.items()
    }

    def alert(alert: Alert) -> None:
        log.log(_LEVELS[alert.level], "%s: %s", alert.type, alert.message)
        record = AlertRecord(
            alert_id=str(uuid4()),
            type=alert.type,
            level=alert.level,
            message=alert.message,
            pair_id=alert.pair_id,
        )
        try:
            write(RecordType.ALERT, record)
        except JournalError as error:
            log.error("alert is not in the journal: %s", error)

    news = OrderNews()
    pairs = PairBook(write, clock, results)
    pairs.alert = alert
    funding = FundingLedger()
    rates = Rates()
    kill = KillSwitch()
    lead = timedelta(milliseconds=settings.max_signal_lead_ms)
    decisions = Decisions(clock, lead, pairs.is_open)
    watch = OrderWatch(clock)
    coin = CoinEvidence(venues, pairs.open_pairs, pairs.outside, clock)
    execution = LegExecution(write, clock, settings, news, coin, write.check_lease)
    doubts = Doubts(clock, alert)
    trading = Trading(
        venues, pairs, execution, watch, doubts, coin, funding, settings, clock, alert
    )
    guard = SwitchGuard(switches, clock, settings.switch_poll_ms / 1000)
    facts = DeskFacts(
        venues,
        rates,
        pairs,
        results,
        KeyStore(settings.keys_dir),
        guard,
        blocks,
        kill,
        lambda: write.lease_held,
        clock,
        settings,
    )
    recovery = Recovery(trading)
    recovery.floor_of = ForcedCloseFloor(trading, rates).of
    judge = ExitJudge(trading, rates)
    feeds = Feeds(venues, rates, fx, funding, pairs, write, clock, settings)
    pushed = dict.fromkeys(venues, settings.symbols)
    pushed[LegName.SPOT] = (*settings.symbols, feeds.dollar)
    streams = VenueStreams(venues, pushed, feeds.note_book, news)
    desk = Desk(trading, recovery, decisions, facts, judge, feeds, metrics, write, on_decided)
    late_fills = LateFills(trading, recovery, watch, desk.lock)
    unknown_trades = UnknownTrades(trading, books, judge, Asking(clock))
    reconciliation = Reconciliation(
        trading, books, unknown_trades, late_fills, feeds, write, desk.lock, desk.all_locks
    )
    view = DeskView(
        trading,
        facts,
        judge,
        feeds,
        rates,
        guard,
        blocks,
        kill,
        lambda: journal.epoch,
        clock.now(),
        exposures.open_krw_s,
    )
    markets = MarketWatch(venues, clock, settings, alert)
    operations = DeskOperations(
        desk,
        trading,
        recovery,
        reconciliation,
        judge,
        feeds,
        view,
        facts,
        guard,
        blocks,
        kill,
        write,
        markets,
    )
    outages = VenueOutages(trading, blocks, operations.reconcile)
    positions = PositionWatch(
        trading, books, unknown_trades, late_fills, recovery, desk.lock, operations.reconcile
    )
    news.others = told_to(late_fills.heard, positions.heard)
    reserve = MarginReserve(settings.reserve_pct)
    memory = Memory(pairs, watch, decisions, funding, kill, reserve)
    memory.circuits.update((venue.venue, venue.breaker) for venue in venues.values())
    return AssembledDesk(
        desk,
        operations,
        view,
        feeds,
        streams,
        guard,
        memory,
        blocks,
        write,
        trading,
        markets,
        outages,
        late_fills,
        exposures,
        books,
        positions,
        MarginWatch(trading, reserve, write),
    )
