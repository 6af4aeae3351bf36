"""Rules that a venue changes while the desk runs: the next order keeps to the new ones."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from exchanges.instrument import Venue
from exchanges.simulator.binance.rules import CONTRACTS
from tasks.outcome import OutcomeStatus
from tests.tasks.desks import Bench, entered, run

LONG_ENOUGH_S = 5
"""Beyond the period: the read itself may wait for room in the rate limits."""


def test_lot_that_grew_is_kept_by_the_next_order(tmp_path: Path) -> None:
    coarser = replace(CONTRACTS["BTCUSDT"], step=Decimal("0.01"), min_quantity=Decimal("0.01"))

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            fine = await desk.submit(action="ENTER", notional_krw="750000")
            bench.simulation.binance.contracts = {"BTCUSDT": coarser}
            await asyncio.sleep(bench.settings.rules_poll_s + LONG_ENOUGH_S)

            coarse = await desk.submit(action="ENTER", notional_krw="750000")

            assert [leg.quantity for leg in fine.legs] == [Decimal("0.012")] * 2
            assert [leg.quantity for leg in coarse.legs] == [Decimal("0.01")] * 2
            placed = bench.account(Venue.BINANCE)["orders"]
            assert [Decimal(order["quantity"]) for order in placed] == [
                Decimal("0.012"),
                Decimal("0.01"),
            ]

    run(tmp_path, scenario)


def test_minimum_that_grew_refuses_the_next_entry(tmp_path: Path) -> None:
    dearer = replace(CONTRACTS["BTCUSDT"], min_notional=Decimal(600))

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            before = await entered(desk, "0.010")
            bench.simulation.binance.contracts = {"BTCUSDT": dearer}
            await asyncio.sleep(bench.settings.rules_poll_s + LONG_ENOUGH_S)

            too_small = await entered(desk, "0.010")
            large_enough = await entered(desk, "0.013")

            assert before.status is OutcomeStatus.HEDGED
            assert too_small.status is OutcomeStatus.DENIED
            assert (too_small.reason or "").startswith("below_minimum: ")
            assert large_enough.status is OutcomeStatus.HEDGED

    run(tmp_path, scenario)
