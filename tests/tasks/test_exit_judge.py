"""May a pair be closed now? Judged at the books as they stand, and never on old ones."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

from tasks.outcome import OutcomeStatus
from tasks.pair import LegName
from tasks.settled_order import Purpose
from tests.tasks.desks import Bench, entered, pair_of, run


def test_what_is_judged_is_what_leaving_brings(tmp_path: Path) -> None:
    """On a still market the judged profit is the booked one, to the last digit."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk)
            bench.spot_at(61_000_000)
            bench.perpetual_at(49_990)
            await asyncio.sleep(0.5)
            judged = desk.parts.desk._judge.judge(pair_of(desk, opened), 20)
            assert judged.plan is not None
            assert judged.plan.purpose is Purpose.EXIT
            await desk.submit(action="EXIT")

            pair = pair_of(desk, opened)
            rate = judged.plan.reference.krw_per_usdt
            made = bench.krw() - 100_000_000 + (bench.dollars() - 100_000) * rate
            assert judged.net_krw == made
            assert pair.exit_reference == judged.plan.reference

    run(tmp_path, scenario)


def test_old_books_and_missing_rates_are_no_ground_to_close_on(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            opened = await entered(desk)
            bench.spot_at(70_000_000)
            await desk.parts.feeds.read_prices()
            judge = desk.parts.desk._judge
            assert judge.judge(pair_of(desk, opened), 20).plan is not None
            await asyncio.sleep(2)
            judged = judge.judge(pair_of(desk, opened), 20)
            assert judged.plan is None
            assert judged.net_krw is None
            assert judged.sentence == "the book of upbit is missing or stale"
            assert judge.reference_now(pair_of(desk, opened)) is None
            desk.parts.feeds._rates.tether_book = None
            judged = judge.judge(pair_of(desk, opened), 20)
            assert judged.sentence == "the tether rate is missing"

    run(tmp_path, scenario)


def test_pair_is_kept_while_the_rules_of_a_venue_are_not_known(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            opened = await entered(desk)
            desk.parts.trading.venues[LegName.PERPETUAL].rules.clear()

            outcome = await desk.submit(action="EXIT", pair_id=opened.pair_id)

            assert outcome.status is OutcomeStatus.HELD
            assert "the rules of BTC at binance are not known" in (outcome.reason or "")

    run(tmp_path, scenario)


def test_an_automatic_exit_wants_more_than_a_signalled_one(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk)
            target = desk.parts.desk._judge.automatic_target(pair_of(desk, opened))
            assert target == Decimal("0.010") * 60_001_000 / 100

            bench.spot_at(60_500_000)  # in profit, but below the target
            await asyncio.sleep(0.5)
            [decision] = await desk.parts.desk.validate_exits()
            assert decision["decision"] == "hold"
            assert Decimal(decision["net_krw"]) > 0
            bench.spot_at(61_000_000)
            await asyncio.sleep(0.5)
            [decision] = await desk.parts.desk.validate_exits()
            assert decision["decision"] == "close"
            assert Decimal(decision["net_krw"]) > Decimal(decision["target_krw"])

    run(tmp_path, scenario)
