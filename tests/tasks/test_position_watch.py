"""The venue takes a perpetual leg away: noticed, booked, the coin sold, but not at any price."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.outcome import OutcomeStatus
from tasks.pair import LegName
from tasks.pair_transitions import PairState
from tests.tasks.desks import (
    Bench,
    assert_agreed,
    assert_legs_match,
    entered,
    pair_of,
    run,
    until,
)
from tests.tasks.reconciling.accounts import conjure, force_close, trade_by_hand
from warehouse.records import RecordType

PERPETUALS = (Venue.BINANCE, Venue.HYPERLIQUID)
REASONS = {"ADL": "adl", "liquidation": "liquidation"}
NEVER_HEARD = {
    Venue.BINANCE: ("ORDER_TRADE_UPDATE",),
    Venue.HYPERLIQUID: ("orderUpdates", "userFills"),
}


async def seconds_until(bench: Bench, holds: Callable[[], bool]) -> float:
    """How long, from now on, it takes until something holds."""
    began = bench.clock.monotonic()
    await until(holds)
    return bench.clock.monotonic() - began


def deafen(bench: Bench) -> None:
    """The stream tells nothing of orders any more."""
    for endpoint in NEVER_HEARD[bench.perpetual]:
        bench.fault(bench.perpetual, "drop_event", times=1_000, endpoint=endpoint)


@pytest.mark.parametrize("venue", PERPETUALS)
@pytest.mark.parametrize("reason", REASONS)
def test_short_closed_by_force_has_its_coin_sold_at_once(
    tmp_path: Path, venue: Venue, reason: str
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            outcome = await entered(desk)
            await asyncio.sleep(2)
            force_close(bench, "0.010", reason)
            took_s = await seconds_until(bench, lambda: not pair_of(desk, outcome).is_open)

            assert took_s < 1
            assert pair_of(desk, outcome).state is PairState.CLOSED
            assert bench.coin() == 0
            [adoption] = [record.body for record in bench.records(RecordType.ADOPTION)]
            assert adoption["kind"] == REASONS[reason]
            assert adoption["pair_id"] == outcome.pair_id
            assert "by the venue" in bench.alerts("critical")[0]
            assert desk.parts.trading.pairs.result(pair_of(desk, outcome).pair_id) is not None
            # What a liquidation pays into the insurance fund is in the venue's list.
            assert (await desk.parts.operations.reconcile())["agreed"]

    run(tmp_path, scenario, perpetual_venue=venue)


@pytest.mark.parametrize("venue", PERPETUALS)
def test_partly_closed_short_stays_hedged_for_the_rest(tmp_path: Path, venue: Venue) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            outcome = await entered(desk)
            force_close(bench, "0.004")
            await asyncio.sleep(1.5)

            pair = pair_of(desk, outcome)
            assert pair.state is PairState.HEDGED
            assert not pair.forced
            assert pair.held(LegName.SPOT) == pair.held(LegName.PERPETUAL) == Decimal("0.006")
            assert_legs_match(desk)
            await assert_agreed(desk)
            assert (await entered(desk)).status is OutcomeStatus.HEDGED

    run(tmp_path, scenario, perpetual_venue=venue)


@pytest.mark.parametrize("venue", PERPETUALS)
def test_without_the_stream_it_is_noticed_within_five_seconds(tmp_path: Path, venue: Venue) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            outcome = await entered(desk)
            deafen(bench)
            await asyncio.sleep(2.1)
            force_close(bench, "0.010")
            took_s = await seconds_until(
                bench, lambda: pair_of(desk, outcome).state is not PairState.HEDGED
            )

            assert took_s < 5
            await asyncio.sleep(1)
            assert pair_of(desk, outcome).state is PairState.CLOSED

    run(tmp_path, scenario, perpetual_venue=venue)


@pytest.mark.parametrize("venue", PERPETUALS)
def test_coin_is_not_dumped_into_a_reverse_premium(tmp_path: Path, venue: Venue) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            outcome = await entered(desk)
            bench.spot_at(40_000_000)  # a third below what it costs abroad
            force_close(bench, "0.010")
            await asyncio.sleep(60)

            pair = pair_of(desk, outcome)
            assert pair.state is PairState.NAKED
            assert pair.forced
            assert bench.coin() == Decimal("0.010")
            assert bench.position() == 0
            assert any("is NAKED" in alert for alert in bench.alerts("critical"))
            refused = await entered(desk)
            assert refused.status is OutcomeStatus.DENIED
            assert (refused.reason or "").startswith("naked_pair: ")

            bench.spot_at(60_000_000)
            await asyncio.sleep(2)
            await desk.parts.operations.recover(None)

            assert pair_of(desk, outcome).state is PairState.CLOSED
            assert bench.coin() == 0
            await assert_agreed(desk)

    run(tmp_path, scenario, perpetual_venue=venue)


def test_a_restart_does_not_forget_the_floor(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            outcome = await entered(desk)
            bench.spot_at(40_000_000)
            force_close(bench, "0.010")
            await asyncio.sleep(0.5)
            assert pair_of(desk, outcome).state is PairState.RECOVERING

        async with bench.desk() as desk:
            await asyncio.sleep(20)
            assert pair_of(desk, outcome).state is PairState.NAKED
            assert bench.coin() == Decimal("0.010")
            assert bench.position() == 0

    run(tmp_path, scenario)


def test_a_forced_close_while_no_desk_ran_is_repaired_after_the_start(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            outcome = await entered(desk)
        force_close(bench, "0.010")
        await asyncio.sleep(3_600)

        async with bench.desk() as desk:
            await asyncio.sleep(5)
            assert pair_of(desk, outcome).state is PairState.CLOSED
            assert bench.coin() == 0
            await assert_agreed(desk)

    run(tmp_path, scenario)


@pytest.mark.parametrize("venue", PERPETUALS)
def test_long_perpetual_closed_by_force_has_its_coin_bought_back(
    tmp_path: Path, venue: Venue
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            outcome = await entered(desk, direction="short_premium")
            assert outcome.status is OutcomeStatus.HEDGED, outcome.reason
            assert bench.coin() == Decimal("0.990")
            force_close(bench, "0.010", "liquidation")
            await asyncio.sleep(1.5)

            assert pair_of(desk, outcome).state is PairState.CLOSED
            assert bench.coin() == 1

    run(tmp_path, scenario, coin="1", perpetual_venue=venue)


def test_coin_is_not_bought_back_at_an_absurd_premium(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            outcome = await entered(desk, direction="short_premium")
            bench.spot_at(90_000_000)
            force_close(bench, "0.010", "liquidation")
            await asyncio.sleep(30)

            assert pair_of(desk, outcome).state is PairState.NAKED
            assert bench.coin() == Decimal("0.990")

    run(tmp_path, scenario, coin="1")


def test_a_close_is_divided_among_the_pairs_that_held_the_position(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            first = await entered(desk)
            second = await entered(desk)
            force_close(bench, "0.015")
            await asyncio.sleep(2)

            assert pair_of(desk, first).state is PairState.CLOSED
            assert pair_of(desk, second).state is PairState.HEDGED
            assert pair_of(desk, second).held(LegName.SPOT) == Decimal("0.005")
            assert_legs_match(desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_news_that_comes_again_costs_no_question(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            outcome = await entered(desk)
            bench.fault(bench.perpetual, "duplicate_event", times=50, endpoint="ORDER_TRADE_UPDATE")
            force_close(bench, "0.010")
            await asyncio.sleep(3)

            asked = [
                request
                for request in bench.simulation.requests.requests()
                if request.path == "/fapi/v1/userTrades"
            ]
            assert pair_of(desk, outcome).state is PairState.CLOSED
            assert len(bench.records(RecordType.ADOPTION)) == 1
            # Of both orders of the entry and exit, at the start, and once for the close.
            assert len(asked) <= 6

    run(tmp_path, scenario)


@pytest.mark.parametrize("venue", PERPETUALS)
def test_short_bought_back_by_hand_has_its_coin_sold_within_five_seconds(
    tmp_path: Path, venue: Venue
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            outcome = await entered(desk)
            await asyncio.sleep(2)
            await trade_by_hand(desk, LegName.PERPETUAL, Side.BUY, "0.010")
            took_s = await seconds_until(bench, lambda: not pair_of(desk, outcome).is_open)

            assert took_s < 5
            assert bench.coin() == 0
            assert not pair_of(desk, outcome).forced
            await assert_agreed(desk)

    run(tmp_path, scenario, perpetual_venue=venue)


def test_pair_closed_by_hand_on_both_legs_is_not_sold_again(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            outcome = await entered(desk)
            await trade_by_hand(desk, LegName.SPOT, Side.SELL, "0.010")
            await trade_by_hand(desk, LegName.PERPETUAL, Side.BUY, "0.010")
            await asyncio.sleep(6)

            assert pair_of(desk, outcome).state is PairState.CLOSED
            # The entry's orders, and those made by hand.
            assert len(bench.orders_placed()) == 4
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_position_that_nothing_explains_blocks_entries_and_calls_a_person_once(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await entered(desk)
            await asyncio.sleep(2)
            before = len(bench.alerts("critical"))
            conjure(bench, LegName.PERPETUAL, "0.004")
            await asyncio.sleep(30)

            alarm, stopped = bench.alerts("critical")[before:]
            assert alarm.startswith("journal and venues disagree")
            assert "POSITION_MISMATCH: journal and venues disagree" in stopped
            assert (await entered(desk)).status is OutcomeStatus.DENIED

            conjure(bench, LegName.PERPETUAL, "-0.004")
            await asyncio.sleep(30)
            assert (await entered(desk)).status is OutcomeStatus.DENIED  # a person has to ask

            assert (await desk.parts.stopping.resuming.resume("it is gone"))["resumed"] is True
            assert (await entered(desk)).status is OutcomeStatus.HEDGED

    run(tmp_path, scenario)


def test_position_is_not_doubted_while_an_order_is(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await entered(desk)
            bench.fault(Venue.BINANCE, "lose_reply")
            bench.fault(Venue.BINANCE, "http_500", endpoint="GET /fapi/v1/order", times=30)
            outcome = await entered(desk)
            await asyncio.sleep(60)

            compared = bench.records(RecordType.RECONCILIATION)
            doubted = [
                item["kind"]
                for record in compared
                for item in record.body["differences"]
                if item["explained"] is None
            ]
            assert pair_of(desk, outcome).state is PairState.HEDGED
            assert "position" not in doubted

    run(tmp_path, scenario)
