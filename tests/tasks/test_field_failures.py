"""How other engines are known to fail at two legs, each played to this desk.

The sources are issues of the projects named; the numbers are theirs.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

from exchanges.instrument import Venue
from tasks.outcome import OutcomeStatus
from tasks.pair_transitions import PairState
from tests.drills.tape import results
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


def test_an_exception_while_placing_is_no_failure_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    """hummingbot, every exchange: #2342, #493, #6901, #7295."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.UPBIT, "lose_reply")
            bench.fault(Venue.BINANCE, "http_503_unknown")

            opened = await entered(desk)

            assert opened.status is OutcomeStatus.HEDGED
            assert len(bench.orders_placed()) == 2
            assert bench.coin() == -bench.position() == Decimal("0.010")

    run(tmp_path, scenario)


def test_a_leg_that_fails_for_good_does_not_stay_opening_with_the_other_one_naked(
    tmp_path: Path,
) -> None:
    """hummingbot, spot-perpetual arbitrage: #3831."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.BINANCE, "reject", times=4)

            opened = await entered(desk)

            assert opened.status is OutcomeStatus.UNWOUND
            assert bench.coin() == bench.position() == 0
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_closing_looks_at_the_true_position_and_never_opens_the_other_way(tmp_path: Path) -> None:
    """hummingbot, spot-perpetual arbitrage: #7043."""

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            opened = await entered(desk)
            bench.simulation.binance.force_close(
                "paper-binance", "BTCUSDT", Decimal("0.010"), "liquidation"
            )
            bench.spot_at(61_000_000)
            await desk.parts.guard.look()
            await desk.parts.feeds.read_prices()

            await desk.submit(action="EXIT", pair_id=opened.pair_id)

            assert bench.position() == 0
            assert_legs_match(desk)

    run(tmp_path, scenario)


def test_a_missing_leg_is_not_chased_and_its_loss_is_not_called_nothing(tmp_path: Path) -> None:
    """hummingbot, arbitrage executor: a market order again at once, no bound, a result of 0."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.BINANCE, "reject")
            entering = asyncio.create_task(entered(desk))
            await asyncio.sleep(0.5)
            bench.perpetual_at(48_000)  # the bid that is wanted falls by 4 %

            opened = await entering

            assert opened.status is OutcomeStatus.UNWOUND
            sales = [r for r in bench.records(RecordType.FILL) if r.body["leg"] == "perpetual"]
            assert sales == []
            [net] = results(bench)
            assert net < 0
            assert_cash_is_conserved(bench, desk)

    run(tmp_path, scenario)


def test_an_order_that_trades_after_it_was_given_up_is_hedged(tmp_path: Path) -> None:
    """hummingbot, cross-exchange market making: #2501 (2020), #8094 (still open)."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.BINANCE, "delay", ms=20_000)

            opened = await entered(desk)
            await asyncio.sleep(90)

            assert pair_of(desk, opened).state is not PairState.NAKED
            assert bench.coin() == -bench.position()
            assert_legs_match(desk)
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_silence_of_the_venue_is_not_a_rejection_however_often_it_is_asked(tmp_path: Path) -> None:
    """NautilusTrader: submitted becomes rejected after five questions, #4152, #4411."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.BINANCE, "lose_reply")
            bench.fault(Venue.BINANCE, "http_500", times=40, endpoint="GET /fapi/v1/order")
            bench.fault(Venue.BINANCE, "drop_event", times=5, endpoint="ORDER_TRADE_UPDATE")

            opened = await entered(desk)
            await asyncio.sleep(150)

            assert pair_of(desk, opened).state is PairState.HEDGED
            assert len(bench.orders_placed()) == 2
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_an_order_carries_an_id_of_ours_that_a_restart_derives_again(tmp_path: Path) -> None:
    """freqtrade: no client order id of its own."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk)
            legs = {leg.client_order_ids for leg in opened.legs}
        await asyncio.sleep(2)

        async with bench.desk() as desk:
            pair = pair_of(desk, opened)

            assert legs == {(f"kimp-{pair.pair_id}-s001",), (f"kimp-{pair.pair_id}-p001",)}
            assert sorted(bench.orders_placed()) == sorted(name for ids in legs for name in ids)

    run(tmp_path, scenario)


def test_unwinding_sells_what_was_bought_and_leaves_the_rest_of_the_coin_alone(
    tmp_path: Path,
) -> None:
    """Bots for the kimchi premium: "sell residual" sells the whole coin."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.BINANCE, "reject", times=4)

            opened = await entered(desk)

            assert opened.status is OutcomeStatus.UNWOUND
            assert bench.coin() == Decimal(1)

    run(tmp_path, scenario, coin="1")


def test_without_a_bank_rate_there_is_no_rate_and_no_entry(tmp_path: Path) -> None:
    """Bots for the kimchi premium: a constant of 1,300 in place of the rate."""

    async def scenario(bench: Bench) -> None:
        bench.fault(Venue.UPBIT, "http_500", times=100, endpoint="GET /v1/forex/recent")
        async with bench.desk() as desk:
            refused = await entered(desk)

            assert (refused.reason or "").startswith("fx_stale: the bank rate was never read")
            assert bench.orders_placed() == []

    run(tmp_path, scenario)


def test_an_entry_of_which_nothing_filled_leaves_no_trade_and_no_position(tmp_path: Path) -> None:
    """Bots for the kimchi premium: phantom rows for zero fills."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.UPBIT, "reject")
            bench.fault(Venue.BINANCE, "reject")

            opened = await entered(desk)

            assert opened.status is OutcomeStatus.FAILED
            assert bench.records(RecordType.FILL) == []
            assert desk.parts.trading.pairs.open_pairs() == []

    run(tmp_path, scenario)


def test_a_stop_holds_over_a_restart_and_leaves_what_it_says_it_leaves(tmp_path: Path) -> None:
    """Stop buttons elsewhere: orders or positions left behind (#2944, #5931), or trading goes on
    after a crash (#2534)."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk)
            await desk.parts.operations.kill("drill", liquidate=False)
            assert pair_of(desk, opened).state is PairState.HEDGED
        await asyncio.sleep(2)

        async with bench.desk() as desk:
            refused = await entered(desk)
            assert (refused.reason or "").startswith("killed: ")

            report = await desk.parts.operations.kill("drill", liquidate=True)

            assert [outcome["status"] for outcome in report["outcomes"]] == ["closed"]
            assert bench.coin() == bench.position() == 0
            await assert_agreed(desk)

    run(tmp_path, scenario)
