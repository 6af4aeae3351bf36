"""The orders of one step of a repair, on a book that is given."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from exchanges.book import Level
from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.adoption import AdoptionKind
from tasks.pair import LegName
from tasks.repair_moves import Way
from tasks.repair_planner import RepairPlanner
from tasks.settled_order import Purpose
from tests.tasks.hedged import Hedged, with_pair

BIDS = (
    Level(Decimal(60_000_000), Decimal("0.004")),
    Level(Decimal(57_000_000), Decimal("0.003")),
    Level(Decimal(56_999_000), Decimal(1)),
)


def test_an_emergency_takes_no_more_than_stands_within_five_percent_of_the_touch(
    tmp_path: Path,
) -> None:
    async def scenario(world: Hedged) -> None:
        trading = world.desk.parts.trading
        await world.taken_away("0.010", AdoptionKind.MANUAL_TRADE)
        world.bench.fault(Venue.UPBIT, "http_500", times=9, endpoint="GET /v1/orderbook")
        spot = trading.venues[LegName.SPOT]
        spot.books["BTC"] = replace(
            spot.books["BTC"], bids=BIDS, received=world.bench.clock.monotonic()
        )

        step = await RepairPlanner(trading).plan(world.now(), Way.SHRINK, Purpose.UNWIND, None)

        [sent] = [planned.order for planned in step.orders]
        assert (sent.side, sent.quantity) == (Side.SELL, Decimal("0.007"))
        assert sent.price == 57_000_000

    with_pair(tmp_path, scenario)
