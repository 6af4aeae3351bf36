"""A resume asks the venues little, waits when they have no room, and says what it waits for."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from tasks.outcome import OutcomeStatus
from tasks.paper_desk import PaperDesk
from tasks.resuming import LOOK_S
from tasks.switch_guard import ENTRY
from tests.exchanges.simulator.still_market import START
from tests.tasks.desks import Bench, entered, run, until
from tests.tasks.test_resuming import switched, types


async def resumed_without_room(bench: Bench, desk: PaperDesk, *, seconds: int) -> None:
    """Binance answers no question for so long."""
    await switched(desk, ENTRY, on=False)
    bench.fault(Venue.BINANCE, "rate_limited", endpoint="GET /fapi/v1/time", seconds=seconds)
    await asyncio.sleep(0.1)  # not in the moment of a look: either of the two might be the first
    desk.switches.paused[ENTRY] = False


@pytest.mark.parametrize(("venue", "times"), [(Venue.BINANCE, 18), (Venue.HYPERLIQUID, 8)])
def test_resumes_within_seconds_of_each_other_are_answered_at_once(
    tmp_path: Path, venue: Venue, times: int
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            for _ in range(times):
                desk.switches.paused[ENTRY] = True
                await desk.parts.stopping.guard.look()
                desk.switches.paused[ENTRY] = False
                asked_at = bench.clock.monotonic()
                await until(lambda: not desk.parts.view.state()["stops"])

                assert bench.clock.monotonic() - asked_at < 0.5

            assert types(bench).count("RESUMED") == times
            assert (await entered(desk)).status is OutcomeStatus.HEDGED

    run(tmp_path, scenario, perpetual_venue=venue)


def test_a_resume_without_room_in_the_rate_limits_tells_what_it_waits_for_and_is_accepted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await resumed_without_room(bench, desk, seconds=7)
            await asyncio.sleep(1)

            looking = desk.parts.view.state()["resuming"]
            assert looking["since"].startswith(f"{START + timedelta(seconds=3):%Y-%m-%dT%H:%M:%S.}")
            [line] = [it.getMessage() for it in caplog.records if "waits for" in it.getMessage()]
            assert line == f"journal and venues: the comparison waits for {looking['waits_for']}"
            assert looking["waits_for"] == "room in the rate limits of binance at 09:00:10.250 KST"

            await asyncio.sleep(7)
            assert desk.parts.view.state()["resuming"] is None
            assert types(bench)[-1] == "RESUMED"
            assert desk.parts.operations.health.now()["ok"]

    run(tmp_path, scenario)


def test_a_resume_that_would_wait_for_too_long_is_refused_with_what_it_waited_for(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await resumed_without_room(bench, desk, seconds=50)
            await asyncio.sleep(LOOK_S + 1)

            [reason] = desk.parts.view.state()["resume_refused"]["reasons"]
            assert reason["code"] == "unsure"
            assert reason["message"] == (
                "the look at venues and journal took more than 30 s (it waited for room in the "
                "rate limits of binance at 09:00:53.250 KST)"
            )
            assert desk.switches.paused[ENTRY]

    run(tmp_path, scenario)


def test_a_look_that_was_given_up_leaves_nothing_that_the_next_would_wait_for(
    tmp_path: Path,
) -> None:
    async def never(**_: bool) -> None:
        await asyncio.Future()

    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            await resumed_without_room(bench, desk, seconds=50)
            await asyncio.sleep(LOOK_S + 1)
            desk.parts.feeds.read_all = never  # type: ignore[method-assign]
            desk.switches.paused[ENTRY] = False
            await asyncio.sleep(1)

            assert desk.parts.view.state()["resuming"]["waits_for"] is None

            await asyncio.sleep(LOOK_S)
            [reason] = desk.parts.view.state()["resume_refused"]["reasons"]
            assert reason["message"] == "the look at venues and journal took more than 30 s"

    run(tmp_path, scenario)
