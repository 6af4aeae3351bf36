"""How errors are counted, and when they are forgotten."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tasks.error_count import ErrorCount
from tests.exchanges.manual_clock import ManualClock
from warehouse.records import RecordType

EVENING = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)  # half past eleven in Seoul


def alert(level: str, **fields: Any) -> dict[str, Any]:
    return {"level": level, "is_over": False, **fields}


def decided(status: str) -> dict[str, Any]:
    return {"outcome": {"status": status}}


@pytest.mark.parametrize(
    ("record_type", "body", "counts"),
    [
        (RecordType.ALERT, alert("critical"), 1),
        (RecordType.ALERT, alert("critical", is_over=True), 0),
        (RecordType.ALERT, alert("warning"), 0),
        (RecordType.SIGNAL_DECIDED, decided("failed"), 1),
        (RecordType.SIGNAL_DECIDED, decided("unwound"), 1),
        (RecordType.SIGNAL_DECIDED, decided("naked"), 0),  # its critical alert counts
        (RecordType.SIGNAL_DECIDED, decided("denied"), 0),
        (RecordType.HEALTH, {"ok": False}, 0),
    ],
)
def test_what_is_an_error(record_type: RecordType, body: dict[str, Any], counts: int) -> None:
    errors = ErrorCount(ManualClock(EVENING))

    errors.written(record_type, body)

    assert (errors.last_hour, errors.today) == (counts, counts)


def test_midnight_in_seoul_ends_the_day_and_sixty_minutes_the_hour() -> None:
    clock = ManualClock(EVENING)
    errors = ErrorCount(clock)
    errors.written(RecordType.ALERT, alert("critical"))

    clock.advance(31 * 60)
    past_midnight = errors.last_hour, errors.today
    errors.written(RecordType.ALERT, alert("critical"))
    clock.advance(30 * 60)
    past_the_hour = errors.last_hour, errors.today
    clock.advance(60 * 60)
    later = errors.last_hour, errors.today

    assert (past_midnight, past_the_hour, later) == ((1, 0), (1, 1), (0, 1))
