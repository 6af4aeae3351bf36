"""Puts a desk together out of its parts.

The same assembly serves the executor (HTTP, the machine's clock), backtests
and fault campaigns (simulated venues in memory, virtual time).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from exchanges.clock import Clock
from exchanges.exchange import Exchange
from tasks.alerting.alert_book import AlertBook
from tasks.alerting.pair_alerts import PairAlerts
from tasks.assembled_desk import AssembledDesk
from tasks.automatic_stops import AutomaticStops
from tasks.circuit_breaker import CircuitBreaker
from tasks.circuit_memory import journalling
from tasks.clock_watch import ClockWatch
from tasks.coin_evidence import CoinEvidence
from tasks.day_results import DayResults
from tasks.decisions import Decisions
from tasks.desk import Desk, OnDecided
from tasks.desk_blocks import RECOVERING, DeskBlocks
from tasks.desk_facts import DeskFacts
from tasks.desk_health import DeskHealth
from tasks.desk_operations import DeskOperations
from tasks.desk_view import DeskView
from tasks.doubts import Doubts
from tasks.error_count import ErrorCount
from tasks.exit_judge import ExitJudge
from tasks.exposure_meter import ExposureMeter
from tasks.feeds import Feeds
from tasks.forced_close_floor import ForcedCloseFloor
from tasks.funding_ledger import FundingLedger
from tasks.fx_source import FxSource
from tasks.given_reasons import GivenReasons
from tasks.halt_memory import HaltMemory
from tasks.hand_over import HandOver
from tasks.journal_writer import JournalWriter
from tasks.key_store import KeyStore
from tasks.kill_switch import KillSwitch
from tasks.killing import Killing
from tasks.late_fills import LateFills
from tasks.leg_execution import LegExecution
from tasks.leg_venue import LegVenue
from tasks.loss_warning import LossWarning
from tasks.margin_reserve import MarginReserve
from tasks.margin_watch import MarginWatch
from tasks.market_watch import MarketWatch
from tasks.metrics import Metrics
from tasks.order_news import OrderNews, told_to
from tasks.order_watch import OrderWatch
from tasks.pair import LegName
from tasks.pair_book import PairBook
from tasks.position_watch import PositionWatch
from tasks.rates import Rates
from tasks.reconciling.account_books import AccountBooks
from tasks.reconciling.asking import Asking
from tasks.reconciling.reconciliation import Reconciliation
from tasks.reconciling.unknown_trades import UnknownTrades
from tasks.recovery import Recovery
from tasks.restoring import Memory
from tasks.resuming import Resuming
from tasks.settings import Settings
from tasks.stop_board import StopBoard
from tasks.stop_control import StopControl
from tasks.switch_guard import Switches, SwitchGuard
from tasks.switch_setter import SwitchSetter
from tasks.trading import Trading
from tasks.unforeseen import Unforeseen
from tasks.unguarded import Unguarded
from tasks.venue_outage import VenueOutages
from tasks.venue_streams import VenueStreams
from warehouse import Journal


def assemble(
    settings: Settings,
    exchanges: Mapping[LegName, Exchange],
    fx: FxSource,
    switches: Switches,
    journal: Journal | None,
    clock: Clock,
    *,
    on_decided: OnDecided,
    metrics: Metrics,
) -> AssembledDesk:
    """Build every part of a desk on ``exchanges`` and ``journal``; without a journal it reads and
    remembers, and nothing else, until it is given one (``write.begin``)."""
    blocks = DeskBlocks()
    blocks.set(RECOVERING)
    results = DayResults()
    write = JournalWriter(journal, blocks)
    exposures = ExposureMeter(write, clock, metrics.exposed)
    quotes = {item.venue: item.instrument(settings.symbols[0]).quote for item in exchanges.values()}
    books = AccountBooks(quotes)
    errors = ErrorCount(clock)
    write.listeners += [exposures.written, books.written, errors.written]
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

    alert = AlertBook(write, clock)
    write.listeners.append(PairAlerts(alert).written)
    news = OrderNews()
    pairs = PairBook(write, clock, results)
    pairs.alert = alert
    write.listeners.append(pairs.contradictions.written)
    funding = FundingLedger()
    rates = Rates()
    kill = KillSwitch()
    lead = timedelta(milliseconds=settings.max_signal_lead_ms)
    decisions = Decisions(clock, lead, pairs.is_open)
    watch = OrderWatch(clock)
    coin = CoinEvidence(venues, pairs.open_pairs, pairs.outside, clock)
    execution = LegExecution(write, clock, settings, news, coin, books.executed, write.check_lease)
    doubts = Doubts(clock, alert)
    trading = Trading(
        venues, pairs, execution, watch, doubts, coin, funding, settings, clock, alert
    )
    poll_s = settings.switch_poll_ms / 1000
    guard = SwitchGuard(switches, clock, poll_s)
    setter = SwitchSetter(switches, guard, poll_s)
    board = StopBoard(guard, setter, write, clock, alert)
    facts = DeskFacts(
        venues,
        rates,
        pairs,
        results,
        KeyStore(settings.keys_dir),
        guard,
        board,
        blocks,
        kill,
        lambda: write.lease_held,
        clock,
        settings,
    )
    recovery = Recovery(trading)
    recovery.floor_of = ForcedCloseFloor(trading, rates).of
    judge = ExitJudge(trading, rates)
    unforeseen = Unforeseen()
    feeds = Feeds(venues, rates, fx, funding, pairs, write, clock, settings, unforeseen)
    pushed = dict.fromkeys(venues, settings.symbols)
    pushed[LegName.SPOT] = (*settings.symbols, feeds.dollar)
    streams = VenueStreams(venues, pushed, feeds.note_book, news, unforeseen)
    desk = Desk(trading, recovery, decisions, facts, judge, feeds, metrics, write, on_decided)
    automatic = AutomaticStops(board, facts, trading)
    unforeseen.stop = desk.on_failure = write.on_trouble = automatic.system_error
    late_fills = LateFills(trading, recovery, watch, desk.lock, unforeseen)
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
        board,
        blocks,
        kill,
        lambda: write.epoch,
        clock.now(),
        exposures.open_krw_s,
    )
    view.open_alerts = lambda: alert.rows.open_count
    halts = HaltMemory(write, clock)
    markets = MarketWatch(venues, clock, settings, alert, halts)
    health = DeskHealth(trading, rates, guard, view, errors, write)
    operations = DeskOperations(
        desk,
        trading,
        recovery,
        reconciliation,
        feeds,
        view,
        blocks,
        write,
        health,
        automatic.positions_differ,
    )
    outages = VenueOutages(
        trading, blocks, operations.reconcile, automatic.connection_lost, unforeseen
    )
    resuming = Resuming(
        board,
        guard,
        switches,
        blocks,
        kill,
        trading,
        feeds,
        markets,
        operations.reconcile,
        health.against_trading,
        automatic.loss_over_limit,
        write,
        lambda: reconciliation.waits_for,
    )
    view.resuming = resuming.told
    positions = PositionWatch(
        trading,
        books,
        unknown_trades,
        late_fills,
        recovery,
        desk.lock,
        operations.reconcile,
        unforeseen,
    )
    recovery.take_in = positions.take_in
    news.others = told_to(late_fills.heard, positions.heard)
    reserve = MarginReserve(settings.reserve_pct)
    memory = Memory(pairs, watch, decisions, funding, kill, reserve, halts, board, alerts=alert)
    memory.circuits.update((venue.venue, venue.breaker) for venue in venues.values())
    return AssembledDesk(
        desk,
        operations,
        view,
        feeds,
        streams,
        StopControl(guard, setter, board, GivenReasons(board, switches), automatic, resuming),
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
        MarginWatch(trading, reserve, write, unforeseen),
        ClockWatch(venues.values(), clock, settings.max_clock_offset_ms, alert),
        health,
        errors,
        Killing(desk, trading, recovery, judge, feeds, facts, board, kill, write),
        HandOver(),
        Unguarded(clock),
        alerts=alert,
        loss_warning=LossWarning(facts, settings, alert),
        unforeseen=unforeseen,
    )
