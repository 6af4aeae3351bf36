"""Opening pairs against venues that fail in every way, on either leg."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exchanges.instrument import Venue
from tasks.outcome import OutcomeStatus
from tasks.pair_transitions import PairState
from tests.tasks.desks import (
    LOT,
    Bench,
    assert_agreed,
    assert_cash_is_conserved,
    assert_legs_match,
    entered,
    pair_of,
    run,
)
from warehouse.records import RecordType


def test_both_legs_fill_and_every_won_is_accounted_for(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            outcome = await entered(desk, "0.010")

            assert outcome.status is OutcomeStatus.HEDGED
            assert bench.coin() == Decimal("0.010")
            assert bench.position() == Decimal("-0.010")
            spot, perpetual = outcome.legs
            assert spot.average_price == 60_001_000
            assert spot.fee == Decimal("0.010") * 60_001_000 * Decimal("0.0005")
            assert perpetual.average_price == 50_000
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_both_orders_are_in_the_journal_before_either_is_sent(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.UPBIT, "lose_request")
            bench.fault(Venue.BINANCE, "lose_request")
            outcome = await entered(desk)

            types = [
                record.type
                for record in bench.records()
                if record.type in (RecordType.ORDER_INTENDED, RecordType.ORDER_OUTCOME)
            ]
            assert outcome.status is OutcomeStatus.FAILED
            assert types[:2] == [RecordType.ORDER_INTENDED] * 2

    run(tmp_path, scenario)


@pytest.mark.parametrize("venue", list(Venue)[:2])
def test_a_rejected_leg_is_tried_again_until_hedged(tmp_path: Path, venue: Venue) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(venue, "reject")
            outcome = await entered(desk)

            assert outcome.status is OutcomeStatus.HEDGED
            assert outcome.reason is not None
            first, _, later = outcome.reason.partition("; ")
            assert first.startswith("repaired: ")
            assert " KST a leg is missing, spot 0" in first
            assert "rejected" in first  # why the order that is repaired had failed
            assert "hedge" in later
            assert len(bench.orders_placed()) == 3
            assert_legs_match(desk)
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_when_both_legs_are_rejected_nothing_is_held(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.UPBIT, "reject")
            bench.fault(Venue.BINANCE, "reject")
            outcome = await entered(desk)

            assert outcome.status is OutcomeStatus.FAILED
            assert pair_of(desk, outcome).state is PairState.FAILED
            assert len(bench.orders_placed()) == 2
            assert bench.records(RecordType.FILL) == []
            assert desk.parts.view.pairs(open_only=True) == []
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    ("spot", "perpetual"),
    [
        ("0.4", None),
        (None, "0.4"),
        ("0.73", "0.2"),
        ("0.2", "0.73"),
        ("0", "0.5"),
        ("0.5", "0"),
        ("0.99", None),
        ("0.123456", "0.6"),
    ],
)
def test_partial_fills_end_within_one_lot(
    tmp_path: Path, spot: str | None, perpetual: str | None
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            if spot is not None:
                bench.fault(Venue.UPBIT, "partial", fraction=spot)
            if perpetual is not None:
                bench.fault(Venue.BINANCE, "partial", fraction=perpetual)
            outcome = await entered(desk)

            assert outcome.status is OutcomeStatus.HEDGED
            assert abs(bench.coin() + bench.position()) < LOT
            assert_legs_match(desk)
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario)


def test_a_fill_of_less_than_a_lot_is_no_hedged_pair(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.UPBIT, "partial", fraction="0.05")
            bench.fault(Venue.BINANCE, "reject")
            outcome = await entered(desk)

            assert outcome.status is OutcomeStatus.UNWOUND
            assert desk.parts.trading.pairs.open_pairs() == []
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)


WIRE_FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("lose_reply", {}),
    ("lose_request", {}),
    ("http_500", {}),
    ("delay", {"ms": 1_000}),
    ("delay", {"ms": 4_500}),
)


@pytest.mark.parametrize(("kind", "args"), WIRE_FAULTS)
@pytest.mark.parametrize("venue", list(Venue)[:2])
def test_an_order_whose_fate_was_unknown_is_neither_lost_nor_doubled(
    tmp_path: Path, venue: Venue, kind: str, args: dict[str, Any]
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(venue, kind, **args)
            outcome = await entered(desk)

            assert outcome.status is OutcomeStatus.HEDGED
            assert bench.coin() == Decimal("0.010")
            assert bench.position() == Decimal("-0.010")
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)


@pytest.mark.parametrize("kind", ["lose_reply", "lose_request", "http_500"])
def test_both_legs_unknown_at_once(tmp_path: Path, kind: str) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.UPBIT, kind)
            bench.fault(Venue.BINANCE, kind)
            outcome = await entered(desk)

            assert outcome.status in (OutcomeStatus.HEDGED, OutcomeStatus.FAILED)
            assert_legs_match(desk)
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_short_premium_lives_the_other_way_round(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            outcome = await entered(desk, "0.010", direction="short_premium")
            assert outcome.status is OutcomeStatus.HEDGED
            assert bench.coin() == Decimal("0.990")
            assert bench.position() == Decimal("0.010")
            assert_cash_is_conserved(bench, desk, coin="1")
            await assert_agreed(desk)

            # It earns when the premium falls.
            bench.spot_at(59_000_000)
            closed = await desk.submit(action="EXIT", pair_id=outcome.pair_id)

            assert closed.status is OutcomeStatus.HELD  # the desk's book is still the old one
            await desk.parts.feeds.read_prices()
            closed = await desk.submit(action="EXIT", pair_id=outcome.pair_id)
            assert closed.status is OutcomeStatus.CLOSED
            assert bench.coin() == Decimal(1)
            assert bench.position() == 0
            assert bench.krw() > 100_000_000
            assert_cash_is_conserved(bench, desk, coin="1")

    run(tmp_path, scenario, coin="1")


def test_short_premium_without_coin_is_denied(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            outcome = await entered(desk, "0.010", direction="short_premium")

            assert outcome.status is OutcomeStatus.DENIED
            assert (outcome.reason or "").startswith("insufficient_coin: ")
            assert bench.orders_placed() == []

    run(tmp_path, scenario)
