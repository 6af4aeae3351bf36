"""An executor that is broken in one place does not get through a campaign of kills."""

from __future__ import annotations

from pathlib import Path

import pytest

from exchanges.instrument import Venue
from tests.kills.breakages import Breakage
from tests.kills.campaign import run_campaign
from tests.kills.points import PLACE, Moment, Point
from warehouse.records import RecordType

AT_A_VENUE = (Point(Moment.AFTER, f"{PLACE}:upbit"), Point(Moment.AFTER, f"{PLACE}:perpetual"))
"""The order is there, and the executor has not read the reply."""
DECIDED = (Point(Moment.AFTER, RecordType.SIGNAL_DECIDED),)


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("broken", "points", "says"),
    [
        (Breakage.WRITES_ORDERS_DOWN_AFTER_SENDING, AT_A_VENUE, "sent without being journalled"),
        (Breakage.SENDS_AGAIN_WHAT_WAS_UNDER_WAY, AT_A_VENUE, "sent twice"),
        (
            Breakage.FORGETS_WHAT_IT_DECIDED,
            DECIDED,
            "decided anew|another answer|the accounts hold",
        ),
    ],
)
async def test_a_broken_executor_does_not_pass(
    tmp_path: Path, broken: Breakage, points: tuple[Point, ...], says: str
) -> None:
    with pytest.raises(AssertionError, match=says):
        await run_campaign(tmp_path, 8, 1, perpetual=Venue.BINANCE, points=points, broken=broken)
