"""The emergency stop of one coin, and its reset by a person."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from tasks.errors import DeskError
from tasks.kill_switch import phrase
from tasks.outcome import OutcomeStatus
from tasks.pair_transitions import PairState
from tasks.switch_guard import ENTRY
from tests.tasks.desks import Bench, assert_agreed, entered, pair_of, run, until
from warehouse.records import RecordType


def test_one_coin_is_stopped_over_a_restart_and_no_deployment_is_paused(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            opened = await entered(desk)
            report = await desk.parts.killing.kill("delisted", liquidate=False, symbol="BTC")

            assert report["killed"]
            assert not desk.switches.paused[ENTRY]
            assert pair_of(desk, opened).state is PairState.HEDGED
        await asyncio.sleep(2)
        async with bench.desk() as desk:
            refused = await entered(desk)
            state = desk.parts.view.state()

            assert refused.reason == "killed: the desk was killed (delisted) and not resumed"
            assert (state["killed"], state["killed_symbols"]) == (None, {"BTC": "delisted"})
            assert desk.parts.memory.kill.reason_for("ETH") is None

    run(tmp_path, scenario)


def test_a_signal_in_flight_says_that_its_coin_was_stopped_meanwhile(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.BINANCE, "delay", ms=500)
            before = asyncio.create_task(entered(desk))
            await asyncio.sleep(0.2)
            await desk.parts.killing.kill("delisted", liquidate=False, symbol="BTC")
            first, second = await before, await entered(desk)

            assert first.status is OutcomeStatus.HEDGED
            assert first.reason == (
                "before_the_stop: decided at 09:00:01.000 KST before the emergency stop of BTC was "
                "heard at 09:00:01.200 KST"
            )
            assert second.reason == "killed: the desk was killed (delisted) and not resumed"

    run(tmp_path, scenario)


def test_one_coin_is_liquidated_and_an_unknown_one_refused(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await entered(desk)
            with pytest.raises(DeskError, match="symbol: expected one of BTC, got DOGE"):
                await desk.parts.killing.kill("typo", liquidate=True, symbol="DOGE")
            assert desk.parts.memory.kill.reason_for("BTC") is None

            report = await desk.parts.killing.kill("get out", liquidate=True, symbol="BTC")

            assert [outcome["status"] for outcome in report["outcomes"]] == ["closed"]
            assert bench.coin() == bench.position() == 0
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_a_reset_needs_no_checks_and_keeps_who_and_why_for_ever(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            with pytest.raises(DeskError, match="no emergency stop"):
                desk.parts.killing.reset("Min-ji", "nothing to do")
            await desk.parts.killing.kill("drill", liquidate=False)
            await desk.parts.killing.kill("drill", liquidate=False, symbol="BTC")

            answer = desk.parts.killing.reset("Min-ji", "the venue has confirmed by telephone")

            assert answer == {"lifted": ["killed: drill", "BTC is killed: drill"]}
            assert desk.switches.paused[ENTRY]  # that is asked for, and checked, by a resume
        await asyncio.sleep(2)
        async with bench.desk() as desk:  # whose switches are all off
            assert desk.parts.view.state()["killed"] is None
            await until(lambda: not desk.parts.view.blocks())
            assert (await entered(desk)).status is OutcomeStatus.HEDGED
        written = [
            record.body
            for record in bench.records(RecordType.SWITCH)
            if record.body["switch"] == "reset"
        ]
        assert written == [
            {
                "switch": "reset",
                "reason": "the venue has confirmed by telephone",
                "by": "Min-ji",
            }
        ]
        critical = bench.alerts("critical")
        assert "emergency stop: drill. New entries are blocked until kimp resume." in critical
        assert any("Min-ji has lifted the emergency stop" in text for text in critical)

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    ("liquidate", "symbol", "expected"),
    [
        (False, None, "STOP"),
        (True, None, "LIQUIDATE"),
        (False, "BTC", "STOP BTC"),
        (True, "BTC", "LIQUIDATE BTC"),
    ],
)
def test_what_is_typed_names_what_will_be_done(
    liquidate: bool, symbol: str | None, expected: str
) -> None:
    assert phrase(liquidate=liquidate, symbol=symbol) == expected
