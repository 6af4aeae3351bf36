"""The outcome that a pair's state amounts to."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from tasks.client_order_id import client_order_id
from tasks.outcome import Outcome, OutcomeLeg, OutcomeStatus
from tasks.pair import LegFlow, LegName, Pair
from tasks.pair_transitions import PairState

STATUS = {
    PairState.HEDGED: OutcomeStatus.HEDGED,
    PairState.CLOSED: OutcomeStatus.CLOSED,
    PairState.FAILED: OutcomeStatus.FAILED,
    PairState.UNWOUND: OutcomeStatus.UNWOUND,
    PairState.NAKED: OutcomeStatus.NAKED,
    # Not decided yet is reported as what it may be at worst.
    PairState.UNKNOWN: OutcomeStatus.NAKED,
    PairState.RECOVERING: OutcomeStatus.NAKED,
    PairState.OPENING: OutcomeStatus.NAKED,
    PairState.CLOSING: OutcomeStatus.NAKED,
}


def outcome_of_entry(pair: Pair, reason: str | None, timings_us: dict[str, int]) -> Outcome:
    """What became of the ENTER signal that opened ``pair``."""
    reference = pair.entry_reference
    return Outcome(
        signal_id=pair.signal_id,
        status=STATUS[pair.state],
        reason=reason,
        pair_id=pair.pair_id,
        direction=pair.direction,
        legs=pair_legs(pair, is_entry=True),
        premium_pct=reference.premium_pct if reference else None,
        timings_us=timings_us,
    )


def outcome_of_exit(
    signal_id: str,
    pairs: Iterable[Pair],
    status: OutcomeStatus,
    reason: str | None,
    timings_us: dict[str, int],
) -> Outcome:
    """What became of an EXIT signal; of one pair its id is named, of several their legs follow
    each other."""
    pairs = tuple(pairs)
    only = pairs[0] if len(pairs) == 1 else None
    reference = only.exit_reference if only else None
    return Outcome(
        signal_id=signal_id,
        status=status,
        reason=reason,
        pair_id=only.pair_id if only else None,
        direction=only.direction if only else None,
        legs=tuple(leg for pair in pairs for leg in pair_legs(pair, is_entry=False)),
        premium_pct=reference.premium_pct if reference else None,
        timings_us=timings_us,
    )


def pair_legs(pair: Pair, *, is_entry: bool) -> tuple[OutcomeLeg, ...]:
    """Both legs' trades in the direction of the entry, or of the exit, with all ids used."""
    return tuple(
        OutcomeLeg(
            venue=pair.leg(name).venue,
            side=pair.side(name, is_entry),
            quantity=flow.quantity,
            average_price=_rounded(flow),
            fee=flow.fee,
            fee_currency=pair.leg(name).fee_currency,
            client_order_ids=tuple(
                client_order_id(pair.pair_id, name, attempt) for attempt in pair.leg(name).numbers
            ),
        )
        for name in LegName
        for flow in (pair.leg(name).entry if is_entry else pair.leg(name).exit,)
    )


def _rounded(flow: LegFlow) -> Decimal | None:
    """Average price for people; the exact value stands in the books."""
    average = flow.average_price
    return None if average is None else average.quantize(Decimal("0.00000001"))
