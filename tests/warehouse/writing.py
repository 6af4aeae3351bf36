"""Write a journal for a test, on a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tests.warehouse.examples import START, Entry
from warehouse.journal import Journal


@dataclass
class ManualClock:
    """A wall clock that stands still until it is moved."""

    time: datetime = START

    def now(self) -> datetime:
        return self.time

    def move(self, **by: float) -> None:
        self.time += timedelta(**by)


def write_all(folder: Path, entries: Iterable[Entry], clock: ManualClock | None = None) -> int:
    """Append ``entries`` in one lease, a second apart; how many records that made."""
    clock = clock or ManualClock()
    journal = Journal.open(folder, clock.now)
    first = journal.position.seq
    for record_type, body in entries:
        clock.move(seconds=1)
        journal.write(record_type, body)
    last = journal.position.seq
    journal.close()
    return last - first + 1
