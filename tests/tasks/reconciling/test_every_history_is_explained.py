"""Whatever the desk, people, the venues and the money do: the books follow, and only then."""

from __future__ import annotations

import asyncio
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.pair import LegName
from tasks.pair_transitions import PairState
from tasks.paper_desk import PaperDesk
from tests.tasks.desks import Bench, assert_agreed, run
from tests.tasks.reconciling.accounts import conjure, force_close, move, trade_by_hand

LOTS = st.integers(1, 12).map(lambda lots: Decimal(lots) * Decimal("0.001"))
ENTERS = st.tuples(st.just("enter"), st.sampled_from(["long_premium", "short_premium"]), LOTS)
EVENTS = st.one_of(
    ENTERS,
    st.tuples(st.just("leave")),
    st.tuples(st.just("hand"), st.sampled_from(LegName), st.sampled_from(Side), LOTS),
    st.tuples(st.just("forced"), st.sampled_from(["ADL", "liquidation"]), LOTS),
    st.tuples(st.just("pay"), st.sampled_from(LegName), st.integers(-900, 900).filter(bool)),
    st.tuples(st.just("fund"), st.sampled_from(["0.0001", "-0.0003"])),
    st.tuples(st.just("compare")),
)


async def happen(bench: Bench, desk: PaperDesk, event: tuple[Any, ...]) -> None:
    match event:
        case ("enter", direction, quantity):
            await desk.submit(action="ENTER", quantity=f"{quantity:f}", direction=direction)
        case ("leave",):
            for pair in desk.parts.trading.pairs.open_pairs():
                if pair.state is PairState.HEDGED:
                    await desk.parts.killing._liquidate(pair, "for a test")
        case ("hand", leg, side, quantity):
            await trade_by_hand(desk, leg, side, quantity)
        case ("forced", reason, quantity):
            if held := min(quantity, abs(bench.position())):
                force_close(bench, held, reason)
        case ("pay", leg, amount):
            venue = desk.parts.trading.venues[leg].venue
            move(bench, venue, amount * (1_000 if venue is Venue.UPBIT else 1))
        case ("fund", rate):
            bench.simulation.perpetuals[bench.perpetual].settle_funding(Decimal(rate))
        case _:
            await desk.parts.operations.reconcile()
            await desk.parts.operations.recover(None)


def assert_books_are_the_accounts(bench: Bench, desk: PaperDesk) -> None:
    """Coin to the last digit, cash to what the venue's rounding leaves."""
    books, perpetual = desk.parts.books, bench.perpetual
    assert books.expected(Venue.UPBIT, "BTC") == bench.coin()
    assert books.expected(perpetual, "BTC") == bench.position()
    assert books.expected(Venue.UPBIT, "KRW") == bench.krw()
    cost = sum((cost for _, cost in bench.positions()), Decimal(0))
    quote = desk.parts.trading.venues[LegName.PERPETUAL].exchange.instrument("BTC").quote
    assert abs(books.expected(perpetual, quote) - (bench.dollars() - cost)) <= Decimal("0.01")


@pytest.mark.parametrize("perpetual", [Venue.BINANCE, Venue.HYPERLIQUID])
@settings(max_examples=12, suppress_health_check=list(HealthCheck), print_blob=True)
@given(
    first=ENTERS,
    sessions=st.lists(st.lists(EVENTS, min_size=1, max_size=4), min_size=1, max_size=2),
    at=st.sampled_from(LegName),
    sign=st.sampled_from([1, -1]),
)
def test_every_history_is_explained_and_coin_out_of_nowhere_is_not(
    perpetual: Venue,
    first: tuple[Any, ...],
    sessions: list[list[tuple[Any, ...]]],
    at: LegName,
    sign: int,
) -> None:
    """``sessions``: what happens between two starts of the desk, after a pair was entered."""

    async def scenario(bench: Bench) -> None:
        for session in ([first, *sessions[0]], *sessions[1:]):
            async with bench.still_desk() as desk:
                for event in session:
                    await desk.parts.feeds.read_prices()
                    await happen(bench, desk, event)
                    await asyncio.sleep(20)
        async with bench.still_desk() as desk:
            record = await desk.parts.operations.reconcile()
            assert record["agreed"], record["differences"]
            await desk.parts.operations.recover(None)
            await assert_agreed(desk)
            assert_books_are_the_accounts(bench, desk)

            least = Decimal("0.0001") if at is LegName.SPOT else Decimal("0.001")
            conjure(bench, at, sign * least)
            assert not (await desk.parts.operations.reconcile())["agreed"]

    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), scenario, coin="0.5", perpetual_venue=perpetual)
