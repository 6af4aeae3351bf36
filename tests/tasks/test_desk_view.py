"""The desk as others see it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson

from exchanges.instrument import Venue
from tasks.metrics import GAUGES
from tasks.switch_guard import ENTRY, EXIT_VALIDATION
from tests.tasks.desks import Bench, entered, run


def test_every_gauge_has_a_name_and_unhedged_coin_shows(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            gauges = desk.parts.view.gauges()
            assert gauges.keys() == GAUGES.keys()
            assert (gauges["open_pairs"], gauges["accepting_entries"]) == (0, 1)
            bench.fault(Venue.BINANCE, "reject", times=20)
            bench.fault(Venue.UPBIT, "delay", ms=1)
            bench.fault(Venue.UPBIT, "reject", times=20)
            outcome = await entered(desk)
            gauges = desk.parts.view.gauges()
            assert (gauges["naked_pairs"], gauges["unhedged_coin"]) == (1, 0.01)
            assert desk.parts.view.state()["naked_pairs"] == [outcome.pair_id]

    run(tmp_path, scenario)


def test_the_state_is_json_and_says_why_there_are_no_entries(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await entered(desk)
            desk.switches.paused[ENTRY] = True
            desk.switches.paused[EXIT_VALIDATION] = True
            await asyncio.sleep(0.5)
            state = orjson.loads(orjson.dumps(desk.parts.view.state()))

            assert state["accepting_entries"] is False
            assert [block["code"] for block in state["blocks"]] == [f"paused:{ENTRY}"]
            assert state["open_pairs"] == 1
            [pair] = orjson.loads(orjson.dumps(desk.parts.view.pairs(open_only=True)))
            assert "closing now would lose" in pair["now"]["sentence"]
            assert desk.parts.view.pair("p000000000000") is None

    run(tmp_path, scenario)
