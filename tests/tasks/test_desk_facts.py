"""Facts for the gate out of everything that the desk knows."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from tasks.gate_facts import Door
from tasks.outcome import OutcomeStatus
from tasks.pair import LegName
from tests.tasks.desks import Bench, entered, run


@pytest.mark.parametrize("leg", list(LegName))
def test_nothing_is_traded_while_a_market_is_halted(tmp_path: Path, leg: LegName) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk)
            bench.spot_at(62_000_000)
            await asyncio.sleep(0.5)
            rules = desk.parts.trading.venues[leg].rules
            rules["BTC"] = replace(rules["BTC"], is_trading=False)
            sent = bench.orders_placed()

            for fields in ({"action": "ENTER", "quantity": "0.01"}, {"action": "EXIT"}):
                outcome = await desk.submit(**fields)
                assert outcome.status is OutcomeStatus.DENIED
                assert (outcome.reason or "").startswith("market_halted: ")
            [decision] = await desk.parts.desk.validate_exits()
            assert decision["pair_id"] == opened.pair_id
            assert decision["decision"] == "hold"
            assert decision["sentence"].endswith("the market of BTC does not trade")
            assert bench.orders_placed() == sent

            # The venues are asked again each minute.
            await asyncio.sleep(65)
            assert (await desk.submit(action="EXIT")).status is OutcomeStatus.CLOSED

    run(tmp_path, scenario, book_poll_ms=1_000)


def test_the_word_operator_counts_only_with_the_operators_key(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            signal = desk.signal(action="EXIT")
            facts = desk.parts.desk._facts.of(signal, Door.OPERATOR)
            assert facts.door is Door.FAST

    run(tmp_path, scenario)


def test_a_notional_becomes_whole_lots_at_the_touch(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            outcome = await desk.submit(action="ENTER", notional_krw="1000000")
            assert outcome.status is OutcomeStatus.HEDGED
            assert bench.coin() == Decimal("0.016")

    run(tmp_path, scenario)


def test_the_premium_limit_is_judged_at_executable_prices(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            refused = await entered(desk, premium_limit_pct="4.3")
            assert (refused.reason or "").startswith("premium_worse: ")
            taken = await entered(desk, premium_limit_pct="4.4")
            assert taken.status is OutcomeStatus.HEDGED
            assert taken.premium_pct == Decimal("4.349565")

    run(tmp_path, scenario)


def test_before_anything_was_read_there_is_no_capital(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        bench.fault(Venue.BINANCE, "http_500", times=1_000, endpoint="/fapi/v3/balance")
        async with bench.desk() as desk:
            assert desk.parts.view.state()["capital"] is None
            assert (await entered(desk)).status is OutcomeStatus.DENIED

    run(tmp_path, scenario)
