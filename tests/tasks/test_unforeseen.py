"""A fault of ours inside a loop: entries stop with its name, and the loop goes on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from exchanges.errors import VenueUnavailable
from exchanges.instrument import Venue
from tasks.outcome import OutcomeStatus
from tasks.pair_transitions import PairState
from tasks.paper_desk import PaperDesk
from tasks.switch_guard import ENTRY
from tasks.unforeseen import Unforeseen
from tests.tasks.desks import Bench, assert_agreed, entered, pair_of, run, until
from tests.tasks.reconciling.accounts import force_close
from warehouse import JournalFull, JournalUnwritable, LeaseLost

TROUBLED = {
    "the position watch": ("position_watch.PositionWatch.check", "position in BTC"),
    "the margin watch": ("margin_watch.MarginWatch.look", "margin of BTC"),
    "the watch for late fills": ("late_fills.LateFills._look", "asking again about kimp-"),
    "a feed": ("feeds.Feeds._write_if_changed", "balances"),
    "a whole loop": ("market_watch.MarketWatch.look", "the market watch"),
    "the guardian": ("loss_warning.LossWarning.look", "looking after pairs"),
}
PLAIN = {
    "feeds.Feeds._write_if_changed",
    "market_watch.MarketWatch.look",
    "loss_warning.LossWarning.look",
}
"""Those that are no coroutines."""


@asynccontextmanager
async def desk_at_work(bench: Bench) -> AsyncIterator[PaperDesk]:
    """As :meth:`Bench.desk`, and faults of ours are expected."""
    async with bench.still_desk() as desk:
        stop = asyncio.Event()
        running = asyncio.create_task(desk.parts.run(stop))
        await asyncio.sleep(1)
        try:
            yield desk
        finally:
            stop.set()
            await running


@pytest.mark.parametrize("loop", TROUBLED)
def test_a_fault_in_a_loop_stops_entries_by_its_name_and_the_loop_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loop: str
) -> None:
    method, told = TROUBLED[loop]
    rounds = []

    async def broken(*_: object) -> None:
        rounds.append(1)
        raise KeyError("nobody foresaw this")

    def broken_at_once(*_: object) -> None:
        rounds.append(1)
        raise KeyError("nobody foresaw this")

    async def scenario(bench: Bench) -> None:
        async with desk_at_work(bench) as desk:
            if loop == "the watch for late fills":  # it asks again about what never came
                bench.fault(Venue.BINANCE, "lose_request")
            assert (await entered(desk)).status is OutcomeStatus.HEDGED
            with monkeypatch.context() as patch:
                patch.setattr(f"tasks.{method}", broken_at_once if method in PLAIN else broken)
                await asyncio.sleep(60)
            refused = await entered(desk)
            [stop] = desk.parts.view.state()["stops"]
            resumed = await desk.parts.stopping.resuming.resume("it is mended")
            await asyncio.sleep(60)

            assert len(rounds) > 1
            assert refused.status is OutcomeStatus.DENIED
            assert stop["reason"] == "SYSTEM_ERROR"
            assert told in stop["sentence"]
            assert "KeyError: 'nobody foresaw this'" in stop["sentence"]
            assert told in desk.switches.notes[ENTRY] or not desk.switches.paused[ENTRY]
            assert resumed["resumed"] is True
            assert desk.parts.view.state()["stops"] == []
            assert (await entered(desk)).status is OutcomeStatus.HEDGED
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_a_leg_that_is_lost_after_the_fault_is_still_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> Decimal:
        raise KeyError("nobody foresaw this")

    async def scenario(bench: Bench) -> None:
        async with desk_at_work(bench) as desk:
            outcome = await entered(desk)
            bench.fault(Venue.BINANCE, "drop_event", times=1_000, endpoint="ORDER_TRADE_UPDATE")
            with monkeypatch.context() as patch:
                patch.setattr("tasks.position_watch.PositionWatch._difference", broken)
                await asyncio.sleep(10)
            force_close(bench, "0.010", "ADL")
            await until(lambda: not pair_of(desk, outcome).is_open)

            assert pair_of(desk, outcome).state is PairState.CLOSED
            assert desk.parts.unforeseen.count >= 2

    run(tmp_path, scenario)


def test_it_is_logged_once_for_as_long_as_it_lasts(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    stopped: list[str] = []
    unforeseen = Unforeseen()
    unforeseen.stop = stopped.append

    for _ in range(3):
        with unforeseen.survived("the look at it"):
            raise ValueError("out of range")
    with unforeseen.survived("the look at it"):
        pass

    assert [record.message for record in caplog.records] == [
        "the look at it failed",
        "the look at it works again",
    ]
    assert stopped == ["the look at it failed: ValueError: out of range"] * 3


@pytest.mark.parametrize("error", [VenueUnavailable(Venue.UPBIT, "away"), JournalFull("no room")])
def test_what_may_fail_at_any_time_stops_nothing(error: Exception) -> None:
    stopped: list[str] = []
    unforeseen = Unforeseen()
    unforeseen.stop = stopped.append

    with unforeseen.survived("the look at it"):
        raise ExceptionGroup("loops", [error])

    assert stopped == []


@pytest.mark.parametrize("error", [LeaseLost("another's"), JournalUnwritable("input/output error")])
def test_without_lease_or_journal_a_loop_ends(error: Exception) -> None:
    stopped: list[str] = []
    unforeseen = Unforeseen()
    unforeseen.stop = stopped.append

    with pytest.raises(ExceptionGroup) as caught, unforeseen.survived("the look at it"):
        raise ExceptionGroup("loops", [ValueError("beside"), ExceptionGroup("loop", [error])])

    assert caught.value.subgroup(type(error)) is not None
    assert stopped == []
