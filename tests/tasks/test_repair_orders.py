"""Repairs of quantities below the venues' minima, with books that do not offer what is wanted, and
of orders in doubt."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.adoption import AdoptionKind, adopt_fill
from tasks.outcome import OutcomeStatus
from tasks.pair import LegName
from tasks.pair_transitions import PairEvent, PairState
from tasks.recovery import Recovery
from tests.tasks.desks import (
    Bench,
    assert_cash_is_conserved,
    entered,
    pair_of,
    run,
)
from tests.tasks.hedged import FAR_BELOW, Hedged, order_of, with_pair
from warehouse.records import RecordType

CRUMB = Decimal("0.00001")
"""Hyperliquid's lot of BTC."""


# ---- below the venues' minima (Upbit: 5,000 KRW; Hyperliquid: 10 USDC unless it reduces)


@pytest.mark.parametrize(
    ("venue", "held"),
    [
        (Venue.UPBIT, Decimal("0.00995")),  # 3,000 KRW are no order: the perpetual shrinks
        (Venue.HYPERLIQUID, Decimal("0.00991")),  # nor are 2.50 USDC: both shrink a little
    ],
)
def test_difference_below_the_minima_is_repaired_on_the_other_leg_or_on_both(
    tmp_path: Path, venue: Venue, held: Decimal
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(venue, "partial", fraction="0.995")

            outcome = await entered(desk)

            pair = pair_of(desk, outcome)
            assert outcome.status is OutcomeStatus.HEDGED, outcome.reason
            assert pair.unhedged < CRUMB
            assert -bench.position() == held
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario, perpetual_venue=Venue.HYPERLIQUID)


def test_leg_too_small_to_sell_grows_with_its_hedge_until_both_can_be_traded(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(Venue.UPBIT, "partial", fraction="0.005")
            bench.fault(Venue.HYPERLIQUID, "reject")

            outcome = await entered(desk)

            pair = pair_of(desk, outcome)
            assert outcome.status is OutcomeStatus.HEDGED, outcome.reason
            assert Decimal("0.0001") < pair.held(LegName.SPOT) < Decimal("0.0004")
            assert pair.unhedged < CRUMB
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario, perpetual_venue=Venue.HYPERLIQUID)


def test_dust_of_an_entry_that_failed_is_sold(tmp_path: Path) -> None:
    """Half a lot of the perpetual is 30,000 KRW of spot."""

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(Venue.UPBIT, "partial", fraction="0.05")
            bench.fault(Venue.BINANCE, "reject")

            outcome = await entered(desk)

            assert outcome.status is OutcomeStatus.UNWOUND
            assert bench.coin() == 0
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario)


def test_fate_of_an_order_for_dust_is_waited_for(tmp_path: Path) -> None:
    async def scenario(world: Hedged) -> None:
        await world.taken_away("0.010", AdoptionKind.MANUAL_TRADE)
        world.bench.fault(Venue.UPBIT, "partial", fraction="0.96")
        world.bench.fault(Venue.UPBIT, "delay", ms=1_000)
        repairing = asyncio.create_task(world.recovery.repair(world.pair.pair_id))
        await asyncio.sleep(0.5)
        world.bench.fault(Venue.UPBIT, "http_500", times=10_000, endpoint="GET /v1/order")

        doubtful = await repairing
        sent = world.bench.orders_placed()
        world.bench.simulation.faults.clear()
        pair = await world.recovery.resolve(world.pair.pair_id)

        assert doubtful.state is PairState.UNKNOWN
        assert pair.state is PairState.CLOSED
        assert await world.recovery.resolve(world.pair.pair_id) == pair
        assert world.bench.orders_placed() == sent
        assert world.bench.coin() == 1

    with_pair(tmp_path, scenario)


# ---- books and prices


@pytest.mark.parametrize(
    ("book_is_known", "ends"), [(True, OutcomeStatus.UNWOUND), (False, OutcomeStatus.HEDGED)]
)
def test_retry_goes_as_far_as_undoing_costs_and_to_the_cap_when_that_is_not_known(
    tmp_path: Path, book_is_known: bool, ends: OutcomeStatus
) -> None:
    """The perpetual is 50 basis points worse; giving spot back costs a fifth of that."""

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(Venue.BINANCE, "reject")
            if not book_is_known:
                bench.fault(Venue.UPBIT, "http_500", times=3, endpoint="GET /v1/orderbook")
            entering = asyncio.create_task(entered(desk))
            await asyncio.sleep(0.2)
            bench.perpetual_at(49_750)
            desk.parts.trading.venues[LegName.SPOT].books.clear()
            outcome = await entering

            assert outcome.status is ends, outcome.reason
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario)


