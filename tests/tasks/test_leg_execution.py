"""One order and what became of it, by the venue's evidence alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.leg_orders import leg_order
from tasks.pair import LegName, Pair
from tasks.paper_desk import PaperDesk
from tasks.settled_order import LegOrder, Purpose
from tasks.signal import Direction
from tests.tasks.desks import Bench, run
from tests.tasks.pairs import flow, pair_of, reference
from warehouse.records import RecordType

READ = "GET /v1/order"


def opening() -> Pair:
    none = (flow("0", "0"), flow("0", "0"))
    pair = pair_of(Direction.LONG_PREMIUM, reference(60_000_000, "50000", 1150), none, none)
    return replace(pair, spot=replace(pair.spot, attempts=0))


def spot_order(desk: PaperDesk, attempt: int = 1, quantity: str = "0.010") -> LegOrder:
    trading = desk.parts.trading
    pair = opening()
    if trading.pairs.get(pair.pair_id) is None:
        trading.pairs.open(pair, "for a test")
    return leg_order(
        pair,
        LegName.SPOT,
        attempt,
        Purpose.ENTRY,
        side=Side.BUY,
        quantity=Decimal(quantity),
        bound=Decimal(60_100_000),
        rules=trading.venues[LegName.SPOT].rules["BTC"],
    )


def outcomes(bench: Bench) -> list[tuple[str, bool]]:
    return [
        (record.body["outcome"], record.body["final"])
        for record in bench.records(RecordType.ORDER_OUTCOME)
    ]


@pytest.mark.parametrize(
    ("kind", "args", "filled", "told"),
    [
        (None, {}, "0.010", [("reported", False), ("reported", True)]),
        ("partial", {"fraction": "0.4"}, "0.004", [("reported", False), ("reported", True)]),
        ("reject", {}, "0", [("rejected", True)]),
        ("lose_reply", {}, "0.010", [("unknown", False), ("reported", True)]),
        ("lose_request", {}, "0", [("unknown", False), ("not_found", True)]),
        ("http_500", {}, "0", [("unknown", False), ("not_found", True)]),
    ],
)
def test_an_order_is_journalled_as_what_the_venue_shows(
    tmp_path: Path,
    kind: str | None,
    args: dict[str, Any],
    filled: str,
    told: list[tuple[str, bool]],
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            if kind is not None:
                bench.fault(Venue.UPBIT, kind, **args)
            [settled] = await desk.parts.trading.execute([spot_order(desk)])

            assert settled.decided
            assert settled.filled == Decimal(filled)
            assert outcomes(bench) == told
            traded = sum(
                Decimal(record.body["quantity"]) for record in bench.records(RecordType.FILL)
            )
            assert traded == settled.filled == bench.coin()

    run(tmp_path, scenario)


def test_an_order_below_the_minimum_is_denied_and_never_sent(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            [settled] = await desk.parts.trading.execute([spot_order(desk, quantity="0.00001")])
            assert settled.filled == 0
            assert outcomes(bench) == [("denied", True)]
            assert bench.orders_placed() == []

    run(tmp_path, scenario)


def test_not_found_counts_only_after_the_grace(tmp_path: Path) -> None:
    """The request is slow, not lost: it arrives while the venue still says "no such order"."""

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(Venue.UPBIT, "delay", ms=5_500)
            [settled] = await desk.parts.trading.execute([spot_order(desk)])
            assert settled.filled == Decimal("0.010")

    run(tmp_path, scenario)


def test_an_order_that_was_acknowledged_is_never_declared_lost(tmp_path: Path) -> None:
    """The venue took it, cannot be read for a while, then claims not to know it."""

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            trading = desk.parts.trading
            order = spot_order(desk)
            bench.fault(Venue.UPBIT, "http_500", times=1_000, endpoint=READ)
            [settled] = await trading.execute([order])
            assert not settled.decided
            assert outcomes(bench) == [("reported", False), ("unknown", False)]

            bench.simulation.faults.clear()
            forgetful = {"code": "order_not_found", "message": "no such order"}
            bench.fault(Venue.UPBIT, "reject", times=1_000, endpoint=READ, **forgetful)
            assert not await trading.settle_again(order.pair_id)
        await asyncio.sleep(2)
        async with bench.still_desk() as desk:  # which has asked once more at its start
            assert desk.parts.trading.pairs.undecided(order.pair_id) == [order]
            bench.simulation.faults.clear()
            assert await desk.parts.trading.settle_again(order.pair_id)
            assert desk.parts.trading.pairs[order.pair_id].spot.held == Decimal("0.010")

    run(tmp_path, scenario)


def test_an_order_that_rests_is_cancelled_and_read_to_its_end(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            order = spot_order(desk)
            resting = replace(
                order, order=replace(order.order, price=Decimal(59_000_000), time_in_force=None)
            )
            [settled] = await desk.parts.trading.execute([resting])

            assert settled.decided
            assert settled.filled == 0
            assert bench.krw() == 100_000_000

    run(tmp_path, scenario)


def test_one_order_is_not_left_alone_when_the_other_one_fails_inside(tmp_path: Path) -> None:
    """The error is raised only when both ends are known."""

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            trading = desk.parts.trading
            unknown = replace(spot_order(desk, attempt=2), leg=LegName.PERPETUAL)
            broken = replace(unknown, order=replace(unknown.order, symbol="ETH"))
            bench.fault(Venue.UPBIT, "delay", ms=2_000)
            good = spot_order(desk)

            async def fails(*_: object) -> None:
                raise RuntimeError("inside")

            trading.venues[LegName.PERPETUAL].exchange.submit = fails  # type: ignore
            with pytest.raises(RuntimeError):
                await trading.execute([good, broken])
            assert bench.coin() == Decimal("0.010")
            assert trading.pairs[good.pair_id].spot.held == Decimal("0.010")

    run(tmp_path, scenario)
