"""A desk that dies at any record of its journal and is started again on the same venues.

Dying *after* a record: it is written and what it permits is not done. Dying
*before* one: what it tells was done and is not written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from exchanges.instrument import Venue
from tasks.assembled_desk import AssembledDesk
from tasks.desk_operations import IN_DOUBT
from tasks.outcome import Outcome, OutcomeStatus
from tasks.pair_transitions import PairState
from tasks.paper_desk import PaperDesk
from tasks.signal import Signal
from tests.tasks.desks import (
    Bench,
    assert_agreed,
    assert_cash_is_conserved,
    assert_legs_match,
    run,
)
from warehouse import Journal
from warehouse.records import PairSnapshot, RecordType

MANY = 100_000


class Died(BaseException):
    """The process is gone: no handler of the desk sees this."""


class MortalJournal(Journal):
    """Lets ``records_left`` records through, then everything that writes is dead."""

    records_left: ClassVar[int] = MANY
    dies_after: ClassVar[bool] = False

    def write(self, record_type: RecordType, body: Mapping[str, Any]) -> int:
        kind = type(self)
        if kind.records_left <= 0:
            raise Died
        kind.records_left -= 1
        if kind.records_left == 0 and not kind.dies_after:
            raise Died
        seq = super().write(record_type, body)
        if kind.records_left == 0:
            raise Died
        return seq


async def life(bench: Bench, desk: PaperDesk) -> list[Signal]:
    """Enter, wait for a profit, leave. Returns the signals that were sent."""
    entry = desk.signal(id="entry", action="ENTER", quantity="0.010")
    signals = [entry]
    with suppress(TimeoutError):
        outcome = await asyncio.wait_for(desk.parts.desk.submit(entry, "fast"), 60)
        if outcome.status is OutcomeStatus.HEDGED:
            bench.spot_at(61_000_000)
            with suppress(Died):
                await desk.parts.guard.look()
                await desk.parts.feeds.read_prices()
            signals.append(desk.signal(id="exit", action="EXIT", pair_id=outcome.pair_id))
            await asyncio.wait_for(desk.parts.desk.submit(signals[-1], "fast"), 60)
    return signals


def no_fault(_: Bench) -> None:
    """Both venues do as they are told."""


def entry_partial(bench: Bench) -> None:
    bench.fault(Venue.UPBIT, "partial", fraction="0.37")


def entry_unwound(bench: Bench) -> None:
    bench.fault(Venue.BINANCE, "reject", times=4)


def replies_lost(bench: Bench) -> None:
    bench.fault(Venue.UPBIT, "lose_reply", times=2)
    bench.fault(Venue.BINANCE, "lose_reply", times=2)


def exit_repaired(bench: Bench) -> None:
    bench.fault(Venue.BINANCE, "delay", ms=1)
    bench.fault(Venue.BINANCE, "reject", times=2)


FATES = (
    no_fault,
    entry_partial,
    entry_unwound,
    replies_lost,
    exit_repaired,
)


@pytest.mark.parametrize("dies_after", [True, False], ids=["after", "before"])
@pytest.mark.parametrize("fate", FATES)
def test_whenever_it_dies_the_next_desk_ends_whole(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fate: Callable[[Bench], None],
    dies_after: bool,
) -> None:
    monkeypatch.setattr("tasks.paper_desk.Journal", MortalJournal)
    monkeypatch.setattr(MortalJournal, "dies_after", dies_after)

    deaths = 0

    async def death_and_second_life(bench: Bench) -> bool:
        """Die at the next record of a life; False: it lived to its end."""
        fate(bench)
        MortalJournal.records_left = MANY
        async with bench.still_desk() as desk:
            MortalJournal.records_left = deaths + 1
            signals = await life(bench, desk)
        died = MortalJournal.records_left <= 0
        MortalJournal.records_left = MANY
        received = {
            record.body["signal"]["id"] for record in bench.records(RecordType.SIGNAL_RECEIVED)
        }
        async with bench.desk() as desk:
            await assert_whole(bench, desk)
            for signal in signals:
                again = await desk.parts.desk.submit(signal, "fast")
                assert (again.status is OutcomeStatus.DUPLICATE) is (signal.id in received)
        await assert_remembered(bench, [pair.snapshot() for pair in desk.parts.trading.pairs])
        return died

    while run(tmp_path / str(deaths), death_and_second_life, book_poll_ms=1_400):
        deaths += 1
    assert deaths > 15


async def assert_whole(bench: Bench, desk: PaperDesk) -> None:
    """Every pair comes to stand in a state that needs nobody, and the venues say the same."""
    for _ in range(60):
        if any(pair.state in IN_DOUBT for pair in desk.parts.trading.pairs):
            await asyncio.sleep(1)
    for pair in desk.parts.trading.pairs:
        assert pair.state in (
            PairState.HEDGED,
            PairState.CLOSED,
            PairState.UNWOUND,
            PairState.FAILED,
        )
    assert_legs_match(desk)
    assert_cash_is_conserved(bench, desk)
    await assert_agreed(desk)


async def assert_remembered(bench: Bench, known: list[PairSnapshot]) -> None:
    """A desk that is started once more knows the same pairs and the same day's result."""
    await asyncio.sleep(2)  # a start reads as much as the venues allow in a second
    async with bench.still_desk() as desk:
        capital = desk.parts.view.state()["capital"]
        assert capital is not None
        pairs = [pair.snapshot() for pair in desk.parts.trading.pairs]
        results = [
            Decimal(record.body["result"]["net_krw"])
            for record in bench.records(RecordType.PAIR_EVENT)
            if "result" in record.body
        ]
        assert Decimal(capital["day_result_krw"]) == sum(results, Decimal(0))
        assert pairs == known


def test_a_signal_sent_again_while_the_desk_starts_waits_for_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.paper_desk.Journal", MortalJournal)
    monkeypatch.setattr(MortalJournal, "dies_after", True)
    monkeypatch.setattr(MortalJournal, "records_left", MANY)

    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            signal = desk.signal(action="ENTER", quantity="0.010")
            MortalJournal.records_left = 1
            with suppress(TimeoutError):
                await asyncio.wait_for(desk.parts.desk.submit(signal, "fast"), 5)
        MortalJournal.records_left = MANY
        await asyncio.sleep(2)
        bench.fault(Venue.UPBIT, "delay", ms=1_000, endpoint="*")
        again = await start_and_submit(bench, signal)

        assert again.status is OutcomeStatus.DUPLICATE
        assert again.settled.status is OutcomeStatus.DENIED
        assert (again.settled.reason or "").startswith("interrupted: ")
        assert bench.orders_placed() == []
        async with bench.still_desk():
            pass  # the journal can be read again

    run(tmp_path, scenario)


async def start_and_submit(bench: Bench, signal: Signal) -> Outcome:
    """Submit ``signal`` to a desk that has read its journal and nothing else yet."""
    asked: list[asyncio.Task[Outcome]] = []
    recover = AssembledDesk.recover

    async def submitting(parts: AssembledDesk) -> None:
        asked.append(asyncio.create_task(parts.desk.submit(signal, "fast")))
        await asyncio.sleep(0)
        await recover(parts)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AssembledDesk, "recover", submitting)
        async with bench.still_desk():
            return await asked[0]
