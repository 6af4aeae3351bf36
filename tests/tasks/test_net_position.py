"""Pairs of both directions stand in one position of the account."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.net_position import net_position, reduces
from tasks.outcome import OutcomeStatus
from tests.tasks.desks import Bench, assert_cash_is_conserved, entered, run
from warehouse.records import RecordType


@pytest.mark.parametrize(
    ("position", "side", "quantity", "expected"),
    [
        ("-0.010", Side.BUY, "0.010", True),
        ("-0.010", Side.BUY, "0.011", False),
        ("-0.010", Side.SELL, "0.001", False),
        ("0.010", Side.SELL, "0.010", True),
        ("0.010", Side.BUY, "0.001", False),
        ("0", Side.BUY, "0.001", False),
    ],
)
def test_order_reduces_a_position_that_is_large_enough_and_on_the_other_side(
    position: str, side: Side, quantity: str, expected: bool
) -> None:
    assert reduces(Decimal(position), side, Decimal(quantity)) is expected


@pytest.mark.parametrize("perpetual", [Venue.BINANCE, Venue.HYPERLIQUID])
@pytest.mark.parametrize("leaves", ["by exit", "by unwinding"])
def test_pair_beside_a_larger_one_of_the_other_direction_can_be_left(
    tmp_path: Path, perpetual: Venue, leaves: str
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            assert (await entered(desk, "0.010")).status is OutcomeStatus.HEDGED
            if leaves == "by unwinding":
                bench.fault(Venue.UPBIT, "reject", times=4)
            small = await entered(desk, "0.002", direction="short_premium")
            if leaves == "by exit":
                assert bench.position() == Decimal("-0.008")
                bench.spot_at(58_500_000)
                await desk.parts.feeds.read_prices()
                left = await desk.submit(action="EXIT", pair_id=small.pair_id)
                assert left.status is OutcomeStatus.CLOSED, left.reason
            else:
                assert small.status is OutcomeStatus.UNWOUND, small.reason

            pairs = desk.parts.trading.pairs
            assert bench.position() == net_position(pairs, perpetual, "BTC") == Decimal("-0.010")
            *_, sold = [
                record.body["reduce_only"]
                for record in bench.records(RecordType.ORDER_INTENDED)
                if record.body["leg"] == "perpetual"
            ]
            assert sold is False
            assert_cash_is_conserved(bench, desk, coin="1")

    run(tmp_path, scenario, coin="1", perpetual_venue=perpetual)
