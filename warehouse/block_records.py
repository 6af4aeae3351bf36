"""Records of what keeps the desk from entering pairs, over restarts too."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class CircuitRecord(TypedDict):
    """A venue's circuit changed; the last record of a venue holds."""

    venue: str
    state: str
    """``closed``, ``open`` or ``half_open``."""
    since: str


class HaltRecord(TypedDict):
    """Where a market stands that has stopped, or came back at another price; the last record of a
    venue and symbol holds. All None: it trades, and nothing is held against it."""

    venue: str
    symbol: str
    stopped_at: str | None
    """None: it trades."""
    price: str | None
    """The last one before it stopped."""
    gap_pct: str | None
    """How far from there the price came back, percent; None: no such gap is flagged."""
    flagged_at: str | None


class ContradictionRecord(TypedDict):
    """Something happened to a pair that its state does not allow: its symbol takes no entries until
    a ``switch`` record says ``resume``."""

    pair_id: str
    symbol: str
    sentence: str


class SwitchRecord(TypedDict):
    """The emergency stop and its end, and the stops of single switches. ``resume`` also says that a
    person has seen the halts' gaps and the contradictions that stand before it; ``reset`` lifts the
    stop and nothing else."""

    switch: str
    """``kill``, ``resume`` or ``reset`` (by a person, without the checks of a resume); of a single
    switch ``stop``, ``on``, or ``again``: what it is stopped for has come again."""
    reason: str
    liquidate: NotRequired[bool]
    symbol: NotRequired[str]
    """Of a kill that concerns one coin. Absent: everything."""
    is_restored: NotRequired[bool]
    """Of a kill: the records before it come out of a backup, and those that followed are lost."""
    name: NotRequired[str]
    """Of ``stop``, ``on`` and ``again``: the switch, such as ``entry/live``."""
    code: NotRequired[str]
    """Of ``stop`` and ``again``: what set it (:class:`tasks.stop_reason.StopReason`)."""
    times: NotRequired[int]
    """Of ``again``: how often so far."""
    is_set: NotRequired[bool]
    """Of ``stop``: Prefect knows of it."""
    by: NotRequired[str]
    """Who reset it."""
