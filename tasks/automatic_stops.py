"""What stops entries without a person: each trigger sets ``entry/live``, with its reason.

A trigger never takes a stop back, also when its cause is over; that is asked for by a person and
looked at in :mod:`tasks.resuming`. A cause that comes again while its stop stands is kept by
:mod:`tasks.stop_repeats`.
"""

from __future__ import annotations

from tasks.alert import Alert, AlertLevel, AlertType
from tasks.capital import loss_limit_krw
from tasks.desk_facts import DeskFacts
from tasks.krw_text import krw_text
from tasks.stop_board import StopBoard
from tasks.stop_reason import StopReason
from tasks.switch_guard import ENTRY
from tasks.trading import Trading


class AutomaticStops:
    """Returns at once from everything: nobody waits here for Prefect."""

    def __init__(self, board: StopBoard, facts: DeskFacts, trading: Trading) -> None:
        self._board = board
        self._facts = facts
        self._trading = trading

    def enforce_loss_limit(self) -> None:
        """Stop once the day's loss reaches its limit.

        The gate refuses entries by itself then; the switch is set so that it is seen, and so that
        a person decides when it goes on.
        """
        loss = self.loss_over_limit()
        if loss is None or self._board.came_again(ENTRY, StopReason.DAILY_LOSS_EXCEEDED, loss):
            return
        self._trading.alert(
            Alert(
                AlertType.DAILY_LOSS_EXCEEDED,
                AlertLevel.CRITICAL,
                f"{loss}: {ENTRY} is paused until the Korean day is over or the limit is raised, "
                "and a person switches it on.",
                subject="day",
            )
        )
        self._stop(StopReason.DAILY_LOSS_EXCEEDED, loss)

    def loss_over_limit(self) -> str | None:
        """The day's loss and its limit in words; None: it is within, or not known."""
        capital = self._facts.capital()
        if capital is None or capital.day_result_krw >= 0:
            return None
        limit_pct = self._trading.settings.daily_loss_limit_pct
        limit = loss_limit_krw(capital.total_krw, limit_pct)
        if -capital.day_result_krw < limit:
            return None
        return (
            f"today lost {krw_text(-capital.day_result_krw)} KRW, the limit is {krw_text(limit)} "
            f"KRW ({limit_pct:f} % of capital)"
        )

    def connection_lost(self, sentence: str) -> None:
        """A venue is out: its checks failed again and again."""
        self._stop(StopReason.API_CONNECTION_LOST, sentence)

    def positions_differ(self, sentence: str) -> None:
        """Journal and venues disagree, and nothing explains it."""
        self._stop(StopReason.POSITION_MISMATCH, sentence)

    def system_error(self, sentence: str) -> None:
        """Something failed in a way that nobody has foreseen."""
        self._stop(StopReason.SYSTEM_ERROR, sentence)

    def _stop(self, reason: StopReason, sentence: str) -> None:
        self._board.stop((ENTRY,), reason, sentence)
