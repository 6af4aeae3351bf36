"""What became of a signal whose decision broke off: the executor died, or failed on it.

Asked when each pair is what the venues have shown it to be: after a death, after recovery.
"""

from __future__ import annotations

from datetime import timedelta

from tasks.client_order_id import pair_id_for
from tasks.outcome import Outcome, OutcomeStatus
from tasks.outcome_of_pair import outcome_of_entry, outcome_of_exit
from tasks.pair import LegName, Pair
from tasks.pair_book import PairBook
from tasks.pair_result import result_sentence
from tasks.pair_transitions import PairState
from tasks.signal import Signal, SignalAction

WHY = "interrupted: the desk restarted while this was decided"
SKEW = timedelta(seconds=1)
"""By how much the clock of who dates a signal may be ahead of ours."""
_NEVER_HEDGED = (PairState.FAILED, PairState.UNWOUND)


def outcome_of_interrupted(signal: Signal, pairs: PairBook, why: str = WHY) -> Outcome:
    """The outcome of ``signal``, which was received and not answered."""
    if signal.action is SignalAction.ENTER:
        pair = pairs.get(pair_id_for(signal.id))
        return _nothing_traded(signal, why) if pair is None else outcome_of_entry(pair, why, {})
    left = [pair for pair in pairs if _is_meant(signal, pair) and _was_touched(pair)]
    if not left:
        return _nothing_traded(signal, why)
    reason = f"{why}; {_what_was_left(left, pairs)}"
    return outcome_of_exit(signal.id, left, _exit_status(left), reason, {})


def _is_meant(signal: Signal, pair: Pair) -> bool:
    """``signal`` asks for it to be left: by its id, or as one that was open when it was made."""
    if pair.symbol != signal.symbol or pair.state in _NEVER_HEDGED:
        return False
    if signal.pair_id is not None:
        return signal.pair_id == pair.pair_id
    made = signal.created_at
    return pair.opened_at <= made and (pair.closed_at is None or pair.closed_at > made - SKEW)


def _was_touched(pair: Pair) -> bool:
    traded = any(pair.leg(name).exit.quantity for name in LegName)
    return traded or pair.state is not PairState.HEDGED


def _exit_status(left: list[Pair]) -> OutcomeStatus:
    """The worst that happened to any of them."""
    states = {pair.state for pair in left}
    if states == {PairState.CLOSED}:
        return OutcomeStatus.CLOSED
    if states <= {PairState.CLOSED, PairState.HEDGED}:
        return OutcomeStatus.FAILED
    return OutcomeStatus.NAKED


def _what_was_left(left: list[Pair], pairs: PairBook) -> str:
    told = []
    for pair in left:
        result = pairs.result(pair.pair_id)
        told.append(f"{pair.pair_id}: {result_sentence(result) if result else pair.state}")
    return "; ".join(told)


def _nothing_traded(signal: Signal, why: str) -> Outcome:
    return Outcome(
        signal_id=signal.id,
        status=OutcomeStatus.DENIED,
        reason=f"{why}; nothing was traded: send a new signal if it is still wanted",
        pair_id=signal.pair_id,
        direction=signal.direction,
    )
