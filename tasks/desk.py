"""The desk: every signal from arrival to outcome, one path behind both doors.

Verify, gate, journal, act, journal, answer. Signals for one coin are decided
one after the other; a signal that was seen before gets the first outcome.
Once a signal is taken in, its decision runs to its end whether or not the
sender is still listening.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

from tasks.alert import DECISION, Alert, AlertLevel, AlertType
from tasks.client_order_id import pair_id_for
from tasks.decisions import Decisions
from tasks.desk_facts import DeskFacts
from tasks.entering import enter
from tasks.exit_judge import ExitJudge, Judged
from tasks.exiting import leave
from tasks.feeds import Feeds
from tasks.gate import all_refusals, first_refusal
from tasks.interrupted import outcome_of_interrupted
from tasks.metrics import Metrics
from tasks.outcome import Outcome, OutcomeStatus
from tasks.outcome_of_pair import outcome_of_entry, outcome_of_exit
from tasks.pair import Pair
from tasks.pair_book import STALE
from tasks.pair_result import result_sentence
from tasks.pair_transitions import PairState
from tasks.recovery import Recovery
from tasks.refusal import Refusal
from tasks.signal import Signal, SignalAction
from tasks.trading import Trading
from tasks.wire_text import decimal_text
from warehouse import JournalError
from warehouse.records import RecordType, SignalDecided, SignalReceived

log = logging.getLogger(__name__)

OnDecided = Callable[[Signal, Outcome, str], None]
"""Hears of every decided signal with its door; must return at once."""


class Desk:
    """Decides signals. The lasting parts are handed in; see :mod:`tasks.desk_assembly`."""

    def __init__(
        self,
        trading: Trading,
        recovery: Recovery,
        decisions: Decisions,
        facts: DeskFacts,
        judge: ExitJudge,
        feeds: Feeds,
        metrics: Metrics,
        write: Callable[[RecordType, Any], int],
        on_decided: OnDecided,
    ) -> None:
        self._trading = trading
        self._recovery = recovery
        self._decisions = decisions
        self._facts = facts
        self._judge = judge
        self._feeds = feeds
        self._metrics = metrics
        self._write = write
        self._on_decided = on_decided
        self._under_way: set[asyncio.Task[None]] = set()
        self.on_failure: Callable[[str], None] = lambda _: None
        """Hears of a signal that failed in a way that nobody has foreseen."""
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def lock(self, symbol: str) -> asyncio.Lock:
        """Held by whoever trades ``symbol``: a decision, a repair, a liquidation."""
        return self._locks[symbol]

    @asynccontextmanager
    async def all_locks(self) -> AsyncIterator[None]:
        """No coin is being traded inside."""
        async with AsyncExitStack() as stack:
            for symbol in self._trading.settings.symbols:
                await stack.enter_async_context(self.lock(symbol))
            yield

    # ---- signals

    async def submit(self, signal: Signal, door: str) -> Outcome:
        """Decide ``signal``, or wait for and return what was decided the first time."""
        refusal = self._facts.signature_refusal(signal)
        if refusal is not None:
            return self._refuse_unbound(signal, refusal, door)
        if self._decisions.knows(signal):
            if not self._decisions.is_same(signal):
                reused = Refusal("id_reused", f"id {signal.id} was used by a different signal")
                return self._refuse_unbound(signal, reused, door)
            first = await self._decisions.first(signal)
            return Outcome(
                signal_id=signal.id,
                status=OutcomeStatus.DUPLICATE,
                reason="duplicate: this signal was decided before",
                pair_id=first.pair_id,
                direction=first.direction,
                first=first,
            )
        self._decisions.begin(signal)
        task = asyncio.create_task(self._decide(signal, door), name=f"signal {signal.id}")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await self._decisions.first(signal)

    def signature_refusal(self, signal: Signal) -> Refusal | None:
        """None: a key that the desk trusts has signed it."""
        return self._facts.signature_refusal(signal)

    def check(self, signal: Signal) -> dict[str, Any]:
        """Every check of the gate on ``signal``; nothing is sent and nothing remembered."""
        started = self._trading.clock.monotonic()
        refusal = self._facts.signature_refusal(signal)
        refusals = [refusal] if refusal else []
        verified = self._trading.clock.monotonic()
        refusals += all_refusals(self._facts.of(signal))
        done = self._trading.clock.monotonic()
        return {
            "signal_id": signal.id,
            "would_trade": not refusals,
            "reasons": [{"code": item.code, "message": item.message} for item in refusals],
            "timings_us": {
                "verify": round((verified - started) * 1e6),
                "gate": round((done - verified) * 1e6),
            },
        }

    async def validate_exits(self) -> list[dict[str, Any]]:
        """Judge every hedged pair and close those that reached the automatic target."""
        decided = []
        for pair in self._trading.pairs.open_pairs():
            async with self.lock(pair.symbol):
                decided.append(await self._validate_exit(self._trading.pairs[pair.pair_id]))
        return decided

    async def finish(self, timeout_s: float) -> None:
        """Wait for the decisions and repairs under way; what takes longer is left to the next
        start-up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._under_way:
                    await asyncio.wait(self._under_way)
                async with self.all_locks():
                    pass  # nobody is in the middle of a trade

    # ---- deciding

    async def _decide(self, signal: Signal, door: str) -> None:
        started = self._trading.clock.monotonic()
        try:
            self._write(
                RecordType.SIGNAL_RECEIVED,
                SignalReceived(signal=signal.model_dump(mode="json"), door=door),
            )
        except Exception as error:
            log.exception("signal %s could not be written down", signal.id)
            refusal = Refusal("journal_unwritable", f"nothing was done: {error}")
            self._decisions.forget(signal, self._refuse_unbound(signal, refusal, door))
            return
        try:
            async with self.lock(signal.symbol):
                if signal.action is SignalAction.ENTER:
                    outcome = await self._enter(signal, door, started)
                else:
                    outcome = await self._exit(signal, door, started)
        except Exception as error:
            log.exception("signal %s failed", signal.id)
            outcome = self._after_failure(signal, error)
        seconds = self._trading.clock.monotonic() - started
        outcome.timings_us["total"] = round(seconds * 1e6)
        self._journal_decision(outcome, binding=True)
        self._decisions.decide(outcome)
        self._metrics.decided(outcome, door, seconds)
        log.debug("signal %s: %s %s", signal.id, outcome.status.value, outcome.reason or "")
        self._on_decided(signal, outcome, door)

    async def _enter(self, signal: Signal, door: str, started: float) -> Outcome:
        facts = self._facts.of(signal, door)
        refusal = first_refusal(facts)
        if refusal is not None:
            return _denied(signal, refusal)
        plan = self._facts.entry_plan(signal, facts)
        gated = self._trading.clock.monotonic()
        pair = await enter(self._trading, plan, self._recovery)
        timings = {
            "received_to_gate": round((gated - started) * 1e6),
            "gate_to_settled": round((self._trading.clock.monotonic() - gated) * 1e6),
        }
        await self._feeds.refresh_balances()
        reason = self._facts.told_of_stop(facts, self._story(pair))
        return outcome_of_entry(pair, reason, timings)

    async def _exit(self, signal: Signal, door: str, started: float) -> Outcome:
        facts = self._facts.of(signal, door)
        refusal = first_refusal(facts)
        if refusal is not None:
            return _denied(signal, refusal)
        pairs = self._pairs_to_leave(signal)
        if isinstance(pairs, Refusal):
            return _denied(signal, pairs)
        judged: list[Judged] = []
        left: list[Pair] = []
        for pair in pairs:
            # Looked at and judged right before it is left: the one before may have taken seconds
            # of repair, and a venue may have closed this one by force meanwhile.
            current = await self._recovery.resolve_if_torn(pair.pair_id)
            item = self._judge.judge(current, self._slippage(signal))
            judged.append(item)
            if current.state is not PairState.HEDGED:
                left.append(current)
            elif item.plan is None:
                self._record_held(item)
                left.append(current)
            else:
                left.append(await leave(self._trading, item.plan, self._recovery))
        timings = {"received_to_settled": round((self._trading.clock.monotonic() - started) * 1e6)}
        if any(item.plan for item in judged):
            await self._feeds.refresh_balances()
        status, reason = self._exit_verdict(judged, left)
        told = self._facts.told_of_stop(facts, reason)
        return outcome_of_exit(signal.id, left, status, told, timings)

    async def _validate_exit(self, pair: Pair) -> dict[str, Any]:
        settings = self._trading.settings
        if pair.state is not PairState.HEDGED:
            return _exit_decision(pair, None, "hold", f"the pair is {pair.state}", None)
        target = self._judge.automatic_target(pair)
        judged = self._judge.judge(pair, settings.default_slippage_bps, at_least_krw=target)
        if judged.plan is None:
            return _exit_decision(pair, judged, "hold", judged.sentence, None)
        refusal = self._facts.automatic_exit_refusal()
        if refusal is not None:
            return _exit_decision(pair, judged, "hold", refusal.message, None)
        self._trading.alert(
            Alert(
                AlertType.PROFIT_TARGET_HIT,
                AlertLevel.INFO,
                f"{pair.pair_id} has reached its target and is being closed: {judged.sentence}.",
                pair.pair_id,
            )
        )
        left = await leave(self._trading, judged.plan, self._recovery)
        await self._feeds.refresh_balances()
        status, reason = self._exit_verdict([judged], [left])
        outcome = outcome_of_exit(pair.signal_id, [left], status, reason, {})
        return _exit_decision(left, judged, "close", judged.sentence, outcome)

    def _pairs_to_leave(self, signal: Signal) -> Sequence[Pair] | Refusal:
        """The hedged pairs that an EXIT means."""
        if self._trading.pairs.is_stale:
            return Refusal("restored", STALE)
        if signal.pair_id is not None:
            pair = self._trading.pairs.get(signal.pair_id)
            if pair is None or pair.symbol != signal.symbol:
                return Refusal("pair_unknown", f"no pair {signal.pair_id} of {signal.symbol}")
            if pair.state is not PairState.HEDGED:
                return Refusal("pair_not_hedged", f"{pair.pair_id} is {pair.state}, not hedged")
            return [pair]
        pairs = [
            pair
            for pair in self._trading.pairs.open_pairs(signal.symbol)
            if pair.state is PairState.HEDGED
        ]
        return pairs or Refusal("nothing_to_close", f"no hedged pair of {signal.symbol} is open")

    def _story(self, pair: Pair) -> str | None:
        """How an entry that needed repair, or failed, came to where it is, and what it cost."""
        steps = self._recovery.story.since(pair.pair_id)
        if not steps:
            return None
        state = "repaired" if pair.state is PairState.HEDGED else pair.state.value
        result = self._trading.pairs.result(pair.pair_id)
        cost = f"; {result_sentence(result)}" if result else ""
        return f"{state}: {'; '.join(steps)}{cost}"

    def _exit_verdict(
        self, judged: Sequence[Judged], left: Sequence[Pair]
    ) -> tuple[OutcomeStatus, str]:
        """One status for all pairs of an EXIT: the worst that happened to any of them."""
        told = []
        for item, pair in zip(judged, left, strict=True):
            result = self._trading.pairs.result(pair.pair_id)
            told.append(f"{pair.pair_id}: {result_sentence(result) if result else item.sentence}")
        reason = "; ".join(told)
        if any(pair.is_open and pair.state is not PairState.HEDGED for pair in left):
            return OutcomeStatus.NAKED, f"needs_attention: {reason}"
        if any(
            pair.state is PairState.HEDGED and item.plan is None
            for item, pair in zip(judged, left, strict=True)
        ):
            return OutcomeStatus.HELD, f"not_in_profit: {reason}"
        if any(pair.state is PairState.HEDGED for pair in left):
            return OutcomeStatus.FAILED, f"not_closed: not all of it was taken: {reason}"
        return OutcomeStatus.CLOSED, f"closed: {reason}"

    def _slippage(self, signal: Signal) -> int:
        if signal.max_slippage_bps is not None:
            return signal.max_slippage_bps
        return self._trading.settings.default_slippage_bps

    def _record_held(self, judged: Judged) -> None:
        self._trading.alert(
            Alert(
                AlertType.STOP_REFUSED_LOSS,
                AlertLevel.WARNING,
                f"{judged.pair.pair_id} is kept: {judged.sentence}.",
                judged.pair.pair_id,
            )
        )

    def _refuse_unbound(self, signal: Signal, refusal: Refusal, door: str) -> Outcome:
        """Deny a signal without using up its id."""
        outcome = _denied(signal, refusal)
        self._journal_decision(outcome, binding=False)
        self._metrics.decided(outcome, door, 0.0)
        log.warning("signal %s denied: %s", signal.id, outcome.reason)
        return outcome

    def _journal_decision(self, outcome: Outcome, *, binding: bool) -> None:
        """A decision that cannot be written is still given: the pair behind it is in the journal,
        or nothing was traded."""
        try:
            self._write(
                RecordType.SIGNAL_DECIDED,
                SignalDecided(outcome=outcome.to_json(), binding=binding),
            )
        except Exception as error:
            log.error("decision on %s is not in the journal: %s", outcome.signal_id, error)

    def _after_failure(self, signal: Signal, error: Exception) -> Outcome:
        """An unforeseen failure: what it left of the pairs decides what the outcome is called."""
        pair = self._trading.pairs.get(signal.pair_id or pair_id_for(signal.id))
        reason = f"system_error: {type(error).__name__}: {error}"
        self._trading.alert(
            Alert(
                AlertType.SYSTEM_ERROR,
                AlertLevel.CRITICAL,
                f"signal {signal.id} failed inside the desk ({error}); look at its pair.",
                pair.pair_id if pair else None,
                DECISION if pair else f"{DECISION} {signal.id}",
            )
        )
        if not isinstance(error, JournalError):  # those have a stop of their own
            self.on_failure(f"signal {signal.id} failed: {type(error).__name__}: {error}")
        return outcome_of_interrupted(signal, self._trading.pairs, reason)


def _denied(signal: Signal, refusal: Refusal) -> Outcome:
    return Outcome(
        signal_id=signal.id,
        status=OutcomeStatus.DENIED,
        reason=f"{refusal.code}: {refusal.message}",
        pair_id=signal.pair_id,
        direction=signal.direction,
    )


def _exit_decision(
    pair: Pair, judged: Judged | None, decision: str, sentence: str, outcome: Outcome | None
) -> dict[str, Any]:
    net = judged.net_krw if judged else None
    target = judged.at_least_krw if judged else None
    return {
        "pair_id": pair.pair_id,
        "net_krw": None if net is None else decimal_text(net),
        "target_krw": None if target is None else decimal_text(target),
        "decision": decision,
        "sentence": sentence,
        "outcome": outcome.to_json() if outcome else None,
    }
