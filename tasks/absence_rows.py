"""Deaths of the executor in the stored list: a row each, open until it is seen or over.

While one lives it alone writes the list, so it is asked to; while none lives the row is read from
what those who look have kept, and who sees it is written down there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
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
"""An executor's time to begin a row, or to end it; the next look tries again."""


def death_alert(message: str) -> Alert:
    return Alert(AlertType.SYSTEM_ERROR, AlertLevel.CRITICAL, message, None, SUBJECT)


def end_alert(message: str) -> Alert:
    return Alert(AlertType.SYSTEM_ERROR, AlertLevel.INFO, message, None, SUBJECT, is_over=True)


async def store(
    settings: Settings, deaths: tuple[Death, ...], end: str
) -> AsyncIterator[tuple[Death, ...]]:
    """Have the living executor write a row for each, of which nobody is told anew: what is left to
    be written, after each step. It ends early where the executor does.

    A step whose answer is lost may be asked for again: a death that repeats is booked into the row
    that is open, and an end without an open row is none.
    """
    try:
        async with ExecutorClient(settings.socket_file) as executor:
            for number, death in enumerate(deaths, 1):
                if not death.has_row:
                    await asyncio.wait_for(_begin(executor, death), STORE_S)
                    yield death.model_copy(update={"has_row": True}), *deaths[number:]
                away_s = (death.over - death.since).total_seconds()
                told = f"{end} It had been missed for {away_s:.0f} s." if away_s else end
                await asyncio.wait_for(executor.store_alert(end_alert(told)), STORE_S)
                yield deaths[number:]
    except (DeskError, TimeoutError):
        return


async def _begin(executor: ExecutorClient, death: Death) -> None:
    said = f"{death.message} (Since {time_text(death.since)}, told without it.)"
    row_id = await executor.store_alert(death_alert(said))
    if death.seen_by is not None and row_id is not None:
        await executor.acknowledge(row_id, death.seen_by)


def open_row(absence: Absence | None) -> dict[str, Any] | None:
    """The row of an absence that lasts, as ``GET /v1/alerts`` would show it; None: there is none,
    or it has ended in order."""
    if absence is None or absence.message is None or absence.over is not None:
        return None
    row: Row = AlertRows().note(death_alert(absence.message), SUBJECT, absence.since)
    if absence.seen_by is not None:
        row.acknowledged_at, row.acknowledged_by = absence.seen_at, absence.seen_by
    return row.to_json()


def acknowledge(file: AbsenceFile, by: str, at: datetime) -> str:
    """A person has seen that no executor lives: who was the first. Raises DeskError when none is
    missed, or when it cannot be written down just now."""
    with file.alone() as is_mine:
        absence = file.read()
        if absence is None or open_row(absence) is None:
            raise DeskError("no executor is missing: there is nothing to acknowledge")
        if not is_mine:
            raise DeskError("people are being told of it just now: acknowledge it once more")
        if absence.seen_by is not None:
            return absence.seen_by
        file.keep(absence.model_copy(update={"seen_by": by, "seen_at": at}))
        return by
