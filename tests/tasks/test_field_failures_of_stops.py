"""How stop buttons elsewhere stop something else, each played to this desk.

The sources are issues of hummingbot; the numbers are theirs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from exchanges.instrument import Venue
from tasks.errors import SwitchesUnreadable
from tasks.outcome import OutcomeStatus
from tasks.pair import Pair
from tasks.pair_transitions import PairState
from tests.tasks.desks import (
    Bench,
    assert_agreed,
    assert_cash_is_conserved,
    entered,
    pair_of,
    run,
)


def test_a_stop_holds_over_a_restart_and_leaves_what_it_says_it_leaves(tmp_path: Path) -> None:
    """Stop buttons elsewhere: orders or positions left behind (#2944, #5931), or trading goes on
    after a crash (#2534)."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk)
            await desk.parts.killing.kill("drill", liquidate=False)
            assert pair_of(desk, opened).state is PairState.HEDGED
        await asyncio.sleep(2)

        async with bench.desk() as desk:
            refused = await entered(desk)
            assert (refused.reason or "").startswith("killed: ")

            report = await desk.parts.killing.kill("drill", liquidate=True)

            assert [outcome["status"] for outcome in report["outcomes"]] == ["closed"]
            assert bench.coin() == bench.position() == 0
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_a_stop_is_one_although_everything_around_it_fails(tmp_path: Path) -> None:
    """Stop buttons elsewhere: the stop itself fails, and trading goes on (#2534)."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await entered(desk)

            async def nobody(names: Iterable[str], reason: str) -> None:
                raise SwitchesUnreadable("nobody answers")

            desk.switches.pause = nobody  # type: ignore[method-assign]
            bench.fault(Venue.UPBIT, "http_500", times=10, endpoint="GET /v1/orders/open")
            bench.fault(Venue.BINANCE, "http_500", times=10, endpoint="GET /fapi/v1/openOrders")

            report = await desk.parts.killing.kill("drill", liquidate=False)

            assert report["killed"]
            await desk.parts.guard.look()  # Prefect still says that nothing is paused
            refused = await entered(desk)
            assert (refused.reason or "").startswith("killed: ")

    run(tmp_path, scenario)


def test_a_liquidation_leaves_no_position_behind_and_no_pair_out(tmp_path: Path) -> None:
    """Stop buttons elsewhere: positions left behind, #2944, #5931; one failure, and the rest is
    never come to."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            first, second = await entered(desk), await entered(desk)
            bench.leave_naked()
            naked = await entered(desk)
            assert naked.status is OutcomeStatus.NAKED
            advance, fails = desk.parts.trading.pairs.advance, [first.pair_id]

            def advance_or_fail(pair_id: str, *args: Any, **kwargs: Any) -> Pair:
                if pair_id in fails:
                    fails.remove(pair_id)
                    raise MemoryError("inside")
                return advance(pair_id, *args, **kwargs)

            desk.parts.trading.pairs.advance = advance_or_fail  # type: ignore[method-assign]

            report = await desk.parts.killing.kill("drill", liquidate=True)

            told = {outcome["pair_id"]: outcome["status"] for outcome in report["outcomes"]}
            assert told == {
                first.pair_id: "failed",
                second.pair_id: "closed",
                naked.pair_id: "closed",
            }
            assert bench.coin() == -bench.position() == Decimal("0.010")

            report = await desk.parts.killing.kill("drill", liquidate=True)

            assert [outcome["status"] for outcome in report["outcomes"]] == ["closed"]
            assert bench.coin() == bench.position() == 0
            assert_cash_is_conserved(bench, desk)
            await assert_agreed(desk)

    run(tmp_path, scenario)
