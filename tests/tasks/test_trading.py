"""What opening, closing and repairing have in common."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.errors import RateLimited
from exchanges.rate_budget import Booking
from tasks.leg_orders import leg_order
from tasks.pair import LegName
from tasks.paper_desk import PaperDesk
from tasks.settled_order import LegOrder, Purpose
from tasks.signal import Direction
from tests.tasks.desks import LOT, Bench, entered, pair_of, run
from tests.tasks.pairs import flow, reference
from tests.tasks.pairs import pair_of as pair_of_flows
from warehouse.records import RecordType


@pytest.mark.parametrize(
    ("spot", "perpetual", "matched", "flat"),
    [
        ("0.010", "0.010", True, False),
        ("0.0109", "0.010", True, False),
        ("0.011", "0.010", False, False),
        ("0.009", "0.010", False, False),
        ("0.0009", "0", True, True),
        ("0", "0", True, True),
        ("0.001", "0", False, False),
    ],
)
def test_legs_are_compared_by_the_coarser_lot(
    tmp_path: Path, spot: str, perpetual: str, matched: bool, flat: bool
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            trading = desk.parts.trading
            pair = pair_of(desk, await entered(desk))
            pair = replace(
                pair,
                spot=replace(pair.spot, entry=flow(spot, "1")),
                perpetual=replace(pair.perpetual, entry=flow(perpetual, "1")),
            )
            assert trading.lot("BTC") == LOT
            assert trading.is_matched(pair) is matched
            assert trading.is_flat(pair) is flat

    run(tmp_path, scenario)


def test_nothing_undecided_is_settled_at_once(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            pair = pair_of(desk, await entered(desk))
            asked = len(bench.simulation.requests.requests())
            assert await desk.parts.trading.settle_again(pair.pair_id)
            assert len(bench.simulation.requests.requests()) == asked

    run(tmp_path, scenario)


# ---- rate limits


def used_up(desk: PaperDesk, leg: LegName, *, urgent: bool = False) -> list[Booking]:
    """Every place that the leg's venue has for orders."""
    exchange = desk.parts.trading.venues[leg].exchange
    bookings = []
    with suppress(RateLimited):
        while True:
            bookings.append(exchange.book_order(urgent=urgent))
    return bookings


def both_legs(desk: PaperDesk, purpose: Purpose) -> list[LegOrder]:
    """A pair's orders, of which the journal knows the pair."""
    trading = desk.parts.trading
    none = (flow("0", "0"), flow("0", "0"))
    pair = pair_of_flows(Direction.LONG_PREMIUM, reference(60_000_000, "50000", 1150), none, none)
    trading.pairs.open(pair, "for a test")
    return [
        leg_order(
            pair,
            leg,
            trading.pairs.next_attempt(pair.pair_id, leg),
            purpose,
            side=pair.side(leg, purpose_is_entry=True),
            quantity=Decimal("0.010"),
            bound=Decimal(60_100_000),
            rules=trading.venues[leg].rules["BTC"],
        )
        for leg in LegName
    ]


@pytest.mark.parametrize("busy", list(LegName))
def test_without_room_for_one_leg_neither_is_sent(tmp_path: Path, busy: LegName) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            idle = next(leg for leg in LegName if leg is not busy)
            used_up(desk, busy)
            room = desk.parts.trading.venues[idle].exchange.order_room()

            settled = await desk.parts.trading.execute(both_legs(desk, Purpose.ENTRY))

            assert [(one.decided, one.filled) for one in settled] == [
                (True, Decimal(0)),
                (True, Decimal(0)),
            ]
            assert all("not sent" in (one.error or "") for one in settled)
            assert bench.orders_placed() == []
            assert desk.parts.trading.venues[idle].exchange.order_room() == room
            outcomes = bench.records(RecordType.ORDER_OUTCOME)
            assert [record.body["outcome"] for record in outcomes] == ["denied", "denied"]

    run(tmp_path, scenario)


@pytest.mark.parametrize("busy", list(LegName))
def test_repair_may_use_the_reserve_that_entries_leave(tmp_path: Path, busy: LegName) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            used_up(desk, busy)

            settled = await desk.parts.trading.execute(both_legs(desk, Purpose.HEDGE))

            assert [one.filled for one in settled] == [Decimal("0.010"), Decimal("0.010")]

    run(tmp_path, scenario)


def test_places_are_used_once_per_order_sent(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            before = {
                leg: venue.exchange.order_room() for leg, venue in desk.parts.trading.venues.items()
            }

            await desk.parts.trading.execute(both_legs(desk, Purpose.ENTRY))

            for leg, venue in desk.parts.trading.venues.items():
                assert venue.exchange.order_room() == before[leg] - 1

    run(tmp_path, scenario)
