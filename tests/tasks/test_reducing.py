"""A desk that may not enter still repairs and leaves; and what it leaves is a pair, never a leg.

NautilusTrader's state REDUCING judges each order by its own instrument: closing one leg of a pair
reduces, and the other leg is left alone with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from exchanges.errors import RateLimited
from exchanges.instrument import Venue
from tasks.errors import SwitchesUnreadable
from tasks.outcome import OutcomeStatus
from tasks.pair import LegName
from tasks.pair_transitions import PairState
from tasks.paper_desk import PaperDesk
from tasks.switch_guard import ENTRY, EXECUTOR
from tests.tasks.desks import Bench, entered, pair_of, run
from tests.tasks.reconciling.accounts import conjure, force_close

Stand = Callable[[Bench, PaperDesk], Awaitable[None]]


async def entries_paused(bench: Bench, desk: PaperDesk) -> None:
    desk.switches.paused[ENTRY] = True
    await desk.parts.guard.look()


async def executor_paused(bench: Bench, desk: PaperDesk) -> None:
    desk.switches.paused[EXECUTOR] = True
    await desk.parts.guard.look()


async def prefect_is_silent(bench: Bench, desk: PaperDesk) -> None:
    async def silence() -> Mapping[str, bool]:
        raise SwitchesUnreadable("nobody answers")

    desk.switches.read = silence  # type: ignore[method-assign]
    await asyncio.sleep(bench.settings.switch_silence_s + 1)


async def killed(bench: Bench, desk: PaperDesk) -> None:
    await desk.parts.killing.kill("drill", liquidate=False)
    await asyncio.sleep(1)
    # Its pauses are lifted in Prefect; the stop itself only by a resume.
    desk.switches.paused.update(dict.fromkeys(desk.switches.paused, False))
    await asyncio.sleep(1)


async def coin_out_of_nowhere(bench: Bench, desk: PaperDesk) -> None:
    conjure(bench, LegName.SPOT, "0.001")
    await desk.parts.operations.reconcile()


async def health_checks_fail(bench: Bench, desk: PaperDesk) -> None:
    bench.fault(Venue.BINANCE, "http_500", times=1_000, endpoint="GET /fapi/v1/time")
    await asyncio.sleep(35)


async def clock_is_off(bench: Bench, desk: PaperDesk) -> None:
    bench.simulation.upbit.set_clock_offset(2_500)
    await asyncio.sleep(31)


async def wallet_is_closed(bench: Bench, desk: PaperDesk) -> None:
    bench.fault(Venue.UPBIT, "wallet_closed")
    await asyncio.sleep(31)


async def bank_rate_is_old(bench: Bench, desk: PaperDesk) -> None:
    bench.fault(Venue.UPBIT, "http_500", times=1_000, endpoint="GET /v1/forex/recent")
    await asyncio.sleep(bench.settings.max_fx_age_s + 1)


async def another_pair_is_naked(bench: Bench, desk: PaperDesk) -> None:
    bench.leave_naked()
    assert (await entered(desk)).status is OutcomeStatus.NAKED


async def as_many_pairs_as_may_be(bench: Bench, desk: PaperDesk) -> None:
    """They are open already."""


async def only_the_reserve_is_left(bench: Bench, desk: PaperDesk) -> None:
    exchange = desk.parts.trading.venues[LegName.PERPETUAL].exchange
    for _ in range(exchange.order_room()):
        exchange.book_order()


PAUSED = "paused: entry/live is paused in Prefect: no new pairs"
BLOCKS: Mapping[str, tuple[Stand, str]] = MappingProxyType(
    {
        "entries paused": (entries_paused, "paused: entry/live"),
        "executor paused": (executor_paused, "paused: executor/live"),
        "Prefect silent": (prefect_is_silent, "switch_silent: "),
        "killed": (killed, "killed: "),
        "mismatch": (coin_out_of_nowhere, f"{PAUSED} (POSITION_MISMATCH: journal and venues"),
        "outage": (health_checks_fail, f"{PAUSED} (API_CONNECTION_LOST: binance failed 3"),
        "clock off": (clock_is_off, "clock_offset: "),
        "wallet closed": (wallet_is_closed, "market_unfit: "),
        "bank rate old": (bank_rate_is_old, "fx_stale: "),
        "naked pair": (another_pair_is_naked, "naked_pair: "),
        "enough pairs": (as_many_pairs_as_may_be, "too_many_pairs: "),
        "order limit used": (only_the_reserve_is_left, "no_rate_budget: "),
    }
)
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "bank rate old": {"max_fx_age_s": 30, "fx_poll_s": 10},
    "enough pairs": {"max_open_pairs": 3},
}


@pytest.mark.parametrize("block", BLOCKS)
def test_entries_are_refused_while_repairs_and_exits_go_on(tmp_path: Path, block: str) -> None:
    """An entry the other way round would bring the perpetual position nearer to nothing; it is an
    entry all the same."""
    stand, refusal = BLOCKS[block]

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            first, second = [await entered(desk) for _ in range(2)]
            reducing = await entered(desk, "0.002", direction="short_premium")
            assert reducing.status is OutcomeStatus.HEDGED, reducing.reason
            bench.spot_at(61_000_000)
            await asyncio.sleep(1)
            await stand(bench, desk)
            sent, held = len(bench.orders_placed()), bench.position()

            for direction in ("long_premium", "short_premium"):
                refused = await entered(desk, "0.002", direction=direction)
                assert refused.status is OutcomeStatus.DENIED
                assert (refused.reason or "").startswith(refusal)
            assert (len(bench.orders_placed()), bench.position()) == (sent, held)

            left = await desk.submit(action="EXIT", pair_id=first.pair_id)
            assert left.status is OutcomeStatus.CLOSED, left.reason
            assert bench.position() - held == Decimal("0.010")

            force_close(bench, "0.004")
            await asyncio.sleep(2)
            repaired = pair_of(desk, second)
            assert repaired.state is PairState.HEDGED
            assert repaired.held(LegName.SPOT) == Decimal("0.006")
            assert repaired.unhedged == 0

            await desk.parts.desk.validate_exits()
            assert pair_of(desk, second).state is PairState.CLOSED

    run(tmp_path, scenario, coin="1", **SETTINGS.get(block, {}))


# ---- one leg alone


async def market_is_halted(bench: Bench, desk: PaperDesk, venue: Venue) -> None:
    bench.fault(venue, "halt_market")
    await asyncio.sleep(61)  # the rules say it too


async def books_stand_still(bench: Bench, desk: PaperDesk, venue: Venue) -> None:
    bench.fault(venue, "http_500", times=100_000, endpoint=BOOKS[venue])
    bench.fault(venue, "drop_event", times=100_000, endpoint="*")
    await asyncio.sleep(15)


async def no_order_fits_the_limits(bench: Bench, desk: PaperDesk, venue: Venue) -> None:
    leg = LegName.SPOT if venue is Venue.UPBIT else LegName.PERPETUAL
    exchange = desk.parts.trading.venues[leg].exchange
    with suppress(RateLimited):
        while True:
            exchange.book_order(urgent=True)


BOOKS = {Venue.UPBIT: "GET /v1/orderbook", Venue.BINANCE: "GET /fapi/v1/depth"}
ONE_SIDED = {
    "halted": market_is_halted,
    "no book": books_stand_still,
    "no order fits": no_order_fits_the_limits,
}


@pytest.mark.parametrize("venue", BOOKS)
@pytest.mark.parametrize("trouble", ONE_SIDED)
def test_a_pair_of_which_one_leg_cannot_be_left_is_not_left_by_the_other(
    tmp_path: Path, trouble: str, venue: Venue
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk)
            bench.spot_at(61_000_000)
            await asyncio.sleep(1)
            await ONE_SIDED[trouble](bench, desk, venue)

            left = await desk.submit(action="EXIT")
            [automatic] = await desk.parts.desk.validate_exits()
            report = await desk.parts.killing.kill("drill", liquidate=True)

            assert left.status is not OutcomeStatus.CLOSED
            assert not (automatic["outcome"] and automatic["outcome"]["status"] == "closed")
            assert [outcome["status"] for outcome in report["outcomes"]] == ["failed"]
            assert pair_of(desk, opened).state is PairState.HEDGED
            assert bench.coin() == -bench.position() == Decimal("0.010")
            assert len(bench.orders_placed()) == 2

    run(tmp_path, scenario)
