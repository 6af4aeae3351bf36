"""A minute in which much is asked of the perpetual venue, and a close by force that only the
position shows."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from exchanges.errors import RateLimited
from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.outcome import Outcome, OutcomeStatus
from tasks.pair import LegName
from tasks.pair_transitions import PairState
from tasks.paper_desk import PaperDesk
from tests.tasks.desks import Bench, assert_agreed, entered, pair_of, run, until
from tests.tasks.reconciling.accounts import force_close, trade_by_hand
from tests.tasks.test_position_watch import PERPETUALS, deafen

PROMISED_S = 5
TRADES = 5


async def trade(bench: Bench, desk: PaperDesk) -> Outcome:
    """Pairs opened and closed at a profit, and one that stays."""
    for _ in range(TRADES):
        opened = await entered(desk)
        bench.spot_at(61_200_000)
        await asyncio.sleep(1)
        closed = await desk.submit(action="EXIT", pair_id=opened.pair_id)
        assert closed.status is OutcomeStatus.CLOSED, closed.reason
        bench.spot_at(60_000_000)
        await asyncio.sleep(1)
    return await entered(desk)


async def use_up(desk: PaperDesk) -> None:
    """Whatever of the perpetual venue's limits is not kept in reserve."""
    exchange = desk.parts.trading.venues[LegName.PERPETUAL].exchange
    for ask in (exchange.rules, exchange.book):
        with suppress(RateLimited):
            while True:
                await ask("BTC")


def questions(bench: Bench) -> int:
    """How many the perpetual venue was asked."""
    return sum(seen.venue is bench.perpetual for seen in bench.simulation.requests.requests())


async def seconds_to_flat(bench: Bench, desk: PaperDesk, outcome: Outcome) -> float:
    """From a close by force on, until the pair has ended."""
    force_close(bench, "0.010")
    began = bench.clock.monotonic()
    await until(lambda: pair_of(desk, outcome).state is PairState.CLOSED)
    return bench.clock.monotonic() - began


@pytest.mark.parametrize("venue", PERPETUALS)
def test_two_starts_in_one_second_ask_no_more_than_the_limits_allow(
    tmp_path: Path, venue: Venue, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk():
            await asyncio.sleep(5)

    run(tmp_path, scenario, perpetual_venue=venue)

    assert [it.getMessage() for it in caplog.records if "cannot be read" in it.getMessage()] == []


@pytest.mark.parametrize("venue", PERPETUALS)
@pytest.mark.parametrize("second", [20, 45])
def test_after_a_start_trades_and_a_reconciliation_it_is_found_as_soon_as_ever(
    tmp_path: Path, venue: Venue, second: int
) -> None:
    async def scenario(bench: Bench) -> None:
        began = bench.clock.monotonic()
        async with bench.desk() as desk:
            outcome = await trade(bench, desk)
            await assert_agreed(desk)
            deafen(bench)
            await asyncio.sleep(began + second - bench.clock.monotonic())

            assert await seconds_to_flat(bench, desk, outcome) < PROMISED_S
            assert bench.coin() == 0

    run(tmp_path, scenario, perpetual_venue=venue)


@pytest.mark.parametrize("venue", PERPETUALS)
def test_it_is_found_when_only_the_reserve_is_left(tmp_path: Path, venue: Venue) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            outcome = await entered(desk)
            deafen(bench)
            await use_up(desk)
            await asyncio.sleep(10)

            assert await seconds_to_flat(bench, desk, outcome) < PROMISED_S
            assert bench.coin() == 0

    run(tmp_path, scenario, perpetual_venue=venue)


@pytest.mark.parametrize("venue", PERPETUALS)
def test_reserve_is_not_used_for_a_position_that_no_pair_holds(
    tmp_path: Path, venue: Venue
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await trade_by_hand(desk, LegName.PERPETUAL, Side.BUY, "0.010")
            await desk.parts.operations.reconcile()
            await use_up(desk)
            before = questions(bench)
            await asyncio.sleep(15)

            assert questions(bench) == before

    run(tmp_path, scenario, perpetual_venue=venue)
