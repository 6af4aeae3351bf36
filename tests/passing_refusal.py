"""Refusals of a signal that say no more than that the machine stood still for a moment."""

from __future__ import annotations

from tasks.outcome import OutcomeStatus

PASSING = frozenset(
    {
        *("switch_silent", "circuit_open", "clock_offset"),
        *("book_stale", "books_skewed", "tether_stale", "fx_stale"),
    }
)
"""Codes: what the desk knew was too old, or a venue had not answered in time."""


def is_passing(status: str, reason: str | None) -> bool:
    """Of an outcome: would another signal, a moment later, be taken?"""
    return status == OutcomeStatus.DENIED and (reason or "").partition(":")[0] in PASSING
