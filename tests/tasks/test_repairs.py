"""Repairs of what happened behind the desk's back: forced closes, trades by hand, late fills."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from tasks.adoption import AdoptionKind
from tasks.outcome import OutcomeStatus
from tasks.pair import LegName
from tasks.pair_transitions import PairEvent, PairState
from tasks.paper_desk import PaperDesk
from tasks.recovery import Recovery
from tasks.settled_order import LegOrder
from tests.tasks.desks import (
    Bench,
    assert_cash_is_conserved,
    entered,
    run,
)
from tests.tasks.hedged import FAR_BELOW, Hedged, order_of, with_pair
from warehouse.records import RecordType

# ---- forced closes


def test_a_torn_pair_is_taken_further_and_a_whole_one_left_alone(tmp_path: Path) -> None:
    async def scenario(world: Hedged) -> None:
        whole = await world.recovery.resolve_if_torn(world.pair.pair_id)
        await world.taken_away("0.010", AdoptionKind.ADL)

        torn = await world.recovery.resolve_if_torn(world.pair.pair_id)

        assert whole == world.pair
        assert torn.state is PairState.CLOSED
        assert world.bench.position() == 0

    with_pair(tmp_path, scenario)


def test_nothing_is_sent_while_the_books_of_a_backup_are_not_compared(tmp_path: Path) -> None:
    async def scenario(world: Hedged) -> None:
        pairs, sent = world.recovery._trading.pairs, world.bench.orders_placed()
        await world.taken_away("0.010", AdoptionKind.ADL)
        pairs.is_stale = True

        stale = await world.recovery.resolve(world.pair.pair_id)
        sent_meanwhile = world.bench.orders_placed()[len(sent) :]
        pairs.is_stale = False
        compared = await world.recovery.resolve(world.pair.pair_id)

        assert (stale.state, sent_meanwhile) == (PairState.RECOVERING, [])
        assert compared.state is PairState.CLOSED

    with_pair(tmp_path, scenario)


@pytest.mark.parametrize("direction", ["long_premium", "short_premium"])
@pytest.mark.parametrize("perpetual", [Venue.BINANCE, Venue.HYPERLIQUID])
def test_spot_follows_a_forced_close_at_once(
    tmp_path: Path, perpetual: Venue, direction: str
) -> None:
    async def scenario(world: Hedged) -> None:
        await world.taken_away("0.004", AdoptionKind.ADL)
        started = world.bench.clock.monotonic()
        floor = FAR_BELOW if direction == "long_premium" else Decimal(10**9)

        half = await world.recovery.repair(world.pair.pair_id, floor)
        await world.taken_away("0.006", AdoptionKind.LIQUIDATION)
        whole = await world.recovery.repair(world.pair.pair_id, floor)

        assert world.bench.clock.monotonic() - started < 1
        assert (half.state, half.held(LegName.SPOT)) == (PairState.HEDGED, Decimal("0.006"))
        assert whole.state is PairState.CLOSED
        assert world.bench.coin() == 1
        assert world.bench.position() == 0

    with_pair(tmp_path, scenario, direction=direction, perpetual_venue=perpetual)


@pytest.mark.parametrize(
    ("direction", "floor", "back"),
    [("long_premium", 60_000_001, 60_000_000), ("short_premium", 60_000_999, 60_001_000)],
)
def test_beyond_the_floor_nothing_is_traded_and_a_person_is_told(
    tmp_path: Path, direction: str, floor: int, back: int
) -> None:
    async def scenario(world: Hedged) -> None:
        await world.taken_away("0.010", AdoptionKind.ADL)
        sent = world.bench.orders_placed()
        recovery = world.recovery
        recovery.floor_of = lambda _: Decimal(floor)

        naked = await recovery.repair(world.pair.pair_id)

        assert naked.state is PairState.NAKED
        assert world.bench.orders_placed() == sent
        assert f"spot is not traded beyond {floor}" in world.bench.alerts("critical")[-1]
        # Nor by who tries again, until the market is back.
        assert (await recovery.resolve(world.pair.pair_id)).state is PairState.NAKED
        recovery.floor_of = lambda _: Decimal(back)
        assert (await recovery.resolve(world.pair.pair_id)).state is PairState.CLOSED

    with_pair(tmp_path, scenario, direction=direction)


def test_without_any_price_to_measure_by_nothing_is_sold(tmp_path: Path) -> None:
    async def scenario(world: Hedged) -> None:
        await world.taken_away("0.010", AdoptionKind.ADL)

        naked = await world.recovery.repair(world.pair.pair_id, Decimal("Infinity"))

        assert naked.state is PairState.NAKED
        assert "spot is not traded beyond no price" in world.bench.alerts("critical")[-1]

    with_pair(tmp_path, scenario)


def test_what_the_book_offers_above_the_floor_is_sold(tmp_path: Path) -> None:
    async def scenario(world: Hedged) -> None:
        await world.taken_away("0.010", AdoptionKind.ADL)
        world.bench.spot_at(60_000_000, size="0.004")

        closed = await world.recovery.repair(world.pair.pair_id, Decimal(60_000_000))

        sold = [
            Decimal(record.body["quantity"])
            for record in world.bench.records(RecordType.ORDER_INTENDED)
            if record.body["purpose"] == "hedge"
        ]
        assert sold == [Decimal("0.004"), Decimal("0.004"), Decimal("0.002")]
        assert closed.state is PairState.CLOSED

    with_pair(tmp_path, scenario)


def test_what_the_venue_closed_while_a_pair_was_entered_is_not_opened_again(tmp_path: Path) -> None:
    """Nothing was decided about leaving it: neither price nor way out is known but the floor."""

    async def scenario(world: Hedged) -> None:
        await world.taken_away("0.010", AdoptionKind.ADL)
        world.desk.parts.trading.pairs.set_exit_reference(world.pair.pair_id, None)
        before = len(world.bench.orders_placed())

        unwound = await world.recovery.repair(world.pair.pair_id, FAR_BELOW)

        assert unwound.state is PairState.UNWOUND
        legs = [name.rsplit("-", 1)[1][0] for name in world.bench.orders_placed()[before:]]
        assert legs == ["s"]
        assert world.bench.coin() == 1

    with_pair(tmp_path, scenario)


# ---- trades by hand, fills that come late


def test_spot_follows_a_perpetual_closed_by_hand(tmp_path: Path) -> None:
    async def scenario(world: Hedged) -> None:
        await world.taken_away("0.010", AdoptionKind.MANUAL_TRADE)

        closed = await world.recovery.repair(world.pair.pair_id)

        assert closed.state is PairState.CLOSED
        assert world.bench.coin() == 1

    with_pair(tmp_path, scenario)


def test_trade_by_hand_that_made_nothing_unequal_changes_nothing(tmp_path: Path) -> None:
    async def scenario(world: Hedged) -> None:
        pairs = world.desk.parts.trading.pairs
        pairs.advance(world.pair.pair_id, PairEvent.MANUAL_TRADE, "a deposit in truth")
        sent = world.bench.orders_placed()

        pair = await world.recovery.repair(world.pair.pair_id)

        assert pair.state is PairState.HEDGED
        assert world.bench.orders_placed() == sent

    with_pair(tmp_path, scenario)


async def arrives_late(desk: PaperDesk, leg_order: LegOrder) -> None:
    """An order that was lost reaches the venue after all."""
    trading = desk.parts.trading
    exchange = trading.venues[leg_order.leg].exchange
    await exchange.submit(leg_order.order, exchange.book_order())
    trading.pairs.settled(
        await trading.execution.settle(trading.venues[leg_order.leg], leg_order, acknowledged=True)
    )
    trading.pairs.advance(leg_order.pair_id, PairEvent.LATE_FILL, "it came after all")


def test_late_fill_of_a_failed_entry_is_hedged(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(Venue.UPBIT, "lose_request")
            bench.fault(Venue.BINANCE, "reject")
            outcome = await entered(desk)
            assert outcome.status is OutcomeStatus.FAILED
            pair_id = outcome.pair_id or ""
            await arrives_late(desk, order_of(desk, pair_id, "s001"))

            pair = await Recovery(desk.parts.trading).repair(pair_id)

            assert pair.state is PairState.HEDGED
            assert (bench.coin(), bench.position()) == (Decimal("0.010"), Decimal("-0.010"))
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario)


def test_spot_that_was_sold_twice_is_bought_back(tmp_path: Path) -> None:
    """The exit's order was lost, another one closed the leg, then the first one came."""

    async def scenario(world: Hedged) -> None:
        pair_id = world.pair.pair_id
        world.bench.spot_at(61_500_000)
        await world.desk.parts.feeds.read_prices()
        world.bench.fault(Venue.UPBIT, "lose_request")
        closed = await world.desk.submit(action="EXIT", pair_id=pair_id)
        assert closed.status is OutcomeStatus.CLOSED, closed.reason
        await arrives_late(world.desk, order_of(world.desk, pair_id, "s002"))
        assert world.now().held(LegName.SPOT) == Decimal("-0.010")
        sent = world.bench.orders_placed()

        pair = await world.recovery.repair(pair_id)

        assert pair.state is PairState.CLOSED
        assert len(world.bench.orders_placed()) == len(sent) + 1
        assert world.bench.coin() == 1

    with_pair(tmp_path, scenario)
