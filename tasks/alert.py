"""Something an operator should know: a row to acknowledge, not a message to lose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tasks.switch_guard import STOPS_ENTRIES


class AlertType(StrEnum):
    TRADE_EXECUTED = "TRADE_EXECUTED"
    PROFIT_TARGET_HIT = "PROFIT_TARGET_HIT"
    ONE_LEG = "ONE_LEG"
    STOP_REFUSED_LOSS = "STOP_REFUSED_LOSS"
    DAILY_LOSS_WARNING = "DAILY_LOSS_WARNING"
    DAILY_LOSS_EXCEEDED = "DAILY_LOSS_EXCEEDED"
    API_CONNECTION_LOST = "API_CONNECTION_LOST"
    API_CONNECTION_BACK = "API_CONNECTION_BACK"
    MARKET_UNFIT = "MARKET_UNFIT"
    MARKET_FIT = "MARKET_FIT"
    RECONCILE_MISMATCH = "RECONCILE_MISMATCH"
    FORCED_CLOSE = "FORCED_CLOSE"
    MANUAL_TRADE = "MANUAL_TRADE"
    MARGIN_LOW = "MARGIN_LOW"
    STOP_ACTIVATED = "STOP_ACTIVATED"
    RESUME_REFUSED = "RESUME_REFUSED"
    EMERGENCY_STOP = "EMERGENCY_STOP"
    RESUMED = "RESUMED"
    SYSTEM_ERROR = "SYSTEM_ERROR"


class AlertLevel(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """The higher the worse."""
        return _RANKS[self]


_RANKS = {level: rank for rank, level in enumerate(AlertLevel)}


@dataclass(frozen=True, slots=True)
class Alert:
    type: AlertType
    level: AlertLevel
    message: str
    """One sentence: what happened and what to do."""
    pair_id: str | None = None
    subject: str | None = None
    """What it is about besides a pair (``upbit``, ``entry/live``): type, pair and subject together
    name one trouble, so that its second alert is the same row and :attr:`is_over` finds it."""
    is_over: bool = False
    """The trouble of this type (of good news: of a type in :data:`ENDS`), pair and subject has
    ended. Said of one that nobody was told of it is no alert at all, so it may be said whenever all
    is well. Who watches says it at the first good look of a life: the trouble may have begun in the
    life before."""


DECISION = "decision"
"""Subject, or the beginning of it, of a signal that failed inside the desk."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A kind of trouble that good news is the end of."""

    type: AlertType
    about: str = ""
    """Only of subjects that begin so."""

    def covers(self, type_: AlertType, subject: str | None) -> bool:
        return type_ is self.type and (subject or "").startswith(self.about)


ENDS: Mapping[AlertType, tuple[Ended, ...]] = {
    AlertType.API_CONNECTION_BACK: (Ended(AlertType.API_CONNECTION_LOST),),
    AlertType.MARKET_FIT: (Ended(AlertType.MARKET_UNFIT),),
    AlertType.RESUMED: (
        *(Ended(AlertType.STOP_ACTIVATED, name) for name in STOPS_ENTRIES),
        Ended(AlertType.EMERGENCY_STOP),
        Ended(AlertType.RESUME_REFUSED),
        Ended(AlertType.SYSTEM_ERROR, DECISION),
    ),
}
"""Types that are good news, and the troubles they end: those of the same pair and subject, and
where the news names neither, all."""
