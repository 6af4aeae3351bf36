"""Records of what an operator should know: alerts, who has seen them, and where they were told."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class AlertRow(TypedDict):
    """The row that an alert belongs to, as it stands after it: all alerts of one trouble are one
    row, from the first to the word that it is over."""

    row_id: str
    """``alert_id`` of its first alert."""
    level: str
    """The highest so far."""
    alerts: int
    """How many so far."""


class AlertRecord(TypedDict):
    alert_id: str
    """``a17``: the seventeenth alert of this journal (of older versions: any text)."""
    type: str
    """``TRADE_EXECUTED``, ``ONE_LEG``, ``STOP_REFUSED_LOSS``, …"""
    level: str
    """``info``, ``warning`` or ``critical``."""
    message: str
    pair_id: str | None
    subject: NotRequired[str | None]
    is_over: NotRequired[bool]
    is_told: NotRequired[bool]
    """Another program told it while no executor lived: no channel of the executor does."""
    row: NotRequired[AlertRow]
    """Absent: a row of its own."""


class AlertAcknowledged(TypedDict):
    """A person has seen a row and looks after it."""

    row_id: str
    by: str


class AlertsDelivered(TypedDict):
    """A channel is done with some alerts."""

    channel: str
    """``slack``, ``discord``, ``telegram`` or ``email``."""
    settled: list[tuple[int, int]]
    """Ranges of alert numbers, both ends included: these are not sent there again."""
    how: str
    """``sent``, ``refused`` (the provider will not have the message), ``dropped`` (the queue was
    full; only their number was told) or ``joined`` (the channel was set up after them)."""
    attempts: int
    error: str | None
