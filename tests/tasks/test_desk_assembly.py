"""A whole desk from start-up to its end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from exchanges.instrument import Venue
from tasks.outcome import OutcomeStatus
from tasks.pair_transitions import PairState
from tasks.paper_desk import paper_desk
from tasks.switch_guard import ENTRY
from tests.tasks.desks import Bench, assert_agreed, entered, pair_of, run
from warehouse import JournalLocked, LeaseLost
from warehouse.records import RecordType


def test_a_stop_waits_for_the_decision_and_the_repair_under_way(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.BINANCE, "reject")
            entering = asyncio.create_task(entered(desk))
            await asyncio.sleep(0.1)
        assert (await entering).status is OutcomeStatus.HEDGED
        assert bench.position() + bench.coin() == 0

    run(tmp_path, scenario)


def test_while_it_stops_there_are_no_entries(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            stop = asyncio.Event()
            running = asyncio.create_task(desk.parts.run(stop))
            await asyncio.sleep(1)
            bench.fault(Venue.BINANCE, "reject")
            entering = asyncio.create_task(entered(desk))
            await asyncio.sleep(0.1)
            stop.set()
            await asyncio.sleep(0.1)
            refused = await entered(desk)
            await running

            assert "shutting down" in (refused.reason or "")
            assert (await entering).status is OutcomeStatus.HEDGED

    run(tmp_path, scenario)


def test_who_asks_a_desk_that_has_ended_is_answered(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            signal = desk.signal(action="ENTER", quantity="0.010")
        refused = await desk.parts.desk.submit(signal, "fast")

        assert refused.status is OutcomeStatus.DENIED
        assert (refused.reason or "").startswith("journal_unwritable: ")
        assert bench.orders_placed() == []

    run(tmp_path, scenario)


def test_a_second_desk_on_the_same_journal_is_refused(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk():
            with pytest.raises(JournalLocked):
                async with bench.still_desk():
                    pass

    run(tmp_path, scenario)


def test_a_desk_that_has_lost_its_lease_trades_no_more_and_ends_loudly(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            running = asyncio.create_task(desk.parts.run(asyncio.Event()))
            await asyncio.sleep(1)

            def lost(*_: object) -> int:
                raise LeaseLost("another executor has taken over")

            desk.parts.write._own().write = lost  # type: ignore[method-assign, assignment]
            refused = await entered(desk)
            assert refused.status is OutcomeStatus.DENIED
            assert bench.orders_placed() == []
            with pytest.raises(ExceptionGroup) as caught:
                await asyncio.wait_for(running, 10)
            assert caught.value.subgroup(LeaseLost) is not None

    run(tmp_path, scenario)


def test_one_pair_that_cannot_be_taken_further_does_not_keep_the_desk_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            bench.fault(Venue.UPBIT, "lose_reply")
            bench.fault(Venue.UPBIT, "http_500", times=10_000, endpoint="GET /v1/order")
            doubtful = await entered(desk)
            assert pair_of(desk, doubtful).state is PairState.UNKNOWN
        bench.simulation.faults.clear()

        async def broken(*_: object) -> None:
            raise KeyError("nobody foresaw this")

        with monkeypatch.context() as patch:
            patch.setattr("tasks.recovery.Recovery.resolve", broken)
            async with bench.still_desk() as desk:
                assert f"taking {doubtful.pair_id} further failed" in caplog.text
                assert "KeyError" in desk.parts.stopping.board.why()[ENTRY]
                assert pair_of(desk, doubtful).state is PairState.UNKNOWN
        await asyncio.sleep(2)
        async with bench.desk() as desk:
            assert pair_of(desk, doubtful).state is PairState.HEDGED
            await assert_agreed(desk)

    run(tmp_path, scenario)


def test_a_quiet_desk_writes_little(tmp_path: Path) -> None:
    """Premiums and health are sampled; all else stands in the journal only when it changes."""

    async def scenario(bench: Bench) -> None:
        async with bench.desk():
            before = len(bench.records())
            await asyncio.sleep(60)
            new = bench.records()[before:]
            assert {record.type for record in new} == {RecordType.PREMIUM, RecordType.HEALTH}

    run(tmp_path, scenario, book_poll_ms=1_000)


def test_a_desk_that_starts_takes_no_entry_before_it_has_recovered(tmp_path: Path) -> None:
    """Prices, markets and switches are known; what was open is not."""

    async def scenario(bench: Bench) -> None:
        starting = paper_desk(bench.simulation, bench.settings, bench.clock, recover=False)
        async with starting as desk:
            parts = desk.parts
            await asyncio.gather(
                parts.guard.look(), parts.feeds.read_all(), parts.markets.read_all()
            )

            refused = await entered(desk)

            assert refused.status is OutcomeStatus.DENIED
            assert (refused.reason or "").startswith("not_ready: ")
            await parts.recover()
            assert (await entered(desk)).status is OutcomeStatus.HEDGED

    run(tmp_path, scenario)
