"""2025-10-10: the market falls by a sixth within minutes, and the perpetual venues close the shorts
of hedgers to pay for others' losses. In Korea dollar coins are bought at any price: one venue
prints 5,755 won for a USDT for three seconds, at 1,650 elsewhere.

A short that is gone leaves a coin without its hedge. It is sold while Korea pays its price, and
not into a hole; and a dollar that costs four times its price for three seconds makes no profit.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

from tasks.outcome import OutcomeStatus
from tasks.pair_transitions import PairState
from tests.drills.tape import Turn, live_through, results, set_market, spot_sales
from tests.tasks.desks import (
    Bench,
    assert_agreed,
    assert_cash_is_conserved,
    assert_legs_match,
    entered,
    pair_of,
    run,
)

WON = 1_420
DEAR, PRINTED = 1_650, 5_755
"""KRW a USDT on the night, and for three seconds."""
BEFORE = Turn(0, 171_200_000, 120_000, WON)


def deleveraged(bench: Bench, quantity: str) -> None:
    """The venue closes so much of the short."""
    bench.simulation.binance.force_close("paper-binance", "BTCUSDT", Decimal(quantity), "ADL")


def begin(bench: Bench) -> None:
    set_market(bench, BEFORE)
    bench.simulation.market.set_krw_per_usd(Decimal(WON))


def test_a_short_that_the_venue_closed_is_followed_by_the_coin_at_its_price(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        begin(bench)
        async with bench.desk() as desk:
            opened = await entered(desk, "0.050")
            set_market(bench, Turn(1, 145_000_000, 101_000, WON))
            await asyncio.sleep(1)

            deleveraged(bench, "0.020")
            await asyncio.sleep(5)

            pair = pair_of(desk, opened)
            assert pair.state is PairState.HEDGED
            assert bench.coin() == -bench.position() == Decimal("0.030")
            assert spot_sales(bench) == [(Decimal(145_000_000), Decimal("0.020"))]
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_a_coin_is_not_sold_into_a_hole_and_a_person_is_called(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        begin(bench)
        async with bench.desk() as desk:
            opened = await entered(desk, "0.050")
            # Korea pays a tenth less than the world.
            set_market(bench, Turn(1, 129_000_000, 101_000, WON))
            await asyncio.sleep(1)

            deleveraged(bench, "0.050")
            await asyncio.sleep(15)
            refused = await entered(desk)

            assert pair_of(desk, opened).state is PairState.NAKED
            assert bench.coin() == Decimal("0.050")
            assert spot_sales(bench) == []
            assert any(opened.pair_id or "" in alert for alert in bench.alerts("critical"))
            assert (refused.reason or "").startswith("naked_pair: ")

            # Korea comes back; a person lets the desk try again.
            set_market(bench, Turn(2, 144_000_000, 101_000, WON))
            await asyncio.sleep(2)
            await desk.parts.operations.recover(opened.pair_id)

            assert pair_of(desk, opened).state is PairState.CLOSED
            assert bench.coin() == bench.position() == 0
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_a_dollar_at_four_times_its_price_makes_no_profit_and_no_entry(tmp_path: Path) -> None:
    tape = (
        BEFORE,
        Turn(20, 160_000_000, 112_000, WON),
        Turn(40, 145_000_000, 101_000, DEAR),
        Turn(59, 143_000_000, 101_000, DEAR),
        Turn(60, 143_000_000, 101_000, PRINTED),
        Turn(63, 143_000_000, 101_000, DEAR),
        Turn(80, 143_000_000, 101_000, WON),
        Turn(100, 143_000_000, 101_000, WON),
    )

    async def scenario(bench: Bench) -> None:
        begin(bench)
        async with bench.desk() as desk:
            opened = await entered(desk, "0.050")
            assert opened.status is OutcomeStatus.HEDGED

            lived = await live_through(bench, desk, tape, signals_every_s=4)

            print(lived.refusals, results(bench))
            assert pair_of(desk, opened).state is PairState.HEDGED
            assert sum(lived.closed.values()) == 0
            assert lived.refusals["rates_apart"] > 5
            assert_legs_match(desk)
            await assert_agreed(desk)

    run(tmp_path, scenario, max_open_pairs=100)
