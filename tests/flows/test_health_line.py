"""The line that says how the desk is."""

from __future__ import annotations

import pytest

from flows.health import health_line
from tests.flows.health_records import SLOW, STALE, part, record
from warehouse.records import HealthRecord


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (record(upbit=part(), fx=part()), "healthy 2/2 · trading · errors 1h 0"),
        (
            record("entry/live is paused", upbit=SLOW, fx=part(), hour=1, today=1),
            "healthy 2/2 (upbit: answers in 1400 ms, more than 1 s) · "
            "no entries: entry/live is paused · errors 1h 1",
        ),
        (
            record("killed: drill", "never heard", upbit=STALE, fx=part(), hour=2, today=5),
            "unhealthy 1/2 (upbit: circuit closed, book 12000 ms old) · "
            "no entries: killed: drill; never heard · errors 1h 2, today 5",
        ),
    ],
    ids=["well", "warned", "ill"],
)
def test_the_line_counts_the_parts_and_names_those_in_trouble(
    found: HealthRecord, line: str
) -> None:
    assert health_line(found) == line
