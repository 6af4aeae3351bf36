"""Closing pairs: only in profit, and whole, whatever the venues do."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.exit_judge import ExitJudge
from tasks.exiting import profit_bound
from tasks.feeds import Feeds
from tasks.outcome import OutcomeStatus
from tasks.pair_transitions import PairState
from tasks.switch_guard import ENTRY
from tests.tasks.desks import (
    Bench,
    assert_agreed,
    assert_cash_is_conserved,
    assert_legs_match,
    entered,
    pair_of,
    run,
)
from tests.tasks.test_entering import WIRE_FAULTS
from warehouse.records import RecordType


def test_a_loss_is_held_with_its_numbers_and_nothing_is_sent(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk)
            sent = bench.orders_placed()
            outcome = await desk.submit(action="EXIT", pair_id=opened.pair_id)

            assert outcome.status is OutcomeStatus.HELD
            assert outcome.reason is not None
            assert "closing now would lose 1,197 KRW" in outcome.reason
            assert bench.orders_placed() == sent
            assert bench.alerts("warning")[-1].startswith(f"{opened.pair_id} is kept: ")

    run(tmp_path, scenario)


def test_a_profit_is_taken_and_booked_to_the_last_digit(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk)
            bench.spot_at(61_000_000)
            await asyncio.sleep(0.5)
            outcome = await desk.submit(action="EXIT", pair_id=opened.pair_id)

            assert outcome.status is OutcomeStatus.CLOSED
            assert bench.coin() == 0
            assert bench.position() == 0
            assert_cash_is_conserved(bench, desk)
            [result] = [
                record.body["result"]
                for record in bench.records(RecordType.PAIR_EVENT)
                if "result" in record.body
            ]
            made_krw = bench.krw() - 100_000_000
            made_usdt = bench.dollars() - 100_000
            rate = Decimal(result["krw_per_usdt"])
            assert Decimal(result["net_krw"]) == made_krw + made_usdt * rate
            assert Decimal(result["net_krw"]) > 0

    run(tmp_path, scenario)


@pytest.mark.parametrize(("kind", "args"), WIRE_FAULTS)
@pytest.mark.parametrize("venue", list(Venue)[:2])
def test_an_exit_whose_fate_was_unknown_ends_flat(
    tmp_path: Path, venue: Venue, kind: str, args: dict[str, Any]
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk)
            bench.spot_at(61_000_000)
            await asyncio.sleep(0.5)
            bench.fault(venue, kind, **args)
            outcome = await desk.submit(action="EXIT", pair_id=opened.pair_id)

            assert outcome.status is OutcomeStatus.CLOSED
            assert bench.coin() == 0
            assert bench.position() == 0
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)


@pytest.mark.parametrize("venue", list(Venue)[:2])
@pytest.mark.parametrize("fraction", ["0", "0.35", "0.8"])
def test_a_partial_exit_is_finished(tmp_path: Path, venue: Venue, fraction: str) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk)
            bench.spot_at(61_000_000)
            await asyncio.sleep(0.5)
            bench.fault(venue, "partial", fraction=fraction)
            outcome = await desk.submit(action="EXIT", pair_id=opened.pair_id)

            assert outcome.status is OutcomeStatus.CLOSED
            assert bench.position() == 0
            assert_legs_match(desk)
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario)


def test_an_exit_that_both_venues_reject_leaves_the_pair_as_it_was(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk)
            bench.spot_at(61_000_000)
            await asyncio.sleep(0.5)
            bench.fault(Venue.UPBIT, "reject")
            bench.fault(Venue.BINANCE, "reject")
            outcome = await desk.submit(action="EXIT", pair_id=opened.pair_id)

            assert outcome.status is OutcomeStatus.FAILED
            assert (outcome.reason or "").startswith("not_closed: ")
            pair = pair_of(desk, opened)
            assert pair.state is PairState.HEDGED
            assert pair.exit_reference is None
            again = await desk.submit(action="EXIT", pair_id=opened.pair_id)
            assert again.status is OutcomeStatus.CLOSED
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario)


@pytest.mark.parametrize("names_its_pair", [True, False])
def test_an_exit_that_fails_inside_the_desk_tells_what_it_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names_its_pair: bool
) -> None:
    async def broken(_: Feeds) -> None:
        raise RuntimeError("out of order")

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk)
            named = {"pair_id": opened.pair_id} if names_its_pair else {}
            with monkeypatch.context() as broken_judge:
                broken_judge.setattr(ExitJudge, "judge", lambda *_: 1 / 0)
                before = await desk.submit(action="EXIT", **named)
            bench.spot_at(61_000_000)
            await asyncio.sleep(0.5)
            with monkeypatch.context() as broken_feeds:
                broken_feeds.setattr(Feeds, "refresh_balances", broken)
                after = await desk.submit(action="EXIT", **named)

            assert before.status is OutcomeStatus.DENIED
            assert "system_error: ZeroDivisionError" in (before.reason or "")
            assert "nothing was traded" in (before.reason or "")
            assert after.status is OutcomeStatus.CLOSED
            assert "system_error: RuntimeError: out of order" in (after.reason or "")
            assert f"{opened.pair_id}: earned" in (after.reason or "")
            assert desk.switches.paused[ENTRY]

    run(tmp_path, scenario)


def test_when_the_perpetual_cannot_be_closed_the_spot_is_bought_back(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk)
            bench.spot_at(61_000_000)
            await asyncio.sleep(0.5)
            bench.fault(Venue.BINANCE, "reject", times=4)
            outcome = await desk.submit(action="EXIT", pair_id=opened.pair_id)

            assert outcome.status is OutcomeStatus.FAILED
            assert pair_of(desk, opened).state is PairState.HEDGED
            assert bench.coin() == Decimal("0.010")
            assert bench.position() == Decimal("-0.010")
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_an_exit_without_pair_id_closes_what_is_in_profit_and_holds_the_rest(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            cheap = await entered(desk)
            bench.spot_at(61_000_000)
            await asyncio.sleep(0.5)
            dear = await entered(desk)
            outcome = await desk.submit(action="EXIT")

            assert outcome.status is OutcomeStatus.HELD
            assert pair_of(desk, cheap).state is PairState.CLOSED
            assert pair_of(desk, dear).state is PairState.HEDGED
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_an_exit_that_reaches_too_deep_into_the_book_is_held(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk, "0.100")
            # Each level holds a hundredth of it, half a basis point apart.
            bench.spot_at(63_000_000, size="0.01")
            await asyncio.sleep(0.5)
            sent = bench.orders_placed()
            outcome = await desk.submit(action="EXIT", pair_id=opened.pair_id, max_slippage_bps=2)

            assert outcome.status is OutcomeStatus.HELD
            assert "reaches further into the spot book" in (outcome.reason or "")
            assert bench.orders_placed() == sent

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"pair_id": "p000000000000"}, "pair_unknown"),
        ({}, "nothing_to_close"),
        ({"symbol": "ETH"}, "symbol_unknown"),
    ],
)
def test_an_exit_of_nothing_is_denied(tmp_path: Path, fields: dict[str, str], code: str) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            outcome = await desk.submit(action="EXIT", **fields)

            assert outcome.status is OutcomeStatus.DENIED
            assert (outcome.reason or "").startswith(f"{code}: ")

    run(tmp_path, scenario)


prices = st.decimals(min_value=1, max_value=10**9, places=2)


@given(prices, prices, st.decimals(min_value="0.001", max_value=10, places=8), prices)
def test_the_bound_gives_away_at_most_half_of_what_is_spare(
    worst: Decimal, spare: Decimal, quantity: Decimal, slippage: Decimal
) -> None:
    buying = profit_bound(Side.BUY, worst, spare, quantity, slippage)
    selling = profit_bound(Side.SELL, worst, spare, quantity, slippage)

    tolerance = Decimal("1e-12") * (worst + spare / quantity) * quantity
    assert (buying - worst) * quantity <= spare / 2 + tolerance
    assert (worst - selling) * quantity <= spare / 2 + tolerance
    assert buying <= slippage <= selling
