"""The life of a pair: every way it may go, in one table.

::

    opening ─▶ hedged ─▶ closing ─▶ closed
       │          ▲          │
       ├─ unknown ┤          ├─ unknown
       ├──────────┴─ recovering ─▶ unwound | naked
       └─ failed (nothing held)
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
        """Nothing is held and nothing more will happen."""
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


TRANSITIONS: Mapping[PairState, Mapping[PairEvent, PairState]] = MappingProxyType(
    {
        PairState.OPENING: {
            PairEvent.LEGS_MATCHED: PairState.HEDGED,
            PairEvent.NOTHING_FILLED: PairState.FAILED,
            PairEvent.LEG_MISSING: PairState.RECOVERING,
            PairEvent.OUTCOME_UNKNOWN: PairState.UNKNOWN,
        },
        PairState.UNKNOWN: {
            PairEvent.LEGS_MATCHED: PairState.HEDGED,
            PairEvent.NOTHING_FILLED: PairState.FAILED,
            PairEvent.LEG_MISSING: PairState.RECOVERING,
            PairEvent.FLAT: PairState.CLOSED,
            PairEvent.UNWOUND: PairState.UNWOUND,
            PairEvent.GAVE_UP: PairState.NAKED,
        },
        PairState.HEDGED: {
            PairEvent.EXIT_STARTED: PairState.CLOSING,
            # A venue may change a leg behind our back: auto-deleveraging, liquidation.
            PairEvent.LEG_MISSING: PairState.RECOVERING,
        },
        PairState.CLOSING: {
            PairEvent.FLAT: PairState.CLOSED,
            # Nothing, or equal parts of both legs, were closed.
            PairEvent.LEGS_MATCHED: PairState.HEDGED,
            PairEvent.LEG_MISSING: PairState.RECOVERING,
            PairEvent.OUTCOME_UNKNOWN: PairState.UNKNOWN,
        },
        PairState.RECOVERING: {
            PairEvent.LEGS_MATCHED: PairState.HEDGED,
            PairEvent.FLAT: PairState.CLOSED,
            PairEvent.UNWOUND: PairState.UNWOUND,
            PairEvent.GAVE_UP: PairState.NAKED,
            PairEvent.OUTCOME_UNKNOWN: PairState.UNKNOWN,
        },
        PairState.NAKED: {PairEvent.RECOVERY_STARTED: PairState.RECOVERING},
        PairState.CLOSED: {},
        PairState.UNWOUND: {},
        PairState.FAILED: {},
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
