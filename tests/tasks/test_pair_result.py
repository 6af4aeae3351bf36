"""The record of how a pair came out."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tasks.pair_result import FUNDING_MAX_AGE_S, funding_of, result_of
from tests.tasks.desks import Bench, entered, pair_of, run
from tests.tasks.pairs import flow, reference


def test_the_parts_add_up_and_missing_funding_is_missing(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            pair = pair_of(desk, await entered(desk))
            trading = desk.parts.trading
            closed = replace(
                pair,
                spot=replace(pair.spot, exit=flow("0.010", "610000", "305")),
                perpetual=replace(pair.perpetual, exit=flow("0.010", "500.01", "0.25")),
                exit_reference=reference(61_000_000, "50001", 1160),
            )
            await asyncio.sleep(FUNDING_MAX_AGE_S + 1)  # the feed is not read meanwhile
            result = result_of(trading, closed)
            assert result["funding_krw"] is None
            parts = [
                result["premium_krw"],
                result["fx_krw"],
                result["fees_krw"],
                result["slippage_krw"],
            ]
            assert sum(Decimal(part) for part in parts) == Decimal(result["net_krw"])
            assert result["krw_per_usdt"] == "1160"

            trading.funding.read("BTC", bench.clock.now())
            assert funding_of(trading, pair) == 0
            await asyncio.sleep(FUNDING_MAX_AGE_S + 1)
            assert funding_of(trading, pair) is None

            with pytest.raises(ValueError, match="expected a price reference"):
                result_of(trading, replace(pair, entry_reference=None))

    run(tmp_path, scenario)
