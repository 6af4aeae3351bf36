"""Money and coin that were moved: the venues' own lists say so, and nothing else does."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from exchanges.simulator.binance.records import IncomeType
from tasks.adoption import AdoptionKind
from tasks.circuit_breaker import CircuitState
from tasks.outcome import OutcomeStatus
from tasks.pair import LegName
from tasks.pair_transitions import PairState
from tests.tasks.desks import Bench, assert_agreed, assert_cash_is_conserved, entered, pair_of, run
from tests.tasks.reconciling.accounts import CASH, conjure, force_close, move, pay
from tests.tasks.reconciling.comparing import compared

BOTH_VENUES = pytest.mark.parametrize("perpetual", [Venue.BINANCE, Venue.HYPERLIQUID])
NO_LISTS = ("GET /v1/deposits", "GET /v1/withdraws")


@BOTH_VENUES
def test_money_paid_in_and_out_is_booked_once_with_the_venues_id(
    tmp_path: Path, perpetual: Venue
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await entered(desk)
            start = desk.parts.trading.clock.now()
            move(bench, Venue.UPBIT, "1000000.5")
            move(bench, perpetual, "-25.25")
            agreed, differences = await compared(desk)

            fee = Decimal(1) if perpetual is Venue.HYPERLIQUID else Decimal(0)
            assert agreed is True
            assert [item["difference"] for item in differences] == [
                "1000000.5",
                f"{Decimal('-25.25') - fee}",
            ]
            assert len(bench.alerts("warning")) == 2
            await assert_agreed(desk)
            venues = [desk.parts.trading.venues[leg].exchange for leg in LegName]
            listed = [it for one in venues for it in await one.transfers(start)]
        async with bench.still_desk() as desk:
            await assert_agreed(desk)
            booked = desk.parts.trading.pairs.adoptions()
            assert [one.kind for one in booked] == [AdoptionKind.DEPOSIT, AdoptionKind.WITHDRAWAL]
            assert [one.trade_id for one in booked] == [it.transfer_id for it in listed]
            assert [one.signed_quantity for one in booked] == [it.change for it in listed]
            # The same amount again is another payment.
            await asyncio.sleep(60)
            move(bench, Venue.UPBIT, "1000000.5")
            agreed, [difference] = await compared(desk)
            assert agreed is True
            assert "booked: deposit" in (difference["explained"] or "")
            await assert_agreed(desk)
        assert len(bench.alerts("warning")) == 3

    run(tmp_path, scenario, perpetual_venue=perpetual)


def test_coin_that_arrives_belongs_to_no_pair_and_blocks_nothing(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            opened = await entered(desk)
            move(bench, Venue.UPBIT, "0.5", "BTC")
            agreed, [difference] = await compared(desk)

            assert agreed is True
            assert (difference["symbol"], difference["difference"]) == ("BTC", "0.5")
            assert pair_of(desk, opened).held(LegName.SPOT) == Decimal("0.010")
            assert pair_of(desk, opened).state is PairState.HEDGED
            assert (await entered(desk)).status is OutcomeStatus.HEDGED
            move(bench, Venue.UPBIT, "-0.5", "BTC")
            assert (await compared(desk))[0] is True
            assert desk.parts.trading.pairs.outside(Venue.UPBIT, "BTC") == 0
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_coin_under_way_is_not_counted_before_it_is_there(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await entered(desk)
            await assert_agreed(desk)
            engine = bench.simulation.upbit
            [account] = engine.state()["accounts"]
            begun = engine.begin_transfer(account, "BTC", Decimal("0.5"))
            await assert_agreed(desk)
            await asyncio.sleep(timedelta(hours=2).total_seconds())
            await assert_agreed(desk)
            engine.finish_transfer(account, begun)

            agreed, [difference] = await compared(desk)

            assert agreed is True
            assert difference["explained"] == f"booked: deposit {begun.uuid}"

    run(tmp_path, scenario)


def test_the_fee_of_a_withdrawal_is_part_of_what_has_gone(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await entered(desk)
            engine = bench.simulation.upbit
            [account] = engine.state()["accounts"]
            leaving = engine.begin_transfer(account, "BTC", Decimal("-0.3"), fee=Decimal("0.0002"))
            engine.finish_transfer(account, leaving)

            agreed, [difference] = await compared(desk)

            assert agreed is True
            assert difference["difference"] == "-0.3002"
            await assert_agreed(desk)

    run(tmp_path, scenario, coin="0.5")


def test_of_coin_that_a_list_explains_in_part_the_rest_is_reported(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await entered(desk)
            await assert_agreed(desk)
            await asyncio.sleep(60)
            move(bench, Venue.UPBIT, "0.5", "BTC")
            conjure(bench, LegName.SPOT, "0.0001")

            agreed, differences = await compared(desk)

            assert agreed is False
            assert [item["difference"] for item in differences] == ["0.5", "0.0001"]
            assert [item["explained"] is None for item in differences] == [False, True]

    run(tmp_path, scenario)


def test_a_deposit_that_a_person_accepted_before_it_was_listed_is_not_booked_twice(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await entered(desk)
            await assert_agreed(desk)
            engine = bench.simulation.upbit
            [account] = engine.state()["accounts"]
            begun = engine.begin_transfer(account, "BTC", Decimal("0.5"))
            conjure(bench, LegName.SPOT, "0.5")
            assert (await compared(desk))[0] is False
            await desk.parts.operations.reconcile("it is on its way to the list")
            begun.done_at = desk.parts.trading.clock.now()

            await assert_agreed(desk)

            assert desk.parts.trading.pairs.outside(Venue.UPBIT, "BTC") == Decimal("0.5")

    run(tmp_path, scenario)


def test_what_was_moved_before_the_books_began_is_no_part_of_them(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        move(bench, Venue.UPBIT, "0.5", "BTC")
        move(bench, Venue.UPBIT, "1000")
        async with bench.still_desk() as desk:
            await assert_agreed(desk)
            await asyncio.sleep(60)
            move(bench, Venue.UPBIT, "2000")
            agreed, [difference] = await compared(desk)

            assert agreed is True
            assert difference["difference"] == "2000"
            assert len(desk.parts.trading.pairs.adoptions()) == 1

    run(tmp_path, scenario)


@BOTH_VENUES
@pytest.mark.parametrize("leg", list(LegName))
@pytest.mark.parametrize("sign", [1, -1])
def test_cash_that_no_list_explains_is_reported_like_coin(
    tmp_path: Path, perpetual: Venue, leg: LegName, sign: int
) -> None:
    venue = Venue.UPBIT if leg is LegName.SPOT else perpetual
    rounding, more = ("1", "1.5") if leg is LegName.SPOT else ("0.01", "0.02")

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await entered(desk)
            await assert_agreed(desk)
            pay(bench, venue, sign * Decimal(rounding))
            await assert_agreed(desk)
            pay(bench, venue, sign * Decimal(more))
            agreed, [difference] = await compared(desk)

            assert agreed is False
            assert (difference["symbol"], difference["explained"]) == (CASH[venue], None)
            assert Decimal(difference["difference"]) == sign * Decimal(more)
            await desk.parts.feeds.read_prices()
            denied = await entered(desk)
            assert denied.status is OutcomeStatus.DENIED
            assert "disagree" in (denied.reason or "")
            record = await desk.parts.operations.reconcile("a rebate")
            assert record["agreed"] is True
            await assert_agreed(desk)
            assert (await desk.parts.stopping.resuming.resume("a rebate"))["resumed"] is True
            await desk.parts.feeds.read_prices()
            assert (await entered(desk)).status is OutcomeStatus.HEDGED

    run(tmp_path, scenario, perpetual_venue=perpetual)


def test_of_a_venue_whose_lists_the_key_may_not_see_cash_is_booked_as_the_balance_says(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await entered(desk)
            for endpoint in NO_LISTS:
                bench.fault(
                    Venue.UPBIT, "reject", times=10_000, endpoint=endpoint, code="out_of_scope"
                )
            move(bench, Venue.UPBIT, "-5000")
            agreed, [difference] = await compared(desk)
            breaker = desk.parts.trading.venues[LegName.SPOT].breaker

            assert agreed is True
            assert difference["explained"] == "booked: paid out"
            [warning] = bench.alerts("warning")
            assert "permission" in warning
            assert breaker.state is CircuitState.CLOSED
            await assert_agreed(desk)
            conjure(bench, LegName.SPOT, "0.0001")
            assert (await compared(desk))[0] is False

    run(tmp_path, scenario)


@pytest.mark.parametrize("endpoint", NO_LISTS)
def test_lists_that_cannot_be_read_just_now_are_read_the_next_time(
    tmp_path: Path, endpoint: str
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            await entered(desk)
            bench.fault(Venue.UPBIT, "http_500", times=10_000, endpoint=endpoint)
            move(bench, Venue.UPBIT, "5000")
            agreed, differences = await compared(desk)
            assert agreed is False
            assert [item["kind"] for item in differences] == ["unreadable"]

            bench.simulation.faults.clear()
            agreed, [difference] = await compared(desk)
            assert agreed is True
            assert "booked: deposit" in (difference["explained"] or "")

    run(tmp_path, scenario)


@pytest.mark.parametrize("quantity", ["0.010", "0.004"])
def test_what_a_liquidation_costs_besides_is_part_of_its_pairs_result(
    tmp_path: Path, quantity: str
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            opened = await entered(desk)
            force_close(bench, quantity, "liquidation")
            account = bench.simulation.binance.account("paper-binance")
            [cost] = [
                -one.amount for one in account.income if one.type is IncomeType.INSURANCE_CLEAR
            ]
            assert cost > 0
            agreed, differences = await compared(desk)
            await assert_agreed(desk)

            pair = pair_of(desk, opened)
            fees = [one.fee for one in desk.parts.trading.pairs.adoptions() if not one.quantity]
            assert agreed is True
            assert [item["kind"] for item in differences] == ["fill", "balance"]
            assert {one.pair_id for one in desk.parts.trading.pairs.adoptions()} == {pair.pair_id}
            assert fees == [cost]
            trades = sum(one.commission for one in account.trades)
            assert pair.perpetual.entry.fee + pair.perpetual.exit.fee == trades + cost
            assert_cash_is_conserved(bench, desk)
        async with bench.still_desk() as desk:
            await assert_agreed(desk)
            assert pair_of(desk, opened).perpetual == pair.perpetual
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario)


def die(_: object) -> None:
    raise MemoryError


@pytest.mark.parametrize("crash", [False, True])
def test_a_pair_that_has_ended_is_told_its_result_again_with_the_fee_of_its_liquidation(
    tmp_path: Path, crash: bool
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            opened = await entered(desk)
            bench.fault(Venue.BINANCE, "http_500", times=10_000, endpoint="GET /fapi/v1/income")
            force_close(bench, "0.010", "liquidation")
            await compared(desk)
            assert pair_of(desk, opened).state is PairState.CLOSED
            before = desk.parts.trading.pairs.result(pair_of(desk, opened).pair_id)
            bench.simulation.faults.clear()
            if crash:
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(desk.parts.trading.pairs, "adopt", die)
                    with pytest.raises(MemoryError):
                        await compared(desk)
        async with bench.still_desk() as desk:
            await compared(desk)
            await assert_agreed(desk)

            pair = pair_of(desk, opened)
            after = desk.parts.trading.pairs.result(pair.pair_id)
            [cost] = [one.fee for one in desk.parts.trading.pairs.adoptions() if not one.quantity]
            assert pair.state is PairState.CLOSED
            assert before is not None
            assert after is not None
            more = Decimal(before["fees_krw"]) - Decimal(after["fees_krw"])
            assert abs(more) == cost * Decimal(after["krw_per_usdt"])
            assert Decimal(after["net_krw"]) < Decimal(before["net_krw"])
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario)
