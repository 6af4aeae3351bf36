"""The emergency stop and its forced reset."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from tasks.alert import Alert, AlertLevel, AlertType
from tasks.desk import Desk
from tasks.desk_facts import DeskFacts
from tasks.errors import DeskError
from tasks.exit_judge import ExitJudge
from tasks.exiting import ExitPlan, leave
from tasks.feeds import Feeds
from tasks.kill_switch import KILL, RESET, KillSwitch
from tasks.leg_orders import price_bound
from tasks.outcome import Outcome, OutcomeStatus
from tasks.outcome_of_pair import STATUS, outcome_of_exit
from tasks.pair import LegName, Pair
from tasks.pair_book import STALE, held_text
from tasks.pair_transitions import PairState
from tasks.recovery import Recovery
from tasks.repair_planner import EMERGENCY_BOUND_BPS
from tasks.resting_orders import cancel_resting
from tasks.settled_order import Purpose
from tasks.stop_board import StopBoard
from tasks.stop_reason import StopReason
from tasks.switch_guard import ENTRY, SIGNAL_INTAKE
from tasks.trading import Trading
from warehouse import JournalError, LeaseLost
from warehouse.block_records import SwitchRecord
from warehouse.records import RecordType

log = logging.getLogger(__name__)

WHOLE_DESK = "all coins"
"""Subject of the alert of a stop that is not of one coin."""


class Killing:
    """Pulls the kill switch, does what goes with it, and lifts it for a person who says so."""

    def __init__(
        self,
        desk: Desk,
        trading: Trading,
        recovery: Recovery,
        judge: ExitJudge,
        feeds: Feeds,
        facts: DeskFacts,
        stops: StopBoard,
        switch: KillSwitch,
        write: Callable[[RecordType, Mapping[str, Any]], int],
    ) -> None:
        self._desk = desk
        self._trading = trading
        self._recovery = recovery
        self._judge = judge
        self._feeds = feeds
        self._facts = facts
        self._stops = stops
        self._switch = switch
        self._write = write

    async def kill(
        self, reason: str, *, liquidate: bool, symbol: str | None = None
    ) -> dict[str, Any]:
        """Stop entries for good (until resumed), cancel what rests, liquidate only if asked: then
        every open pair, whatever its state, has its outcome.

        With ``symbol`` all of this concerns that coin alone: the others trade on, and therefore no
        deployment is paused. Raises DeskError for a coin that the desk does not trade.
        """
        known = self._trading.settings.symbols
        if symbol is not None and symbol not in known:
            raise DeskError(f"symbol: expected one of {', '.join(known)}, got {symbol:.20}")
        self._switch.pull(reason, symbol, self._trading.clock.now())
        record = SwitchRecord(switch=KILL, reason=reason, liquidate=liquidate)
        if symbol is not None:
            record["symbol"] = symbol
        try:
            self._write(RecordType.SWITCH, record)
        except JournalError as error:
            log.critical("the stop holds until this executor ends and no longer: %s", error)
        self._trading.alert(
            Alert(
                AlertType.EMERGENCY_STOP,
                AlertLevel.CRITICAL,
                f"emergency stop{'' if symbol is None else f' of {symbol}'}: {reason}. "
                "New entries are blocked until kimp resume.",
                subject=symbol or WHOLE_DESK,
            )
        )
        if symbol is None:
            self._stops.stop(
                (ENTRY, SIGNAL_INTAKE), StopReason.MANUAL_STOP, f"emergency stop: {reason}"
            )
        venues = self._trading.venues.values()
        cancelled = await cancel_resting(venues, known if symbol is None else (symbol,))
        outcomes = await self._liquidate_all(reason, symbol) if liquidate else []
        return {
            "killed": True,
            "cancelled": cancelled.orders,
            "not_cancelled": cancelled.failures,
            "outcomes": outcomes,
        }

    def reset(self, by: str, reason: str) -> dict[str, Any]:
        """Lift the emergency stop without the checks of a resume, because ``by`` (a person's name)
        says so; the journal keeps both. What else stands against entries still does: switches,
        differences to the venues, halts and contradictions. Raises DeskError when nothing is
        killed and JournalError when it cannot be written down, and then nothing is lifted."""
        if not self._switch.is_on:
            raise DeskError("there is no emergency stop to reset")
        lifted = self._switch.sentences()
        stopped = [*([] if self._switch.reason is None else [WHOLE_DESK]), *self._switch.symbols]
        # Written first: what is lifted here stays lifted over a restart, or nothing is.
        self._write(RecordType.SWITCH, SwitchRecord(switch=RESET, reason=reason, by=by))
        self._switch.lift()
        for subject in stopped:
            self._trading.alert(
                Alert(
                    AlertType.EMERGENCY_STOP,
                    AlertLevel.CRITICAL,
                    f"{by} has lifted the emergency stop without checks: {reason} "
                    f"(it was: {'; '.join(lifted)}).",
                    subject=subject,
                    is_over=True,
                )
            )
        return {"lifted": lifted}

    async def _liquidate_all(self, reason: str, symbol: str | None) -> list[dict[str, Any]]:
        outcomes = []
        for pair in self._trading.pairs.open_pairs(symbol):
            async with self._desk.lock(pair.symbol):
                current = self._trading.pairs[pair.pair_id]
                outcomes.append((await self._liquidate(current, reason)).to_json())
        await self._feeds.refresh_balances()
        return outcomes

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
        problem = STALE if self._trading.pairs.is_stale else self._facts.clock_problem()
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
