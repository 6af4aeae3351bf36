"""Journal against venues, when a venue cannot be asked and while an order is being settled."""

from __future__ import annotations

from pathlib import Path

import pytest

from exchanges.instrument import Venue
from tasks.outcome import OutcomeStatus
from tests.tasks.desks import Bench, assert_agreed, entered, run


@pytest.mark.parametrize(
    ("venue", "endpoint", "kind"),
    [
        (Venue.UPBIT, "GET /v1/accounts", "balance"),
        (Venue.BINANCE, "GET /fapi/v3/positionRisk", "position"),
        (Venue.BINANCE, "GET /fapi/v1/openOrders", "order"),
    ],
)
def test_a_venue_that_cannot_be_read_is_a_difference(
    tmp_path: Path, venue: Venue, endpoint: str, kind: str
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await entered(desk)
            bench.fault(venue, "http_500", endpoint=endpoint)
            record = await desk.parts.operations.reconcile()
            assert not record["agreed"]
            assert [item["kind"] for item in record["differences"]] == [kind]
            assert (await entered(desk)).status is OutcomeStatus.DENIED

            await assert_agreed(desk)
            assert (await entered(desk)).status is OutcomeStatus.HEDGED

    run(tmp_path, scenario)


def test_room_in_the_rate_limits_is_waited_for(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await entered(desk)
            bench.fault(Venue.BINANCE, "rate_limited", endpoint="GET /fapi/v3/positionRisk")

            await assert_agreed(desk)

    run(tmp_path, scenario)
