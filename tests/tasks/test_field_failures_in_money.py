"""How bots count their money wrongly, each played to this desk.

The sources are issues of the projects named; the numbers are theirs.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from exchanges.side import Side
from exchanges.simulator.market import Quote
from tasks.outcome import OutcomeStatus
from tasks.pair import LegName
from tests.drills.tape import results
from tests.tasks.desks import Bench, assert_cash_is_conserved, entered, pair_of, run
from tests.tasks.reconciling.accounts import conjure, trade_by_hand
from warehouse.records import RecordType


def test_funding_counts_once_for_a_pair_that_was_left_in_part(tmp_path: Path) -> None:
    """freqtrade: counted twice after a first partial exit, in what is shown and in what decides,
    #13102, #13263."""

    async def scenario(bench: Bench) -> None:
        def settle() -> None:
            bench.simulation.binance.settle_funding(Decimal("0.001"))

        async with bench.desk() as desk:
            small, large = await entered(desk, "0.010"), await entered(desk, "0.030")
            await asyncio.sleep(31)
            settle()
            await asyncio.sleep(31)
            bench.spot_at(61_000_000)
            await asyncio.sleep(1)
            for venue in (Venue.UPBIT, Venue.BINANCE):
                bench.fault(venue, "partial", fraction="0.4")
            await desk.submit(action="EXIT", pair_id=small.pair_id)
            assert pair_of(desk, small).held(LegName.SPOT) == Decimal("0.006")
            settle()
            await asyncio.sleep(31)
        await asyncio.sleep(3_600)

        async with bench.desk() as desk:
            first, second = (Decimal(r.body["amount"]) for r in bench.records(RecordType.FUNDING))
            shown, _ = (pair["now"]["net_krw"] for pair in desk.parts.view.pairs(open_only=True))

            assert (await desk.submit(action="EXIT")).status is OutcomeStatus.CLOSED

            ended = [desk.parts.trading.pairs.result(it.pair_id or "") for it in (small, large)]
            funding = [
                Decimal(result["funding_krw"] or 0) / Decimal(result["krw_per_usdt"])
                for result in ended
                if result is not None
            ]
            assert funding == [first / 4 + second / 6, first * 3 / 4 + second * 5 / 6]
            assert results(bench)[0] == Decimal(shown)
            assert_cash_is_conserved(bench, desk, funding=first + second)

    run(tmp_path, scenario)


def test_a_premium_is_of_prices_that_can_be_had_for_the_size(tmp_path: Path) -> None:
    """Bots for the kimchi premium: of the last prices that somebody else traded at."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            # Somebody trades at 60 M; whoever buys now pays 61.5 M.
            quote = Quote(Decimal(60_000_000), Decimal(61_500_000), Decimal("0.5"))
            bench.simulation.market.set_quote(Venue.UPBIT, "KRW-BTC", quote)
            await trade_by_hand(desk, LegName.SPOT, Side.SELL, "0.001")
            await asyncio.sleep(1.1)  # the premium is sampled each second

            refused = await entered(desk, premium_limit_pct="5")

            assert (refused.reason or "").startswith("premium_worse: the executable premium is 6.9")
            *_, sampled = bench.records(RecordType.PREMIUM)
            assert Decimal(sampled.body["enter_tether_pct"]) > Decimal("6.9")

    run(tmp_path, scenario, coin="1")


@pytest.mark.parametrize("moved", ["0.010", "-0.010"])
def test_a_balance_that_moves_meanwhile_is_no_fill_and_no_lack_of_one(
    tmp_path: Path, moved: str
) -> None:
    """Bots for the kimchi premium: what filled is judged by how the balance changed."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            comes = moved == "0.010"
            if comes:
                bench.fault(Venue.UPBIT, "reject", times=4)
            else:
                bench.fault(Venue.UPBIT, "delay", ms=200)
            entering = asyncio.create_task(entered(desk))
            await asyncio.sleep(0.1)
            conjure(bench, LegName.SPOT, moved)

            opened = await entering

            assert opened.status is (OutcomeStatus.UNWOUND if comes else OutcomeStatus.HEDGED)
            pair = pair_of(desk, opened)
            assert pair.spot.entry.quantity == (0 if comes else Decimal("0.010"))
            assert bench.position() == -pair.held(LegName.PERPETUAL)
            assert len(bench.orders_placed()) == (6 if comes else 2)

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
