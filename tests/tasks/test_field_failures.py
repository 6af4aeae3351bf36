"""How other engines are known to fail at two legs, each played to this desk.

The sources are issues of the projects named; the numbers are theirs.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from exchanges.order import Order, OrderReport
from exchanges.rate_budget import Booking
from exchanges.side import Side
from tasks.client_order_id import pair_id_for
from tasks.outcome import OutcomeStatus
from tasks.pair import LegName
from tasks.pair_transitions import PairState
from tasks.wire_text import read_utc
from tests.drills.tape import results
from tests.tasks.desks import (
    Bench,
    assert_agreed,
    assert_cash_is_conserved,
    assert_legs_match,
    entered,
    pair_of,
    run,
    until,
)
from tests.tasks.reconciling.accounts import trade_by_hand
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


@pytest.mark.parametrize("beside", ["0", "1"])
def test_a_leg_that_fails_for_good_does_not_stay_opening_with_the_other_one_naked(
    tmp_path: Path, beside: str
) -> None:
    """hummingbot, spot-perpetual arbitrage: #3831. Bots for the kimchi premium: "sell residual"
    sells the whole coin, that beside the pair too."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.BINANCE, "reject", times=4)

            opened = await entered(desk)

            assert opened.status is OutcomeStatus.UNWOUND
            assert (bench.coin(), bench.position()) == (Decimal(beside), Decimal(0))
            assert_cash_is_conserved(bench, desk, coin=beside)
            await assert_agreed(desk)

    run(tmp_path, scenario, coin=beside)


@pytest.mark.parametrize("spot", ["sold by hand", "gone"])
def test_a_restart_looks_at_the_spot_leg_too(tmp_path: Path, spot: str) -> None:
    """hummingbot, spot-perpetual arbitrage: on a restart it never looks at spot."""

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            opened = await entered(desk)
            if spot == "gone":
                bench.coin_vanishes("0.010")
            else:
                await trade_by_hand(desk, LegName.SPOT, Side.SELL, "0.010")

        async with bench.desk() as desk:
            if spot == "gone":
                refused = await entered(desk)
                assert "POSITION_MISMATCH: journal and venues disagree" in (refused.reason or "")
                assert any("disagree" in alert for alert in bench.alerts("critical"))
            else:
                assert pair_of(desk, opened).state is PairState.CLOSED
                assert bench.coin() == bench.position() == 0
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


def test_a_missing_leg_is_tried_again_a_few_times_each_later_and_then_given_up(
    tmp_path: Path,
) -> None:
    """hummingbot, arbitrage executor: again at once, and after three it keeps the other leg."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.BINANCE, "reject", times=1_000)

            opened = await entered(desk)

            tried = [
                read_utc(record.time)
                for record in bench.records(RecordType.ORDER_INTENDED)
                if record.body["leg"] == "perpetual"
            ]
            pauses = [round((after - before).total_seconds()) for before, after in pairwise(tried)]
            assert pauses == [1, 2, 4]
            assert opened.status is OutcomeStatus.UNWOUND
            assert bench.coin() == bench.position() == 0

    run(tmp_path, scenario)


def test_an_order_that_trades_while_its_cancel_is_under_way_is_hedged(tmp_path: Path) -> None:
    """hummingbot, cross-exchange market making: #2501 (2020), #8094 (still open): forgotten when
    the cancel is sent."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            exchange = desk.parts.trading.venues[LegName.SPOT].exchange
            submit = exchange.submit

            async def submit_resting(order: Order, booking: Booking | None = None) -> OrderReport:
                """A venue that lets it rest."""
                resting = replace(order, price=Decimal(59_000_000), time_in_force=None)
                return await submit(resting, booking)

            exchange.submit = submit_resting  # type: ignore[method-assign]
            bench.fault(Venue.UPBIT, "delay", ms=600, endpoint="DELETE /v1/order")
            entering = asyncio.create_task(entered(desk))
            await until(lambda: not bench.simulation.faults.pending())
            bench.spot_at(58_900_000)

            opened = await entering

            assert opened.status is OutcomeStatus.HEDGED
            assert bench.coin() == -bench.position() == Decimal("0.010")
            assert len(bench.orders_placed()) == 2
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_an_order_that_trades_after_it_was_given_up_is_hedged(tmp_path: Path) -> None:
    """hummingbot, cross-exchange market making: #2501, #8094, the reply lost."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            # Longer than the desk waits before it believes that the order never came.
            bench.fault(Venue.UPBIT, "delay", ms=20_000)

            opened = await entered(desk)
            await asyncio.sleep(90)

            events = [record.body["event"] for record in bench.records(RecordType.PAIR_EVENT)]
            assert events.count("late_fill") == 1
            assert pair_of(desk, opened).state is PairState.HEDGED
            assert bench.coin() == -bench.position() > 0
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
    """freqtrade: no client order id of its own, so that a lost reply loses the order."""

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.fault(Venue.BINANCE, "lose_reply")
            bench.fault(Venue.BINANCE, "http_500", times=10_000, endpoint="GET /fapi/v1/order")
            opened = await entered(desk)
            assert pair_of(desk, opened).state is PairState.UNKNOWN
        bench.simulation.faults.clear()

        async with bench.desk() as desk:
            pair = desk.parts.trading.pairs[pair_id_for(opened.signal_id)]

            assert pair.state is PairState.HEDGED
            assert sorted(bench.orders_placed()) == [
                f"kimp-{pair.pair_id}-p001",
                f"kimp-{pair.pair_id}-s001",
            ]
            await assert_agreed(desk)

    run(tmp_path, scenario)
