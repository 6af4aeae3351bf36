"""The stored list: every trouble is a row that stays open until a person has seen it or it is over.

Alerts with the same type, pair and subject are one row as long as it lasts; one that names neither
pair nor subject is told apart by its message. An acknowledged row still hears of its end. Alerts of
level info open no row: they are told and done with.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tasks.alert import ENDS, Alert, AlertLevel, AlertType
from tasks.errors import DeskError
from tasks.wire_text import read_utc, utc_text
from warehouse.alert_records import AlertRecord, AlertRow

Key = tuple[str, str | None, str | None, str]

MOST_SEEN = 1_000
"""Acknowledged rows that still wait for their end; the oldest is forgotten first."""
MOST_ENDED = 500
"""Rows that are over, kept for who looks at the list."""


@dataclass(slots=True)
class Row:
    """One trouble, as it stands."""

    row_id: str
    key: Key
    type: AlertType
    level: AlertLevel
    """The highest so far."""
    message: str
    """The last."""
    pair_id: str | None
    subject: str | None
    opened_at: datetime
    last_at: datetime
    alerts: int = 1
    is_news: bool = True
    """The last alert began it, made it worse or ended it."""
    recovered_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None

    def snapshot(self) -> AlertRow:
        return AlertRow(row_id=self.row_id, level=self.level.value, alerts=self.alerts)

    def to_json(self) -> dict[str, Any]:
        """As ``GET /v1/alerts`` shows it; times ISO-8601 UTC."""
        return {
            "row_id": self.row_id,
            "type": self.type.value,
            "level": self.level.value,
            "message": self.message,
            "pair_id": self.pair_id,
            "subject": self.subject,
            "alerts": self.alerts,
            "opened_at": utc_text(self.opened_at),
            "last_at": utc_text(self.last_at),
            "recovered_at": self.recovered_at and utc_text(self.recovered_at),
            "acknowledged_at": self.acknowledged_at and utc_text(self.acknowledged_at),
            "acknowledged_by": self.acknowledged_by,
        }


class AlertRows:
    """Open, acknowledged and lately ended rows."""

    def __init__(self) -> None:
        self._lasting: dict[Key, Row] = {}
        """Open and acknowledged, in the order in which they began."""
        self._by_id: dict[str, Row] = {}
        """The same ones."""
        self._seen: dict[Key, Row] = {}
        """The acknowledged ones of them."""
        self._ended: deque[Row] = deque(maxlen=MOST_ENDED)

    @property
    def open_count(self) -> int:
        return len(self._lasting) - len(self._seen)

    def open(self) -> list[Row]:
        """What a person should look at: the worst first, then the newest."""
        rows = [row for row in self._lasting.values() if row.acknowledged_at is None]
        return sorted(rows, key=lambda row: (row.level.rank, row.last_at), reverse=True)

    def others(self) -> list[Row]:
        """Acknowledged ones that last, and what is over, newest first."""
        seen = (row for row in self._lasting.values() if row.acknowledged_at is not None)
        return sorted((*seen, *self._ended), key=lambda row: row.last_at, reverse=True)

    def ended_by(self, alert: Alert) -> list[Row]:
        """The rows that ``alert`` is the end of, if it is one."""
        ends = ENDS.get(alert.type, ())
        if alert.is_over and not ends:
            row = self._lasting.get(_key(alert))
            return [] if row is None else [row]
        named = (alert.pair_id, alert.subject)
        return [
            row
            for row in self._lasting.values()
            if any(end.covers(row.type, row.subject) for end in ends)
            and named in ((None, None), (row.pair_id, row.subject))
        ]

    def note(self, alert: Alert, alert_id: str, at: datetime, ended: Iterable[Row] = ()) -> Row:
        """Book an alert into its row: the one it ends, the one that lasts, or one of its own."""
        rows = list(ended)
        for row in rows:
            self._end(row, at)
        lasting = self._lasting.get(_key(alert))
        if not rows and lasting is None:
            return self._begin(alert, alert_id, at)
        row = rows[0] if lasting is None or rows else lasting
        row.alerts += 1
        row.message, row.last_at = alert.message, at
        row.is_news = bool(rows) or alert.level.rank > row.level.rank
        row.level = max(row.level, alert.level, key=lambda level: level.rank)
        return row

    def acknowledge(self, row_id: str, by: str, at: datetime) -> tuple[Row, bool]:
        """A person has seen it: the row, and whether they are the first. Raises DeskError for one
        that is over or was never there."""
        row = self._by_id.get(row_id)
        if row is None:
            raise DeskError(
                f"alert: expected the id of an open one such as a17, got {row_id!r:.40}"
            )
        is_first = row.acknowledged_at is None
        if is_first:
            row.acknowledged_at, row.acknowledged_by = at, by
            self._seen[row.key] = row
            if len(self._seen) > MOST_SEEN:
                self._drop(next(iter(self._seen.values())))
        return row, is_first

    # ---- out of the journal

    def restore(self, body: Mapping[str, Any], at: str) -> Alert | None:
        """Book an alert's record again. None for a type that this version does not know."""
        try:
            alert = alert_of(body)
        except ValueError:
            return None
        row = body.get("row")
        mine = None if row is None else self._by_id.get(row["row_id"])
        if not alert.is_over:
            self.note(alert, body["alert_id"], read_utc(at))
        elif mine is not None:
            self.note(alert, body["alert_id"], read_utc(at), [mine])
        return alert

    def restore_acknowledged(self, body: Mapping[str, Any], at: str) -> None:
        if body["row_id"] in self._by_id:
            self.acknowledge(body["row_id"], body["by"], read_utc(at))

    def _begin(self, alert: Alert, alert_id: str, at: datetime) -> Row:
        what = (alert.type, alert.level, alert.message, alert.pair_id, alert.subject)
        row = Row(alert_id, _key(alert), *what, opened_at=at, last_at=at)
        if alert.level is AlertLevel.INFO:
            self._ended.append(row)
        else:
            self._lasting[row.key] = self._by_id[alert_id] = row
        return row

    def _end(self, row: Row, at: datetime) -> None:
        row.recovered_at = at
        self._drop(row)
        self._ended.append(row)

    def _drop(self, row: Row) -> None:
        del self._lasting[row.key], self._by_id[row.row_id]
        self._seen.pop(row.key, None)


def alert_of(body: Mapping[str, Any]) -> Alert:
    """The alert that a journal record holds. Raises ValueError for an unknown type or level."""
    return Alert(
        AlertType(body["type"]),
        AlertLevel(body["level"]),
        body["message"],
        body.get("pair_id"),
        body.get("subject"),
        body.get("is_over", False),
    )


def record_of(alert: Alert, alert_id: str, row: Row) -> AlertRecord:
    return AlertRecord(
        alert_id=alert_id,
        type=alert.type.value,
        level=alert.level.value,
        message=alert.message,
        pair_id=alert.pair_id,
        subject=alert.subject,
        is_over=row.recovered_at is not None,
        row=row.snapshot(),
    )


def _key(alert: Alert) -> Key:
    named = alert.pair_id is not None or alert.subject is not None
    return alert.type, alert.pair_id, alert.subject, "" if named else alert.message
