from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.side import Side
from tasks.forced_close_floor import NEVER, ForcedCloseFloor, spot_price_at
from tasks.pair import Pair
from tasks.paper_desk import PaperDesk
from tasks.rates import Rates
from tests.tasks.desks import Bench, entered, pair_of, run


async def forced_pair(desk: PaperDesk, **fields: str) -> Pair:
    """A pair as it stands after the venue has closed its perpetual leg."""
    return replace(pair_of(desk, await entered(desk, **fields)), forced=True)


def rates(desk: PaperDesk) -> Rates:
    return desk.parts.feeds._rates


@pytest.mark.parametrize(
    ("premium", "price"), [("-1", "56925000"), ("0", "57500000"), ("10", "63250000")]
)
def test_spot_price_of_a_premium(premium: str, price: str) -> None:
    found = spot_price_at(Decimal(premium), Decimal(50_000), Decimal(1_150))

    assert found == Decimal(price)


def test_pair_that_was_not_closed_by_force_has_no_floor(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            pair = pair_of(desk, await entered(desk))

            assert ForcedCloseFloor(desk.parts.trading, rates(desk)).of(pair) is None

    run(tmp_path, scenario)


def test_floor_follows_the_market_and_the_rate_that_allows_less(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            floor = ForcedCloseFloor(desk.parts.trading, rates(desk))
            pair = await forced_pair(desk)
            known = rates(desk)
            dearest = max(rate for rate in (known.krw_per_usdt, known.krw_per_usd) if rate)

            before = floor.of(pair)
            bench.perpetual_at(40_000)
            await asyncio.sleep(2)

            assert before == Decimal(50_001) * dearest * Decimal("0.99")
            assert floor.of(pair) == Decimal(40_001) * dearest * Decimal("0.99")

    run(tmp_path, scenario)


@pytest.mark.parametrize("krw_per_usd", ["1100", "1200"])
def test_of_two_rates_that_differ_the_one_counts_that_allows_less(
    tmp_path: Path, krw_per_usd: str
) -> None:
    """Coin is sold above the dearer dollar's floor, and bought back below the cheaper's ceiling."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            known = rates(desk)
            assert known.fx is not None
            assert known.krw_per_usdt is not None
            torn = replace(known, fx=replace(known.fx, krw_per_usd=Decimal(krw_per_usd)))
            floor = ForcedCloseFloor(desk.parts.trading, torn)
            cheaper, dearer = sorted((Decimal(krw_per_usd), known.krw_per_usdt))

            worst_sale = floor.of(await forced_pair(desk))
            worst_purchase = floor.of(await forced_pair(desk, direction="short_premium"))

            assert worst_sale == Decimal(50_001) * dearer * Decimal("0.99")
            assert worst_purchase == Decimal(50_000) * cheaper * Decimal("1.1")

    run(tmp_path, scenario, coin="1")


def test_without_any_rate_nothing_may_be_traded(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            floor = ForcedCloseFloor(desk.parts.trading, Rates())
            long = await forced_pair(desk)
            short = await forced_pair(desk, direction="short_premium")

            assert floor.of(long) == NEVER[Side.SELL]
            assert floor.of(short) == NEVER[Side.BUY]

    run(tmp_path, scenario, coin="1")
