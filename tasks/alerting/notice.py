"""An alert on its way to the people: what happened, with its number and its row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tasks.alert import Alert, AlertLevel


@dataclass(frozen=True, slots=True)
class Notice:
    number: int
    """Of the alert, counted from 1 over the life of the journal."""
    at: datetime
    alert: Alert
    row_id: str
    row_level: AlertLevel
    """The highest level that the trouble has had: its end is as urgent as it was."""
    is_over: bool = False
    is_repeat: bool = False
    """The trouble was told of before and is no worse now."""
