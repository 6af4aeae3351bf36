"""What stops a desk comes again while it is stopped: in the books, and no second alert."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from tasks.stop_reason import StopReason
from tasks.stop_repeats import GOES_ON_S
from tasks.switch_guard import ENTRY
from tests.tasks.desks import Bench, entered, run
from tests.tasks.test_resuming import types
from warehouse.records import RecordType

OUT = "binance failed 3 health checks in a row"


def again(bench: Bench) -> list[dict[str, Any]]:
    """What the journal tells of causes that came again."""
    records = [dict(record.body) for record in bench.records(RecordType.SWITCH)]
    return [body for body in records if body["switch"] == "again"]


def test_a_cause_that_comes_again_is_in_the_journal_and_the_state_over_restarts_until_a_resume(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            automatic = desk.parts.stopping.automatic
            automatic.connection_lost(OUT)
            await asyncio.sleep(GOES_ON_S + 1)
            automatic.connection_lost(OUT)
        async with bench.still_desk() as desk:
            automatic = desk.parts.stopping.automatic
            automatic.connection_lost(OUT)
            await desk.parts.guard.look()

            code = "API_CONNECTION_LOST"
            record = {"switch": "again", "name": ENTRY, "code": code, "reason": OUT}
            assert again(bench) == [{**record, "times": 1}, {**record, "times": 2}]
            assert types(bench) == ["STOP_ACTIVATED"]
            [stop] = desk.parts.view.state()["stops"]
            assert stop["again"]["times"] == 2
            assert stop["again"]["last_at"].startswith("2021-04-01T00:11:0")
            told = (
                f"{OUT}, heard at 09:00:00.000 KST, 2 times more, last at 09:11:01.000 KST: {OUT}"
            )
            assert told in ((await entered(desk)).reason or "")

            assert (await desk.parts.stopping.resuming.resume("it is over"))["resumed"] is True
            automatic.connection_lost(OUT)
            [stop] = desk.parts.view.state()["stops"]
            assert stop["again"] is None

    run(tmp_path, scenario)


def test_a_cause_that_goes_on_is_told_once_and_another_beside_it_too(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            for second in range(600):
                desk.parts.stopping.automatic.system_error(
                    f"round {second} failed after 1.{second} s"
                )
                if second == 300:
                    desk.parts.stopping.automatic.system_error("the disk has failed")
                await asyncio.sleep(1)

            assert [body["reason"] for body in again(bench)] == ["the disk has failed"]
            assert types(bench) == ["STOP_ACTIVATED"]

    run(tmp_path, scenario)


def test_a_difference_that_stands_is_one_cause_however_often_it_is_found(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            bench.coin_vanishes("0.001")
            for _ in range(12):
                await desk.parts.operations.reconcile()
                await asyncio.sleep(300)

            [stop] = desk.parts.view.state()["stops"]
            assert stop["reason"] == "POSITION_MISMATCH"
            assert again(bench) == []

    run(tmp_path, scenario, coin="1")


def test_the_words_of_a_person_are_kept_to_the_number_and_the_same_words_once(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            for ticket in (4711, 4712, 4712, 4711):
                words = f"ticket {ticket}"
                desk.parts.stopping.board.stop((ENTRY,), StopReason.MANUAL_STOP, words)
                await asyncio.sleep(1)

            assert [body["reason"] for body in again(bench)] == ["ticket 4712"]
            [stop] = desk.parts.view.state()["stops"]
            assert (stop["sentence"], stop["again"]["sentence"]) == ("ticket 4711", "ticket 4712")

    run(tmp_path, scenario)


def test_a_thousand_stops_for_twenty_causes_are_twenty_records(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            stop = desk.parts.stopping.automatic.system_error
            stop("first")
            for number in range(1_000):
                stop(f"kind {'x' * (number % 20)}")

            assert len(again(bench)) == 20

    run(tmp_path, scenario)


def test_a_long_word_in_what_failed_does_not_hold_up_the_loop(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            began_s = time.process_time()
            desk.parts.stopping.automatic.system_error(f"no number: {'x' * 50_000}")

            assert time.process_time() - began_s < 3  # some milliseconds; by the square it is 20 s

    run(tmp_path, scenario)


def test_a_loss_of_the_next_day_is_told_beside_the_stop_of_the_day_before(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            automatic, results = desk.parts.stopping.automatic, desk.parts.trading.pairs._results
            results.note("lost", bench.clock.now(), Decimal(-50_000_000))
            for _ in range(3):
                automatic.enforce_loss_limit()
                await asyncio.sleep(60)
            await asyncio.sleep(24 * 3600)
            results.note("again", bench.clock.now(), Decimal(-60_000_000))
            automatic.enforce_loss_limit()

            assert types(bench) == ["DAILY_LOSS_EXCEEDED", "STOP_ACTIVATED"]
            [record] = again(bench)
            assert record["reason"].startswith("today lost 60,000,000 KRW")

    run(tmp_path, scenario)
