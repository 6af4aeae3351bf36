"""Whether a process of an executor that nobody can ask has stopped doing anything.

One that does not listen yet, or no more, can only be looked at: it reads its journal, or waits for
the lease, and either is over after a while. What was seen is kept in a file between two looks,
because whoever looks is a short run.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

from pydantic import BaseModel, RootModel, ValidationError

from exchanges.clock import Clock
from tasks.processes import Process

log = logging.getLogger(__name__)

START_S = 180.0
"""A start listens after seconds, or it computes: it reads the journal. An heir waits for its lease
for a minute at the most, and an end takes less."""
LONGEST_S = 1_800.0
"""So long no start takes, whatever it computes."""
IDLE = 0.05
"""Share of a processor below which a process that does not listen does nothing."""
LOST_S = 90.0
"""Three looks. Over a longer gap nothing is known: what began before it may have listened since."""


class Seen(BaseModel, frozen=True):
    """Of one process; monotonic seconds, as are the machine's."""

    birth: str
    first_s: float
    busy_s: float
    """When it was last found to compute, or first looked at."""
    looked_s: float
    cpu_s: float
    """Computing that it had used by then."""


class Looks(RootModel[dict[int, Seen]]):
    """By process id."""


class Standstill:
    """Of one KIMP_HOME, whoever looks."""

    def __init__(self, home: Path, clock: Clock) -> None:
        # Beside the lock of executor-watch, which alone looks.
        self._file = home / "run" / "alone" / "executor-looks.json"
        self._clock = clock

    def look(self, processes: Collection[Process]) -> dict[Process, str]:
        """Look at all that nobody can ask now: how those stand still that do, in words. What is
        not among them this time begins anew when it is again."""
        before = self._read()
        looks = {it.pid: self._looked(it, before.get(it.pid)) for it in processes}
        if looks:
            self._keep(looks)
        else:
            self._file.unlink(missing_ok=True)
        found = {it: _standing_still(looks[it.pid]) for it in processes}
        return {process: how for process, how in found.items() if how is not None}

    def _looked(self, process: Process, seen: Seen | None) -> Seen:
        now_s, cpu_s = self._clock.monotonic(), process.cpu_s
        if seen is None or seen.birth != process.birth or now_s - seen.looked_s > LOST_S:
            return Seen(
                birth=process.birth, first_s=now_s, busy_s=now_s, looked_s=now_s, cpu_s=cpu_s
            )
        is_busy = cpu_s - seen.cpu_s > IDLE * (now_s - seen.looked_s)
        busy_s = now_s if is_busy else seen.busy_s
        looked = {"busy_s": busy_s, "looked_s": now_s, "cpu_s": cpu_s}
        return seen.model_copy(update=looked)

    def _read(self) -> dict[int, Seen]:
        """What cannot be read begins anew."""
        try:
            return Looks.model_validate_json(self._file.read_bytes()).root
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError) as error:
            log.error("%s cannot be read: %s", self._file, error)
            return {}

    def _keep(self, looks: dict[int, Seen]) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = self._file.with_suffix(".new")
            fresh.write_text(Looks(looks).model_dump_json(), "utf-8")
            fresh.replace(self._file)
        except OSError as error:
            log.error("%s cannot be written: %s", self._file, error.strerror)


def _standing_still(seen: Seen) -> str | None:
    """None: it does not, or not for long enough to be sure."""
    if seen.looked_s - seen.busy_s >= START_S:
        return f"has computed nothing for {START_S:g} s"
    if seen.looked_s - seen.first_s >= LONGEST_S:
        return f"has been at it for {LONGEST_S / 60:g} minutes"
    return None
