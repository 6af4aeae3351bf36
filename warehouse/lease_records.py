"""Records of who writes the journal: an epoch's first and, where it ended in order, its last."""

from __future__ import annotations

from typing import TypedDict


class LeaseTaken(TypedDict):
    pid: int
    host: str


class LeaseReleased(TypedDict):
    """The last record of an executor that ended in order."""

    pid: int
    reason: str
    """One sentence for people."""
    heir: int | None
    """Process id of the executor that takes over; None: nobody waits for the lease."""
    cancelled: list[str]
    """Client order ids of what rested at the venues."""
    open_pairs: list[str]
    """Pairs that are kept for whoever comes next."""
