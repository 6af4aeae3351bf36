"""2024-12-03, 22:56 KST: martial law is declared. Upbit's Bitcoin falls from 131 to 88 million won,
about a third below its price abroad, and stands there for a quarter of an hour while the venue
fails under the load; then it comes back.

Who sells his coin into that has lost a third of it for good, and who trusts a venue's silence holds
one leg.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from exchanges.simulator.faults import FaultKind
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

ABROAD, WON = 93_500, 1_401
"""USDT a coin and KRW a dollar: 131 million won, no premium."""
WIDE = Decimal(8)
BEFORE = Decimal("0.050")
"""Coin of each pair that is open when it begins."""
TOP = 134_000_000
TAPE = (
    Turn(0, 131_000_000, ABROAD, WON),
    Turn(30, 131_000_000, ABROAD, WON),
    Turn(50, 110_000_000, ABROAD, WON, Decimal(2), Decimal("0.1")),
    Turn(60, 88_000_000, ABROAD, WON, WIDE, Decimal("0.02")),
    Turn(160, 88_000_000, ABROAD, WON, Decimal(2), Decimal("0.1")),
    Turn(280, 120_000_000, ABROAD, WON, Decimal("0.1"), Decimal("0.3")),
    Turn(300, TOP, ABROAD, WON),
    Turn(330, TOP, ABROAD, WON),
)
"""The quarter of an hour in four minutes: nothing else happened in the rest of it."""
OVERLOADED = range(32, 260)
SIGNALS_S = 8
OVERLOAD = (
    FaultKind.HTTP_500,
    FaultKind.LOSE_REPLY,
    FaultKind.LOSE_REQUEST,
    FaultKind.REJECT,
    FaultKind.HTTP_503_UNKNOWN,
)


@pytest.mark.timeout(300)
def test_nothing_is_dumped_no_leg_is_left_and_the_night_ends_in_profit(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        set_market(bench, TAPE[0])
        bench.simulation.market.set_krw_per_usd(Decimal(WON))
        async with bench.desk() as desk:
            before = [await entered(desk, f"{BEFORE}") for _ in range(2)]
            assert [outcome.status for outcome in before] == [OutcomeStatus.HEDGED] * 2

            def fail(second: int) -> None:
                if second == OVERLOADED.start - SIGNALS_S - 1:
                    bench.fault(Venue.UPBIT, FaultKind.LOSE_REQUEST)
                elif second in OVERLOADED and second % 5 == 0:
                    kind = OVERLOAD[second // 5 % len(OVERLOAD)]
                    bench.fault(Venue.UPBIT, kind, endpoint=None if second % 2 else "*")
                elif second == OVERLOADED.stop:
                    bench.simulation.faults.clear()

            lived = await live_through(bench, desk, TAPE, signals_every_s=SIGNALS_S, happens=fail)

            print(lived.refusals, lived.closed, results(bench))
            # The order that the venue lost as the fall began, and those lost later, were repaired.
            assert any((entry.reason or "").startswith("repaired") for entry in lived.entries)
            # A book without a price, and the jump after it, are no market to enter on.
            assert lived.refusals["market_unfit"] > 0
            assert lived.refusals.keys() <= {"market_unfit", "too_many_pairs", "expired"}
            # What was held before is sold when Korea pays its price again, and not before.
            assert {pair_of(desk, outcome).state for outcome in before} == {PairState.CLOSED}
            assert [price for price, size in spot_sales(bench) if size == BEFORE] == [TOP, TOP]
            assert len(results(bench)) >= len(before)
            assert min(results(bench)) > 0
            assert bench.alerts("critical") == []
            assert_legs_match(desk)
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario, max_open_pairs=10)
