"""The life of a pair: every way it may go, in one table.

::

    opening ─▶ hedged ─▶ closing ─▶ closed
       │          ▲          │
       ├─ unknown ┤          ├─ unknown
       ├──────────┴─ recovering ─▶ unwound | naked
       └─ failed (nothing held)

A leg can also change behind the desk's back: the venue closes it by force, somebody trades it by
hand, or an order that had ended turns out to have traded more. Each of these leads to
``recovering``, out of an ended pair too; a pair that is not settled stays where it is, and what it
holds is looked at when it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from tasks.errors import IllegalTransition


class PairState(StrEnum):
    OPENING = "opening"
    """Both entry orders are intended or sent."""
    UNKNOWN = "unknown"
    """An order's fate is not known; only the venue's evidence leads out."""
    HEDGED = "hedged"
    CLOSING = "closing"
    """Both exit orders are intended or sent."""
    CLOSED = "closed"
    RECOVERING = "recovering"
    """The legs differ and the desk is repairing it."""
    UNWOUND = "unwound"
    """What one leg held was undone; nothing is held."""
    NAKED = "naked"
    """The legs differ and the desk could not repair it: a person is needed."""
    FAILED = "failed"
    """Nothing was ever held."""

    @property
    def is_terminal(self) -> bool:
        """Nothing is held; only a late fill could change that."""
        return self in (PairState.CLOSED, PairState.UNWOUND, PairState.FAILED)


class PairEvent(StrEnum):
    LEGS_MATCHED = "legs_matched"
    """Both legs hold the same, more than nothing."""
    NOTHING_FILLED = "nothing_filled"
    LEG_MISSING = "leg_missing"
    """The legs hold different quantities."""
    OUTCOME_UNKNOWN = "outcome_unknown"
    EXIT_STARTED = "exit_started"
    FLAT = "flat"
    """Neither leg holds anything any more."""
    UNWOUND = "unwound"
    """The only filled leg was undone."""
    RECOVERY_STARTED = "recovery_started"
    GAVE_UP = "gave_up"
    FORCED_CLOSE = "forced_close"
    """The venue reduced a leg: auto-deleveraging or liquidation."""
    MANUAL_TRADE = "manual_trade"
    """Somebody traded a leg by hand."""
    LATE_FILL = "late_fill"
    """An order that had ended has traded more after all."""


TRANSITIONS: Mapping[PairState, Mapping[PairEvent, PairState]] = MappingProxyType(
    {
        PairState.OPENING: {
            PairEvent.LEGS_MATCHED: PairState.HEDGED,
            PairEvent.NOTHING_FILLED: PairState.FAILED,
            PairEvent.LEG_MISSING: PairState.RECOVERING,
            PairEvent.OUTCOME_UNKNOWN: PairState.UNKNOWN,
            PairEvent.FORCED_CLOSE: PairState.OPENING,
            PairEvent.MANUAL_TRADE: PairState.OPENING,
            PairEvent.LATE_FILL: PairState.OPENING,
        },
        PairState.UNKNOWN: {
            PairEvent.LEGS_MATCHED: PairState.HEDGED,
            PairEvent.NOTHING_FILLED: PairState.FAILED,
            PairEvent.LEG_MISSING: PairState.RECOVERING,
            PairEvent.FLAT: PairState.CLOSED,
            PairEvent.UNWOUND: PairState.UNWOUND,
            PairEvent.GAVE_UP: PairState.NAKED,
            PairEvent.FORCED_CLOSE: PairState.UNKNOWN,
            PairEvent.MANUAL_TRADE: PairState.UNKNOWN,
            PairEvent.LATE_FILL: PairState.UNKNOWN,
        },
        PairState.HEDGED: {
            PairEvent.EXIT_STARTED: PairState.CLOSING,
            PairEvent.FORCED_CLOSE: PairState.RECOVERING,
            PairEvent.MANUAL_TRADE: PairState.RECOVERING,
            PairEvent.LATE_FILL: PairState.RECOVERING,
        },
        PairState.CLOSING: {
            PairEvent.FLAT: PairState.CLOSED,
            # Nothing, or equal parts of both legs, were closed.
            PairEvent.LEGS_MATCHED: PairState.HEDGED,
            PairEvent.LEG_MISSING: PairState.RECOVERING,
            PairEvent.OUTCOME_UNKNOWN: PairState.UNKNOWN,
            PairEvent.FORCED_CLOSE: PairState.CLOSING,
            PairEvent.MANUAL_TRADE: PairState.CLOSING,
            PairEvent.LATE_FILL: PairState.CLOSING,
        },
        PairState.RECOVERING: {
            PairEvent.LEGS_MATCHED: PairState.HEDGED,
            PairEvent.FLAT: PairState.CLOSED,
            PairEvent.UNWOUND: PairState.UNWOUND,
            PairEvent.GAVE_UP: PairState.NAKED,
            PairEvent.OUTCOME_UNKNOWN: PairState.UNKNOWN,
            PairEvent.FORCED_CLOSE: PairState.RECOVERING,
            PairEvent.MANUAL_TRADE: PairState.RECOVERING,
            PairEvent.LATE_FILL: PairState.RECOVERING,
        },
        PairState.NAKED: {
            PairEvent.RECOVERY_STARTED: PairState.RECOVERING,
            PairEvent.FORCED_CLOSE: PairState.RECOVERING,
            PairEvent.MANUAL_TRADE: PairState.RECOVERING,
            PairEvent.LATE_FILL: PairState.RECOVERING,
        },
        PairState.CLOSED: {PairEvent.LATE_FILL: PairState.RECOVERING},
        PairState.UNWOUND: {PairEvent.LATE_FILL: PairState.RECOVERING},
        PairState.FAILED: {PairEvent.LATE_FILL: PairState.RECOVERING},
    }
)


def advance(state: PairState, event: PairEvent) -> PairState:
    """The state after ``event``.

    Raises:
        IllegalTransition: the table has no such way; names state and event.
    """
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise IllegalTransition(f"a pair that is {state} cannot take the event {event}") from None
