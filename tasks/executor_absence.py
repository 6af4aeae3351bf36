"""An executor that does not answer: since when, and who was told.

Kept in a file between two looks, because whoever looks is a short run. People hear of each death
once, by every channel that takes it, and of its end by the same ones; the executor that lives then
has a row for it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from exchanges.clock import Clock
from tasks.absence_record import Absence, AbsenceFile
from tasks.absence_rows import death_alert, end_alert, store
from tasks.alert import Alert
from tasks.alerting.channels import channels_of
from tasks.alerting.direct_delivery import tell_directly
from tasks.settings import Settings
from warehouse import JournalCorrupt, last
from warehouse.records import RecordType

GOOD_NEWS = timedelta(minutes=10)
"""So long a channel is tried that has not taken it."""


class ExecutorAbsence:
    """Of one KIMP_HOME, whoever looks."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._file = AbsenceFile(settings.home)

    async def tell(self, message: str) -> None:
        """An executor is missing: tell people, unless they know or it has ended in order."""
        with self._file.alone() as is_mine:
            if is_mine:
                await self._tell_of_absence(message)

    async def end(self, message: str, *, unseen: bool = False) -> None:
        """An executor answers: tell whoever was told that there was none. ``unseen``: one has died,
        which everybody hears now if nobody was told while it lasted."""
        with self._file.alone() as is_mine:
            if is_mine:
                await self._tell_of_end(message, unseen=unseen)

    async def _tell_of_absence(self, message: str) -> None:
        absence = self._file.now(self._clock.now())
        if absence.message is None:
            if ended_in_order(self._settings.journal_dir):
                self._file.keep(absence)
                return
            absence = absence.model_copy(update={"message": message})
            self._file.keep(absence)  # first of all: the message stays the same for every channel
        alert = death_alert(absence.message or message)
        taken = await self._tell(alert, absence.told.__contains__)
        self._file.keep(absence.model_copy(update={"told": (*absence.told, *taken)}))

    async def _tell_of_end(self, message: str, *, unseen: bool) -> None:
        now, absence = self._clock.now(), self._file.read()
        if unseen and (absence is None or absence.message is None or absence.over is not None):
            everybody = tuple(channels_of(self._settings, self._clock))
            died = "The executor before has died; no look had met that yet."
            began = self._file.now(now).model_copy(update={"since": now})
            absence = began.model_copy(update={"message": died, "told": everybody, "over": now})
        if absence is None:
            return
        absence = absence.model_copy(update={"over": absence.over or now})
        absence = await self._told_end(await self._stored(absence, message), message)
        if absence.told or absence.unstored():
            self._file.keep(absence)
        else:
            self._file.remove()

    async def _stored(self, absence: Absence, message: str) -> Absence:
        if deaths := absence.unstored():
            async for left in store(self._settings, deaths, message):
                absence = absence.storing(left)
                self._file.keep(absence)  # at once: this run may end before the next step
        return absence

    async def _told_end(self, absence: Absence, message: str) -> Absence:
        """With the channels that are still to hear of it."""
        if not absence.told or absence.over is None:
            return absence
        away_s = (absence.over - absence.since).total_seconds()
        how = f"It had been missed for {away_s:.0f} s." if away_s else absence.message
        told = absence.told
        taken = await self._tell(end_alert(f"{message} {how}"), lambda name: name not in told)
        is_late = self._clock.now() - absence.over >= GOOD_NEWS
        left = () if is_late else tuple(name for name in told if name not in taken)
        return absence.model_copy(update={"told": left})

    async def _tell(self, alert: Alert, heard_by: Callable[[str], bool]) -> tuple[str, ...]:
        taken = await tell_directly(self._settings, self._clock, alert, heard_by)
        return tuple(sorted(taken))


def ended_in_order(journal_dir: Path) -> bool:
    """Did the last executor give its lease back to nobody, or was there never one? A journal that
    was restored from a backup begins anew."""
    try:
        record = last(journal_dir)
    except JournalCorrupt:
        return False
    if record is None:
        return True
    if record.type == RecordType.LEASE_RELEASED:
        return record.body["heir"] is None
    return record.type == RecordType.SWITCH and bool(record.body.get("is_restored"))
