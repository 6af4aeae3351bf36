"""Messages and notices to send about."""

from __future__ import annotations

from datetime import UTC, datetime

from tasks.alert import Alert, AlertLevel, AlertType
from tasks.alerting.message import Line, Message
from tasks.alerting.notice import Notice

AT = datetime(2026, 3, 4, 1, 2, 3, tzinfo=UTC)
TRICKY = 'p_1 *fell* by <5 %> & "more"; ask @everyone [here](https://x.test)'


def message(level: str = "critical", text: str = TRICKY, name: str = "a1-a1") -> Message:
    lines = (Line(level, text), Line("recovered", "upbit answers again"))
    return Message(level, f"kimp paper: {level.upper()} ONE_LEG", lines, name)


def notice(
    number: int = 1,
    level: AlertLevel = AlertLevel.CRITICAL,
    *,
    row: int | None = None,
    said: str = "",
    is_over: bool = False,
    is_repeat: bool = False,
    type_: AlertType = AlertType.ONE_LEG,
) -> Notice:
    alert = Alert(type_, level, said or f"number {number}", f"p{row or number}", is_over=is_over)
    return Notice(number, AT, alert, f"a{row or number}", level, is_over, is_repeat)
