"""An executor that does not answer: since when, who was told, and whether its start stands still.

Kept in a file between two looks, because whoever looks is a short run. People hear of each death
once, by every channel that takes it, and of its end by the same ones.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ValidationError

from exchanges.clock import Clock
from tasks.alert import Alert, AlertLevel, AlertType
from tasks.alerting.channels import channels_of
from tasks.alerting.direct_delivery import tell_directly
from tasks.processes import Process
from tasks.settings import Settings
from warehouse import JournalCorrupt, last
from warehouse.records import RecordType

log = logging.getLogger(__name__)

SUBJECT = "executor"
START_S = 180.0
"""A start listens after seconds, or it computes: it reads the journal. An end takes less."""
IDLE = 0.05
"""Share of a processor below which a process that does not listen does nothing."""
GOOD_NEWS = timedelta(minutes=10)
"""So long a channel is tried that has not taken it."""


class Absence(BaseModel, frozen=True):
    """What the file holds."""

    since: AwareDatetime
    message: str | None = None
    """What people are told; None: nothing, it has ended in order."""
    told: tuple[str, ...] = ()
    """Channels that are to hear of its end."""
    over: AwareDatetime | None = None
    """When an executor was found to live again."""
    pid: int = 0
    """Who held the lease at the last look, and did not listen."""
    birth: str = ""
    pid_since_s: float = 0.0
    """Monotonic, as are the machine's: when that was first found."""
    looked_s: float = 0.0
    cpu_s: float = 0.0
    """Computing that it had used by then."""


class ExecutorAbsence:
    """Of one KIMP_HOME, whoever looks."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    async def tell(self, message: str) -> None:
        """An executor is missing: tell people, unless they know or it has ended in order."""
        with self._alone() as is_mine:
            if is_mine:
                await self._tell_of_absence(message)

    async def end(self, message: str, *, unseen: bool = False) -> None:
        """An executor answers: tell whoever was told that there was none. ``unseen``: one has died,
        which everybody hears now if nobody was told while it lasted."""
        with self._alone() as is_mine:
            if is_mine:
                await self._tell_of_end(message, unseen=unseen)

    async def _tell_of_absence(self, message: str) -> None:
        absence = self._now()
        if absence.message is None:
            if ended_in_order(self._settings.journal_dir):
                self._keep(absence)
                return
            absence = absence.model_copy(update={"message": message})
            self._keep(absence)  # first of all: the message stays the same for every channel
        alert = self._alert(AlertLevel.CRITICAL, absence.message or message, is_over=False)
        taken = await self._tell(alert, absence.told.__contains__)
        self._keep(absence.model_copy(update={"told": (*absence.told, *taken)}))

    async def _tell_of_end(self, message: str, *, unseen: bool) -> None:
        now, absence = self._clock.now(), self._read()
        if unseen and (absence is None or absence.message is None):
            everybody = tuple(channels_of(self._settings, self._clock))
            died = "The executor before has died; no look had met that yet."
            absence = Absence(since=now, message=died, told=everybody, over=now)
        if absence is None:
            return
        left = absence.told
        if left:
            away_s = ((absence.over or now) - absence.since).total_seconds()
            how = f"It had been missed for {away_s:.0f} s." if away_s else absence.message
            alert = self._alert(AlertLevel.INFO, f"{message} {how}", is_over=True)
            taken = await self._tell(alert, lambda name: name not in absence.told)
            left = tuple(name for name in left if name not in taken)
        over = absence.over or now
        if left and now - over < GOOD_NEWS:
            self._keep(absence.model_copy(update={"told": left, "over": over}))
        else:
            self._file.unlink(missing_ok=True)

    def stands_still(self, process: Process) -> bool:
        """Has ``process``, which holds the lease and does not listen, done nothing since the last
        look, and long enough not to be at its start or end?"""
        now_s, cpu_s, absence = self._clock.monotonic(), process.cpu_s, self._now()
        is_known = (absence.pid, absence.birth) == (process.pid, process.birth)
        since_s = absence.pid_since_s if is_known else now_s
        is_idle = is_known and cpu_s - absence.cpu_s < IDLE * (now_s - absence.looked_s)
        seen = {"pid": process.pid, "birth": process.birth, "pid_since_s": since_s}
        self._keep(absence.model_copy(update={**seen, "looked_s": now_s, "cpu_s": cpu_s}))
        return is_idle and now_s - since_s >= START_S

    @property
    def _file(self) -> Path:
        return self._settings.home / "run" / "executor-absence.json"

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """False: another program is telling people just now."""
        file = self._file.with_suffix(".lock")
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            is_mine = True
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                is_mine = False
            yield is_mine
        finally:
            os.close(lock)

    def _now(self) -> Absence:
        """The absence that lasts, or one that begins."""
        known = self._read()
        if known is None or known.over is not None:
            return Absence(since=self._clock.now())
        return known

    def _read(self) -> Absence | None:
        try:
            return Absence.model_validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            log.error("%s cannot be read: %s", self._file, error)
            return None

    def _keep(self, absence: Absence) -> None:
        """What cannot be kept is told once more at the next look."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = self._file.with_suffix(".new")
            fresh.write_text(absence.model_dump_json(), "utf-8")
            fresh.replace(self._file)
        except OSError as error:
            log.error("%s cannot be written: %s", self._file, error.strerror)

    async def _tell(self, alert: Alert, heard_by: Callable[[str], bool]) -> tuple[str, ...]:
        taken = await tell_directly(self._settings, self._clock, alert, heard_by)
        return tuple(sorted(taken))

    @staticmethod
    def _alert(level: AlertLevel, message: str, *, is_over: bool) -> Alert:
        return Alert(AlertType.SYSTEM_ERROR, level, message, None, SUBJECT, is_over)


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