def test_large_market_order_is_sent_in_parts(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(Venue.BINANCE, "reject")
            entering = asyncio.create_task(entered(desk))
            await asyncio.sleep(0.2)
            venue = desk.parts.trading.venues[LegName.PERPETUAL]
            venue.rules["BTC"] = replace(venue.rules["BTC"], max_market_quantity=Decimal("0.006"))
            outcome = await entering

            assert outcome.status is OutcomeStatus.HEDGED
            sold = [
                record.body["quantity"]
                for record in bench.records(RecordType.ORDER_INTENDED)
                if record.body["purpose"] == "hedge"
            ]
            assert sold == ["0.006", "0.004"]

    run(tmp_path, scenario)


def test_nothing_is_sent_while_an_order_of_the_pair_is_undecided(tmp_path: Path) -> None:
    async def scenario(world: Hedged) -> None:
        trading = world.desk.parts.trading
        await world.taken_away("0.010", AdoptionKind.MANUAL_TRADE)
        [undecided] = [order_of(world.desk, world.pair.pair_id, "s001")]
        trading.pairs.intended(undecided)
        world.bench.fault(Venue.UPBIT, "http_500", times=10_000, endpoint="GET /v1/order")
        sent = world.bench.orders_placed()

        pair = await world.recovery.repair(world.pair.pair_id)

        assert pair.state is PairState.UNKNOWN
        assert world.bench.orders_placed() == sent
        world.bench.simulation.faults.clear()
        assert (await world.recovery.resolve(world.pair.pair_id)).state is PairState.CLOSED

    with_pair(tmp_path, scenario)


def test_nothing_is_sent_before_the_rules_are_known(tmp_path: Path) -> None:
    async def scenario(world: Hedged) -> None:
        await world.taken_away("0.010", AdoptionKind.MANUAL_TRADE)
        venue = world.desk.parts.trading.venues[LegName.SPOT]
        rules = venue.rules.pop("BTC")
        sent = world.bench.orders_placed()

        for attempt in (world.recovery.repair, world.recovery.resolve):
            assert (await attempt(world.pair.pair_id)).state is PairState.RECOVERING
        assert world.bench.orders_placed() == sent
        venue.rules["BTC"] = rules
        assert (await world.recovery.resolve(world.pair.pair_id)).state is PairState.CLOSED

    with_pair(tmp_path, scenario)


@pytest.mark.parametrize(
    ("pushed", "hedged_after_s"), [("fresh", 1), ("stale", 1 + 2), ("one-sided", 1 + 2)]
)
def test_book_that_cannot_be_read_is_taken_from_the_stream_while_that_is_fresh(
    tmp_path: Path, pushed: str, hedged_after_s: int
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(Venue.BINANCE, "reject")
            bench.fault(Venue.BINANCE, "http_500", endpoint="GET /fapi/v1/depth")
            started = bench.clock.monotonic()
            entering = asyncio.create_task(entered(desk))
            await asyncio.sleep(0.2)
            venue = desk.parts.trading.venues[LegName.PERPETUAL]
            book = venue.books["BTC"]
            if pushed == "stale":
                venue.books["BTC"] = replace(book, received=book.received - 10)
            if pushed == "one-sided":
                venue.books["BTC"] = replace(book, bids=())
            outcome = await entering

            assert outcome.status is OutcomeStatus.HEDGED
            assert round(bench.clock.monotonic() - started) == hedged_after_s

    run(tmp_path, scenario)


def test_retry_waits_for_the_book_that_it_needs(tmp_path: Path) -> None:
    """A lot of the perpetual is below Binance's minimum of 50 USDT; spot could shrink, once its
    book is known."""

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(Venue.BINANCE, "partial", fraction="0.9")
            bench.fault(Venue.UPBIT, "http_500", endpoint="GET /v1/orderbook")
            entering = asyncio.create_task(entered(desk))
            await asyncio.sleep(0.2)
            desk.parts.trading.venues[LegName.SPOT].books.clear()
            outcome = await entering

            assert outcome.status is OutcomeStatus.HEDGED, outcome.reason
            assert "differ by less than any order that is taken now" in (outcome.reason or "")
            assert (bench.coin(), bench.position()) == (Decimal("0.009"), Decimal("-0.009"))

    run(tmp_path, scenario)


def test_perpetual_that_is_the_larger_one_after_a_forced_close_shrinks_to_the_spot(
    tmp_path: Path,
) -> None:
    """Nobody decided on a price, so there is none to measure a cost from."""

    async def scenario(world: Hedged) -> None:
        trading = world.desk.parts.trading
        trading.pairs.advance(world.pair.pair_id, PairEvent.FORCED_CLOSE, "of nothing yet")
        spot = trading.venues[LegName.SPOT]
        sold = order_of(world.desk, world.pair.pair_id, "s001").order
        sold = replace(sold, client_order_id="by-hand-1", side=Side.SELL, price=Decimal(59_000_000))
        seen = await world.trades(LegName.SPOT)
        await spot.exchange.submit(sold, spot.exchange.book_order())
        [fill] = [item for item in await world.trades(LegName.SPOT) if item not in seen]
        kind, pairs = AdoptionKind.MANUAL_TRADE, [world.now()]
        for share in adopt_fill(fill, Venue.UPBIT, LegName.SPOT, kind, pairs, "for a test"):
            trading.pairs.adopt(share)

        pair = await world.recovery.repair(world.pair.pair_id, FAR_BELOW)

        assert pair.state is PairState.UNWOUND
        assert world.bench.position() == 0

    with_pair(tmp_path, scenario)


# ---- out of doubt


def test_nothing_was_filled_after_all(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            for venue, question in ((Venue.UPBIT, "GET /v1/order"), (Venue.BINANCE, "GET /fapi")):
                bench.fault(venue, "lose_request")
                bench.fault(venue, "http_500", times=10_000, endpoint=question)
            outcome = await entered(desk)
            assert pair_of(desk, outcome).state is PairState.UNKNOWN
            bench.simulation.faults.clear()

            pair = await Recovery(desk.parts.trading).resolve(outcome.pair_id or "")

            assert pair.state is PairState.FAILED

    run(tmp_path, scenario)


def test_exit_of_which_nothing_was_filled_leaves_the_pair_as_it_was(tmp_path: Path) -> None:
    async def scenario(world: Hedged) -> None:
        world.bench.spot_at(61_500_000)
        await world.desk.parts.feeds.read_prices()
        world.bench.fault(Venue.UPBIT, "lose_request")
        world.bench.fault(Venue.BINANCE, "reject")
        world.bench.fault(Venue.UPBIT, "http_500", times=10_000, endpoint="GET /v1/order")
        await world.desk.submit(action="EXIT", pair_id=world.pair.pair_id)
        assert world.now().state is PairState.UNKNOWN
        world.bench.simulation.faults.clear()

        pair = await world.recovery.resolve(world.pair.pair_id)

        assert (pair.state, pair.exit_reference) == (PairState.HEDGED, None)

    with_pair(tmp_path, scenario)


def test_when_neither_way_is_to_be_had_the_pair_is_naked(tmp_path: Path) -> None:
    async def scenario(world: Hedged) -> None:
        await world.taken_away("0.010", AdoptionKind.MANUAL_TRADE)
        world.bench.fault(Venue.UPBIT, "reject", times=4)
        world.bench.fault(Venue.BINANCE, "reject", times=4)
        sent = len(world.bench.orders_placed())

        pair = await world.recovery.repair(world.pair.pair_id)

        assert pair.state is PairState.NAKED
        assert len(world.bench.orders_placed()) == sent + 4 + 4
        assert "is NAKED (spot 0.01, perpetual 0 BTC)" in world.bench.alerts("critical")[-1]
        assert (await world.recovery.resolve(world.pair.pair_id)).state is PairState.CLOSED

    with_pair(tmp_path, scenario)


def test_equal_parts_of_both_legs_had_left(tmp_path: Path) -> None:
    async def scenario(world: Hedged) -> None:
        world.bench.spot_at(61_500_000)
        await world.desk.parts.feeds.read_prices()
        world.bench.fault(Venue.UPBIT, "partial", fraction="0.4")
        world.bench.fault(Venue.BINANCE, "partial", fraction="0.4")
        world.bench.fault(Venue.UPBIT, "http_500", times=10_000, endpoint="GET /v1/order")
        await world.desk.submit(action="EXIT", pair_id=world.pair.pair_id)
        assert world.now().state is PairState.UNKNOWN
        world.bench.simulation.faults.clear()

        pair = await world.recovery.resolve(world.pair.pair_id)

        assert (pair.state, pair.held(LegName.SPOT)) == (PairState.HEDGED, Decimal("0.006"))
        assert pair.exit_reference is not None

    with_pair(tmp_path, scenario)


def test_unwind_whose_fate_is_unknown_is_waited_for(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(Venue.BINANCE, "reject", times=4)
            bench.fault(Venue.UPBIT, "delay", ms=1)
            bench.fault(Venue.UPBIT, "lose_reply")
            entering = asyncio.create_task(entered(desk))
            await asyncio.sleep(1)
            bench.fault(Venue.UPBIT, "http_500", times=10_000, endpoint="GET /v1/order")
            outcome = await entering
            assert pair_of(desk, outcome).state is PairState.UNKNOWN
            recovery, sent = Recovery(desk.parts.trading), bench.orders_placed()

            still = await recovery.resolve(outcome.pair_id or "")
            bench.simulation.faults.clear()
            pair = await recovery.resolve(outcome.pair_id or "")

            assert still.state is PairState.UNKNOWN

            assert pair.state is PairState.UNWOUND
            assert bench.orders_placed() == sent
            [*_, told] = recovery.story.since(pair.pair_id)
            assert told.endswith("unwound: spot 0, perpetual 0 BTC")
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario)
