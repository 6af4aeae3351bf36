"""Why a switch is off, and on which side of that moment a signal was decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tasks.kst import KST


class StopReason(StrEnum):
    """What set a switch. Only MANUAL_STOP is a person; all are lifted by a person alone."""

    DAILY_LOSS_EXCEEDED = "DAILY_LOSS_EXCEEDED"
    API_CONNECTION_LOST = "API_CONNECTION_LOST"
    SYSTEM_ERROR = "SYSTEM_ERROR"
    POSITION_MISMATCH = "POSITION_MISMATCH"
    MANUAL_STOP = "MANUAL_STOP"


DESK = "the desk"
"""Who has paused, where no person or program did."""


@dataclass(frozen=True, slots=True)
class GivenReason:
    """What was left in Prefect with a pause, for whichever executor finds it."""

    sentence: str
    by: str
    """``kimp stop, user mina``."""
    at: datetime
    """By Prefect's clock."""

    def told(self) -> str:
        """``lunch (kimp stop, user mina, at 2026-02-03 14:03:20 KST)``."""
        return f"{self.sentence} ({self.by}, at {self.at.astimezone(KST):%Y-%m-%d %H:%M:%S} KST)"


@dataclass(frozen=True, slots=True)
class Stop:
    """One reason for which a switch is off."""

    switch: str
    """``entry/live``, ``work-pool/hot``."""
    reason: StopReason
    sentence: str
    heard_at: datetime
    """When the desk knew of it: what was decided before could not."""

    def told(self) -> str:
        """``MANUAL_STOP: lunch, heard at 14:03:20.123 KST``."""
        return f"{self.reason}: {self.sentence}, heard at {time_text(self.heard_at)}"


def time_text(moment: datetime) -> str:
    """``14:03:20.123 KST``."""
    return f"{moment.astimezone(KST):%H:%M:%S.%f}"[:-3] + " KST"


def decided_before(stop: str, heard_at: datetime, decided_at: datetime) -> str:
    """The sentence of a signal that was being carried out when ``stop`` (``the pause of
    entry/live``) was heard."""
    return f"decided at {time_text(decided_at)} before {stop} was heard at {time_text(heard_at)}"
