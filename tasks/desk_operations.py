"""What the desk does besides deciding signals: repair, reconcile, kill, resume, health."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any

from tasks.alert import Alert, AlertLevel, AlertType
from tasks.capital import loss_limit_krw
from tasks.circuit_breaker import CircuitState
from tasks.desk import Desk
from tasks.desk_blocks import MISMATCH, NOT_COMPARED, DeskBlocks
from tasks.desk_facts import DeskFacts
from tasks.desk_view import DeskView
from tasks.errors import DeskError
from tasks.exit_judge import ExitJudge
from tasks.exiting import ExitPlan, leave
from tasks.feeds import Feeds
from tasks.kill_switch import KillSwitch
from tasks.krw_text import krw_text
from tasks.leg_orders import price_bound
from tasks.market_watch import MarketWatch
from tasks.outcome import Outcome, OutcomeStatus
from tasks.outcome_of_pair import STATUS, outcome_of_exit
from tasks.pair import LegName, Pair
from tasks.pair_book import held_text
from tasks.pair_transitions import PairState
from tasks.reconciling import differences
from tasks.reconciling.reconciliation import Reconciliation
from tasks.recovery import Recovery
from tasks.repair_planner import EMERGENCY_BOUND_BPS
from tasks.resting_orders import cancel_resting
from tasks.settled_order import Purpose
from tasks.switch_guard import ENTRY, SIGNAL_INTAKE, SwitchGuard
from tasks.trading import Trading
from warehouse import JournalError, LeaseLost
from warehouse.block_records import SwitchRecord
from warehouse.records import HealthRecord, ReconciliationRecord, RecordType

log = logging.getLogger(__name__)

IN_DOUBT = (PairState.OPENING, PairState.CLOSING, PairState.UNKNOWN, PairState.RECOVERING)
"""Outside of a decision nothing stays in these states: the desk goes on by itself."""
UNFINISHED = (*IN_DOUBT, PairState.NAKED)


class DeskOperations:
    """Acts on pairs under the same locks as the desk does."""

    def __init__(
        self,
        desk: Desk,
        trading: Trading,
        recovery: Recovery,
        reconciliation: Reconciliation,
        judge: ExitJudge,
        feeds: Feeds,
        view: DeskView,
        facts: DeskFacts,
        guard: SwitchGuard,
        blocks: DeskBlocks,
        kill: KillSwitch,
        write: Callable[[RecordType, Mapping[str, Any]], int],
        markets: MarketWatch,
    ) -> None:
        self._desk = desk
        self._trading = trading
        self._recovery = recovery
        self._reconciliation = reconciliation
        self._judge = judge
        self._feeds = feeds
        self._view = view
        self._facts = facts
        self._guard = guard
        self._blocks = blocks
        self._kill = kill
        self._write = write
        self._markets = markets

    async def recover(
        self, pair_id: str | None, states: Collection[PairState] = UNFINISHED
    ) -> list[dict[str, Any]]:
        """Take pairs (or the one named) that are in one of ``states`` once nobody else trades
        their coin as far as they can be taken now; the story of each of them."""
        pairs = self._trading.pairs
        if pair_id is not None and pairs.get(pair_id) is None:
            raise DeskError(f"pair_id: expected a known pair, got {pair_id}")
        reports = []
        for pair in [pairs[pair_id]] if pair_id else pairs.open_pairs():
            async with self._desk.lock(pair.symbol):
                current = pairs[pair.pair_id]
                was = current.state
                before = self._recovery.story.told(pair.pair_id)
                if was in states:
                    current = await self._recovery.resolve(pair.pair_id)
                steps = self._recovery.story.since(pair.pair_id, before)
            if was in states or pair_id:
                reports.append(
                    {
                        "pair_id": pair.pair_id,
                        "was": was.value,
                        "state": current.state.value,
                        "holds": held_text(current),
                        "steps": steps,
                    }
                )
        return reports

    async def reconcile(self, accept: str | None = None) -> ReconciliationRecord:
        """Compare journal and venues and book what is explained; whoever looks after pairs under
        repair goes on from there. What is not explained blocks entries until it is, or until a
        person accepts it and says why."""
        record = await self._reconciliation.run(accept)
        self._write(RecordType.RECONCILIATION, record)
        self._block(
            MISMATCH,
            AlertLevel.CRITICAL,
            "; ".join(map(differences.sentence, differences.unexplained(record))),
            "journal and venues disagree",
            "reconcile/live finds them equal",
        )
        self._block(
            NOT_COMPARED,
            AlertLevel.WARNING,
            differences.unasked_sentence(record),
            "journal and venues could not be compared",
            "it can; that is tried again by itself",
        )
        return record

    def _block(self, code: str, level: AlertLevel, found: str, what: str, until: str) -> None:
        """Keep entries off while something is ``found``; say so when it begins."""
        if not found:
            self._blocks.clear(code)
            return
        is_new = code not in dict(self._blocks)
        self._blocks.set(code, f"{what}: {found}")
        if is_new:
            message = f"{what}: {found}. Entries are blocked until {until}."
            self._trading.alert(Alert(AlertType.RECONCILE_MISMATCH, level, message))

    async def enforce_loss_limit(self) -> None:
        """Pause entries in Prefect, with the reason, once the day's loss reaches its limit.

        The gate refuses entries by itself then; the switch is set so that it is seen, and set
        again when somebody resumes before the day is over.
        """
        capital = self._facts.capital()
        if capital is None or capital.day_result_krw >= 0 or self._guard.is_paused(ENTRY):
            return
        limit_pct = self._trading.settings.daily_loss_limit_pct
        limit = loss_limit_krw(capital.total_krw, limit_pct)
        if -capital.day_result_krw < limit:
            return
        reason = (
            f"today lost {krw_text(-capital.day_result_krw)} KRW, the limit is {krw_text(limit)} "
            f"KRW ({limit_pct:f} % of capital)"
        )
        self._trading.alert(
            Alert(
                AlertType.DAILY_LOSS_EXCEEDED,
                AlertLevel.CRITICAL,
                f"{reason}: {ENTRY} is paused until the Korean day is over or the limit is raised.",
            )
        )
        await self._guard.pause((ENTRY,), reason)

    async def refresh_rates(self) -> dict[str, Any]:
        """Read both rates now and tell them with the premium of each coin."""
        await self._feeds.refresh_rates()
        state = self._view.state()
        return {
            **state["rates"],
            "premiums": [item for item in state["premium"].values() if item is not None],
        }

    async def kill(self, reason: str, *, liquidate: bool) -> dict[str, Any]:
        """Stop entries for good (until resumed), cancel what rests, liquidate only if asked: then
        every open pair, whatever its state, has its outcome."""
        self._kill.reason = reason
        try:
            self._write(
                RecordType.SWITCH, SwitchRecord(switch="kill", reason=reason, liquidate=liquidate)
            )
        except JournalError as error:
            log.critical("the stop holds until this executor ends and no longer: %s", error)
        self._trading.alert(
            Alert(
                AlertType.EMERGENCY_STOP,
                AlertLevel.CRITICAL,
                f"emergency stop: {reason}. New entries are blocked until kimp resume.",
            )
        )
        await self._guard.pause((ENTRY, SIGNAL_INTAKE), f"emergency stop: {reason}")
        trading = self._trading
        cancelled = await cancel_resting(trading.venues.values(), trading.settings.symbols)
        outcomes = []
        if liquidate:
            for pair in self._trading.pairs.open_pairs():
                async with self._desk.lock(pair.symbol):
                    current = self._trading.pairs[pair.pair_id]
                    outcomes.append((await self._liquidate(current, reason)).to_json())
            await self._feeds.refresh_balances()
        return {"killed": True, "cancelled": cancelled, "outcomes": outcomes}

    async def resume(self, reason: str) -> dict[str, Any]:
        """Lift a kill if journal and venues agree and both venues are healthy; acknowledge prices
        that came back far from where they had stopped."""
        await self._feeds.read_all()
        record = await self.reconcile()
        reasons = [{"code": code, "message": message} for code, message in self._blocks]
        for name, component in self.health()["components"].items():
            if name != "prefect" and not component["ok"]:
                reasons.append({"code": f"unhealthy:{name}", "message": component["detail"]})
        resumed = record["agreed"] and not reasons
        if resumed:
            # Written first: what is lifted here stays lifted over a restart, or nothing is.
            self._write(RecordType.SWITCH, SwitchRecord(switch="resume", reason=reason))
            self._kill.reason = None
            self._markets.acknowledge()
            self._trading.pairs.contradictions.forget()
            self._trading.alert(
                Alert(AlertType.RESUMED, AlertLevel.INFO, f"trading is resumed: {reason}.")
            )
        return {"resumed": resumed, "reasons": reasons}

    def health(self) -> HealthRecord:
        """Each part of the desk with a verdict and a few words."""
        settings = self._trading.settings
        components: dict[str, dict[str, Any]] = {}
        state = self._view.state()
        for name, venue in state["venues"].items():
            ages = [book["age_ms"] for book in venue["books"].values()]
            oldest = max(ages, default=None)
            offset = venue["clock_offset_ms"]
            stale = oldest is None or oldest > settings.max_book_age_ms
            off = offset is None or abs(offset) > settings.max_clock_offset_ms
            components[name] = {
                "ok": venue["circuit"] == CircuitState.CLOSED and not stale and not off,
                "detail": f"circuit {venue['circuit']}, book "
                + ("missing" if oldest is None else f"{oldest} ms old")
                + f", clock {'unknown' if offset is None else f'{offset:+d} ms'}",
            }
        fx_age = state["rates"]["fx_age_s"]
        components["fx"] = {
            "ok": fx_age is not None and fx_age <= settings.max_fx_age_s,
            "detail": "bank rate missing" if fx_age is None else f"bank rate {fx_age:.0f} s old",
        }
        age = self._guard.age_s
        components["prefect"] = {
            "ok": age is not None and age <= settings.switch_silence_s,
            "detail": "never heard" if age is None else f"heard {age:.1f} s ago",
        }
        naked = [
            pair.pair_id
            for pair in self._trading.pairs.open_pairs()
            if pair.state is PairState.NAKED
        ]
        components["pairs"] = {
            "ok": not naked,
            "detail": f"naked: {', '.join(naked)}" if naked else f"{state['open_pairs']} open",
        }
        components["journal"] = {
            "ok": not any(code in (MISMATCH, NOT_COMPARED) for code, _ in self._blocks),
            "detail": "; ".join(text for _, text in self._blocks) or "in step with the venues",
        }
        return HealthRecord(
            ok=all(component["ok"] for component in components.values()), components=components
        )

    def record_health(self) -> HealthRecord:
        """Health, into the journal."""
        record = self.health()
        self._write(RecordType.HEALTH, record)
        return record

    async def _liquidate(self, pair: Pair, reason: str) -> Outcome:
        """One pair's trouble must not keep the others from being closed."""
        try:
            sentence = await self._close_at_any_price(pair, reason)
        except LeaseLost:
            raise
        except Exception as error:
            log.exception("%s could not be liquidated", pair.pair_id)
            sentence = f"{type(error).__name__}: {error}"
        pair = self._trading.pairs[pair.pair_id]
        if not pair.is_open:
            status, told = OutcomeStatus.CLOSED, f"liquidated: {reason}"
        else:
            still = pair.state is PairState.HEDGED
            status = OutcomeStatus.FAILED if still else STATUS[pair.state]
            told = f"not_liquidated: {pair.state}, {held_text(pair)}: {sentence}; run it again"
        return outcome_of_exit(pair.signal_id, [pair], status, told, {})

    async def _close_at_any_price(self, pair: Pair, reason: str) -> str:
        """Why the pair is still open if it is. One that does not stand hedged gives up what its
        larger leg holds."""
        if pair.is_open and pair.state is not PairState.HEDGED:
            if pair.exit_reference is None:
                leaving = self._judge.leaving_reference(pair)
                self._trading.pairs.set_exit_reference(pair.pair_id, leaving)
            pair = await self._recovery.resolve(pair.pair_id)
        if pair.state is not PairState.HEDGED:
            return "a person is needed"
        problem = self._facts.clock_problem()
        if problem is not None:
            return problem
        reference = self._judge.reference_now(pair)
        if reference is None:
            return "no fresh book to trade on"
        side = pair.side(LegName.SPOT, purpose_is_entry=False)
        plan = ExitPlan(
            pair.pair_id,
            reference,
            price_bound(side, reference.spot_price, EMERGENCY_BOUND_BPS),
            Purpose.LIQUIDATION,
            f"liquidated by an operator: {reason}",
        )
        await leave(self._trading, plan, self._recovery)
        return "not all of it was taken"
