"""An order that had ended and trades after all: noticed, in the books, hedged."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from tasks.outcome import OutcomeStatus
from tasks.pair import LegName
from tasks.pair_transitions import PairState
from tests.tasks.desks import (
    Bench,
    assert_agreed,
    assert_cash_is_conserved,
    assert_legs_match,
    entered,
    pair_of,
    run,
)
from warehouse.records import RecordType

SLOW_MS = 15_000
"""Longer than the desk waits before it believes that an order never came. (Binance does not take
an order that is on its way for so long, see its ``recvWindow``.)"""


def late_events(bench: Bench) -> int:
    return sum(
        record.body["event"] == "late_fill" for record in bench.records(RecordType.PAIR_EVENT)
    )


@pytest.mark.parametrize("streams", ["up", "down"])
def test_a_spot_order_that_was_never_received_arrives_after_all(
    tmp_path: Path, streams: str
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            if streams == "down":
                bench.fault(Venue.UPBIT, "drop_stream", times=10_000, endpoint="*")
                await asyncio.sleep(5)
            bench.fault(Venue.UPBIT, "delay", ms=SLOW_MS)
            outcome = await entered(desk)
            assert late_events(bench) == 0

            await asyncio.sleep(120)

            assert late_events(bench) == 1
            assert_legs_match(desk)
            assert pair_of(desk, outcome).state is PairState.HEDGED
            await assert_agreed(desk)
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario)


@pytest.mark.parametrize("venue", [Venue.BINANCE, Venue.HYPERLIQUID])
def test_a_failed_pair_whose_perpetual_order_arrives_late_is_hedged(
    tmp_path: Path, venue: Venue
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            watching = asyncio.create_task(desk.parts.late_fills.run())
            bench.fault(Venue.UPBIT, "reject")
            bench.fault(venue, "lose_request")
            outcome = await entered(desk)
            assert outcome.status is OutcomeStatus.FAILED
            assert outcome.pair_id is not None
            lost = desk.parts.trading.pairs.leg_order(f"kimp-{outcome.pair_id}-p001").order

            await desk.parts.trading.venues[LegName.PERPETUAL].exchange.submit(lost)
            await asyncio.sleep(60)

            assert pair_of(desk, outcome).state is PairState.HEDGED
            assert pair_of(desk, outcome).held(LegName.SPOT) == Decimal("0.010")
            await assert_agreed(desk)
            assert_cash_is_conserved(bench, desk)
            watching.cancel()

    run(tmp_path, scenario, perpetual_venue=venue)
