"""Deaths of the executor in the stored list: a row each, open until it is seen or over.

While one lives it alone writes the list, so it is asked to; while none lives the row is read from
what those who look have kept, and who sees it is written down there.
"""

from __future__ import annotations

import asyncio
from typing import Any

from tasks.absence_record import Absence, AbsenceFile, Death
from tasks.alert import Alert, AlertLevel, AlertType
from tasks.alerting.alert_rows import AlertRows, Row
from tasks.errors import DeskError
from tasks.executor_client import ExecutorClient
from tasks.settings import Settings
from tasks.stop_reason import time_text

SUBJECT = "executor"
"""Of the alerts, and the id of the row as long as no executor gives it another."""
STORE_S = 5.0
"""An executor's time to take a row; the next look tries again."""


def death_alert(message: str) -> Alert:
    return Alert(AlertType.SYSTEM_ERROR, AlertLevel.CRITICAL, message, None, SUBJECT)


def end_alert(message: str) -> Alert:
    return Alert(AlertType.SYSTEM_ERROR, AlertLevel.INFO, message, None, SUBJECT, is_over=True)


async def store(settings: Settings, deaths: tuple[Death, ...], end: str) -> bool:
    """Have the living executor write a row for each; False: it could not, nobody was told anew."""
    try:
        async with (
            asyncio.timeout(STORE_S * max(len(deaths), 1)),
            ExecutorClient(settings.socket_file) as executor,
        ):
            for death in deaths:
                said = f"{death.message} (Since {time_text(death.since)}, told without it.)"
                row_id = await executor.store_alert(death_alert(said))
                if death.seen_by is not None and row_id is not None:
                    await executor.acknowledge(row_id, death.seen_by)
                away_s = (death.over - death.since).total_seconds()
                told = f"{end} It had been missed for {away_s:.0f} s." if away_s else end
                await executor.store_alert(end_alert(told))
    except (DeskError, TimeoutError):
        return False
    return True


def open_row(absence: Absence | None) -> dict[str, Any] | None:
    """The row of an absence that lasts, as ``GET /v1/alerts`` would show it; None: there is none,
    or it has ended in order."""
    if absence is None or absence.message is None or absence.over is not None:
        return None
    row: Row = AlertRows().note(death_alert(absence.message), SUBJECT, absence.since)
    if absence.seen_by is not None:
        row.acknowledged_at, row.acknowledged_by = absence.since, absence.seen_by
    return row.to_json()


def acknowledge(file: AbsenceFile, by: str) -> None:
    """A person has seen that no executor lives. Raises DeskError when none is missed, or when it
    cannot be written down just now."""
    with file.alone() as is_mine:
        absence = file.read()
        if absence is None or open_row(absence) is None:
            raise DeskError("no executor is missing: there is nothing to acknowledge")
        if not is_mine:
            raise DeskError("people are being told of it just now: acknowledge it once more")
        if absence.seen_by is None:
            file.keep(absence.model_copy(update={"seen_by": by}))
