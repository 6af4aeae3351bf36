"""How often something went wrong in the last hour and today.

Counted are critical alerts, and signals that were acted on and came to nothing; a naked one raises
such an alert. All are in the journal, so that a restart forgets none of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from exchanges.clock import Clock
from tasks.alert import AlertLevel
from tasks.kst import day_start, kst_day
from tasks.outcome import OutcomeStatus
from warehouse import Record
from warehouse.records import RecordType

HOUR = timedelta(hours=1)
CAME_TO_NOTHING = (OutcomeStatus.FAILED, OutcomeStatus.UNWOUND)


class ErrorCount:
    """Told of each record; keeps the times of errors of today and of the last hour."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times: deque[datetime] = deque()

    def restoring(self, records: Iterable[Record]) -> Iterator[Record]:
        """Every record, noted on its way through."""
        for record in records:
            if _is_error(record.type, record.body):
                self._note(record.at)
            yield record

    def written(self, record_type: RecordType, body: Mapping[str, Any]) -> None:
        """Note a record that the journal has just taken."""
        if _is_error(record_type, body):
            self._note(self._clock.now())

    @property
    def last_hour(self) -> int:
        return self._since(self._clock.now() - HOUR)

    @property
    def today(self) -> int:
        """Since midnight in Seoul."""
        return self._since(day_start(kst_day(self._clock.now())))

    def _note(self, at: datetime) -> None:
        self._times.append(at)
        oldest = min(day_start(kst_day(at)), at - HOUR)
        while self._times[0] < oldest:
            self._times.popleft()

    def _since(self, start: datetime) -> int:
        return sum(at >= start for at in self._times)


def _is_error(record_type: str, body: Mapping[str, Any]) -> bool:
    if record_type == RecordType.ALERT:
        return body["level"] == AlertLevel.CRITICAL and not body.get("is_over", False)
    if record_type == RecordType.SIGNAL_DECIDED:
        return body["outcome"]["status"] in CAME_TO_NOTHING
    return False
