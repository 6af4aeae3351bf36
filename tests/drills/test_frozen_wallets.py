"""2025-11-27: Upbit freezes its wallets after a theft. No coin goes in or out, so nobody can trade
a premium away, and some stand near 100 %.

A premium behind a closed wallet or a halted market is no signal. A pair that is held may be closed
into it all the same, as long as the market trades.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from tasks.outcome import OutcomeStatus
from tasks.pair_transitions import PairState
from tests.drills.tape import Turn, live_through, results, set_market
from tests.tasks.desks import (
    Bench,
    assert_agreed,
    assert_cash_is_conserved,
    entered,
    pair_of,
    run,
)

ABROAD, WON = 91_000, 1_465
FAIR = ABROAD * WON // 1_000 * 1_000
BEFORE = Turn(0, FAIR, ABROAD, WON)
TAPE = (
    BEFORE,
    Turn(30, FAIR, ABROAD, WON),
    Turn(60, FAIR * 19 // 10, ABROAD, WON),
    Turn(90, FAIR * 19 // 10, ABROAD, WON),
)


def begin(bench: Bench) -> None:
    set_market(bench, BEFORE)
    bench.simulation.market.set_krw_per_usd(Decimal(WON))


@pytest.mark.parametrize("direction", ["long_premium", "short_premium"])
def test_no_pair_is_entered_on_a_premium_behind_closed_wallets(
    tmp_path: Path, direction: str
) -> None:
    async def scenario(bench: Bench) -> None:
        begin(bench)
        async with bench.desk() as desk:
            bench.fault(Venue.UPBIT, "wallet_closed")
            await asyncio.sleep(65)  # the venue's word on wallets is asked for each minute or so

            lived = await live_through(bench, desk, TAPE, signals_every_s=5, direction=direction)

            assert lived.entries == []
            assert lived.refusals.keys() <= {"market_unfit", "market_halted"}
            assert lived.refusals.total() == 19
            assert bench.orders_placed() == []
            assert any("wallet" in alert for alert in bench.alerts("warning"))

    run(tmp_path, scenario, coin="0.5")


def test_a_pair_that_is_held_is_closed_into_the_premium_while_the_market_trades(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        begin(bench)
        async with bench.desk() as desk:
            opened = await entered(desk, "0.050")
            bench.fault(Venue.UPBIT, "wallet_closed")

            lived = await live_through(bench, desk, TAPE, signals_every_s=1_000)

            assert pair_of(desk, opened).state is PairState.CLOSED
            assert sum(lived.closed.values()) == len(list(desk.parts.trading.pairs))
            assert min(results(bench)) > 0
            assert bench.coin() == bench.position() == 0
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_a_halted_market_keeps_the_pair_and_what_comes_after_it_is_looked_at_first(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        begin(bench)
        async with bench.desk() as desk:
            opened = await entered(desk, "0.050")
            bench.fault(Venue.UPBIT, "halt_market")
            await asyncio.sleep(65)
            set_market(bench, Turn(1, FAIR * 19 // 10, ABROAD, WON))
            await asyncio.sleep(2)

            held = await desk.submit(action="EXIT", pair_id=opened.pair_id)
            judged = await desk.parts.desk.validate_exits()
            refused = await entered(desk)

            assert held.status in (OutcomeStatus.HELD, OutcomeStatus.DENIED)
            assert [item["decision"] for item in judged] == ["hold"]
            assert pair_of(desk, opened).state is PairState.HEDGED
            assert (refused.reason or "").partition(":")[0] in ("market_unfit", "market_halted")

            bench.simulation.faults.clear()
            await asyncio.sleep(65)
            still = await entered(desk)
            judged = await desk.parts.desk.validate_exits()

            # It came back 90 % higher: entries wait for a person, the pair does not.
            assert (still.reason or "").startswith("market_unfit: ")
            assert [item["decision"] for item in judged] == ["close"]
            assert pair_of(desk, opened).state is PairState.CLOSED
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)
