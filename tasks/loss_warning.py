"""Warns that the day's loss comes near its limit, and says when the day has got away from it."""

from __future__ import annotations

from collections.abc import Callable

from tasks.alert import Alert, AlertLevel, AlertType
from tasks.capital import HUNDRED, loss_limit_krw
from tasks.desk_facts import DeskFacts
from tasks.krw_text import krw_text
from tasks.settings import Settings


class LossWarning:
    """Looked at every few seconds; says each thing once."""

    def __init__(
        self, facts: DeskFacts, settings: Settings, alert: Callable[[Alert], None]
    ) -> None:
        self._facts = facts
        self._settings = settings
        self._alert = alert
        self._is_warned = False

    def look(self) -> None:
        """Compare the day's result with the share of the limit that is warned of."""
        capital = self._facts.capital()
        if capital is None:
            return
        settings, loss = self._settings, -capital.day_result_krw
        limit = loss_limit_krw(capital.total_krw, settings.daily_loss_limit_pct)
        is_near = loss > 0 and loss >= limit * settings.daily_loss_warning_pct / HUNDRED
        if is_near and not self._is_warned and loss < limit:
            self._alert(
                Alert(
                    AlertType.DAILY_LOSS_WARNING,
                    AlertLevel.WARNING,
                    f"today lost {krw_text(loss)} KRW of the {krw_text(limit)} KRW at which "
                    "entries end for the day.",
                    subject="day",
                )
            )
        if not is_near:
            self._over(AlertType.DAILY_LOSS_WARNING, "day")
        if loss < limit:
            self._over(AlertType.DAILY_LOSS_EXCEEDED, "day")
        self._is_warned = is_near

    def _over(self, type_: AlertType, subject: str) -> None:
        said = "the day's result is away from the limit again, or a new Korean day has begun."
        self._alert(Alert(type_, AlertLevel.INFO, said, subject=subject, is_over=True))
