"""Every alert of the desk passes here: into the log, the journal, its row, and to who delivers it.

What is delivered where is written down as well, so that a desk that starts again knows what it
still has to tell. A message may be told twice then, never not at all.
"""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from exchanges.clock import Clock
from tasks.alert import Alert, AlertLevel
from tasks.alerting.alert_rows import AlertRows, Row, record_of
from tasks.alerting.notice import Notice
from tasks.alerting.number_ranges import NumberRanges
from tasks.wire_text import read_utc
from warehouse import JournalError
from warehouse.alert_records import AlertAcknowledged, AlertsDelivered
from warehouse.records import RecordType

log = logging.getLogger(__name__)

REMEMBERED = 2_000
"""Alerts of earlier runs that may still be delivered."""
_LOGGED = {
    AlertLevel.INFO: logging.INFO,
    AlertLevel.WARNING: logging.WARNING,
    AlertLevel.CRITICAL: logging.CRITICAL,
}
_NUMBERED = re.compile(r"a([1-9][0-9]{0,17})")


class AlertBook:
    """``book(alert)`` is the desk's ``alert``: it returns at once and raises nothing."""

    def __init__(self, write: Callable[[RecordType, Mapping[str, Any]], int], clock: Clock) -> None:
        self._write = write
        self._clock = clock
        self._last = 0
        self._earlier: deque[Notice] = deque(maxlen=REMEMBERED)
        self._settled: dict[str, NumberRanges] = {}
        self.rows = AlertRows()
        self.listeners: list[Callable[[Notice], None]] = []
        """Hear of each alert. They must neither block nor raise."""
        self.channels: Callable[[], list[dict[str, Any]]] = list
        """How delivery goes, a channel each; see :mod:`tasks.alerting.delivery`."""

    @property
    def last_number(self) -> int:
        return self._last

    def __call__(self, alert: Alert) -> None:
        notice = self._take(alert, is_told=False)
        if notice is not None:
            for listener in self.listeners:
                listener(notice)

    def store(self, alert: Alert) -> str | None:
        """Book what another program has told people already: no channel tells it again. The id of
        its row; None: it is the end of what nobody was told of."""
        notice = self._take(alert, is_told=True)
        return None if notice is None else notice.row_id

    def _take(self, alert: Alert, *, is_told: bool) -> Notice | None:
        ended = self.rows.ended_by(alert)
        if alert.is_over and not ended:
            return None
        log.log(_LOGGED[alert.level], "%s: %s", alert.type, alert.message)
        for other in ended[1:]:  # good news may end several; it is told once
            self._book(Alert(other.type, alert.level, alert.message), [other], is_told=is_told)
        return self._book(alert, ended[:1], is_told=is_told)

    def _book(self, alert: Alert, ended: list[Row], *, is_told: bool) -> Notice:
        self._last += 1
        alert_id, now = f"a{self._last}", self._clock.now()
        row = self.rows.note(alert, alert_id, now, ended)
        is_over = row.recovered_at is not None
        notice = Notice(self._last, now, alert, row.row_id, row.level, is_over, not row.is_news)
        record = record_of(alert, alert_id, row)
        if is_told:
            record["is_told"] = True
        try:
            self._write(RecordType.ALERT, record)
        except JournalError as error:
            log.error("alert is not in the journal: %s", error)
        return notice

    def acknowledge(self, row_id: str, by: str) -> Row:
        """A person has seen a row. Raises DeskError, JournalError."""
        row, is_first = self.rows.acknowledge(row_id, by, self._clock.now())
        if is_first:
            self._write(RecordType.ALERT_ACKNOWLEDGED, AlertAcknowledged(row_id=row_id, by=by))
        return row

    # ---- delivery

    def delivered(self, record: AlertsDelivered) -> None:
        """A channel is done with some alerts."""
        self._note_settled(record["channel"], record["settled"])
        try:
            self._write(RecordType.ALERTS_DELIVERED, record)
        except JournalError as error:
            log.warning("that alerts were delivered is not in the journal: %s", error)

    def knows(self, channel: str) -> bool:
        """Was anything ever delivered there?"""
        return channel in self._settled

    def undelivered(self, channel: str) -> list[Notice]:
        """Alerts of earlier runs that ``channel`` was not done with, oldest first."""
        settled = self._settled.get(channel, NumberRanges())
        return [notice for notice in self._earlier if notice.number not in settled]

    # ---- out of the journal

    def restore(self, body: Mapping[str, Any], at: str) -> None:
        """Of the record of an alert; ``at``: when it was written."""
        match = _NUMBERED.fullmatch(body["alert_id"])
        self._last = max(int(match[1]) if match else self._last + 1, self._last)
        alert = self.rows.restore(body, at)
        if alert is not None and not body.get("is_told"):
            row = body.get("row") or {"row_id": body["alert_id"], "level": alert.level, "alerts": 1}
            level = AlertLevel(row["level"])
            self._earlier.append(
                Notice(self._last, read_utc(at), alert, row["row_id"], level, alert.is_over)
            )

    def restore_acknowledged(self, body: Mapping[str, Any], at: str) -> None:
        self.rows.restore_acknowledged(body, at)

    def restore_delivered(self, body: Mapping[str, Any]) -> None:
        self._note_settled(body["channel"], body["settled"])

    def _note_settled(self, channel: str, ranges: list[tuple[int, int]]) -> None:
        settled = self._settled.setdefault(channel, NumberRanges())
        for first, last in ranges:
            settled.add(first, last)
        settled.forget_below(self._last - REMEMBERED)
