"""A desk that dies when both legs have traded and nobody was told: the next one knows the end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tasks.outcome import Outcome, OutcomeStatus
from tasks.signal import Signal
from tests.tasks.desks import Bench, entered, run
from warehouse import Journal
from warehouse.records import RecordType


class Died(BaseException):
    """The process is gone: no handler of the desk sees this."""


class MortalJournal(Journal):
    """Dies before it writes the first record of type ``dies_at``; what comes later is lost."""

    dies_at: ClassVar[RecordType | None] = None
    is_dead: ClassVar[bool] = False

    def write(self, record_type: RecordType, body: Mapping[str, Any]) -> int:
        kind = type(self)
        if kind.is_dead:
            return 0
        if record_type is kind.dies_at:
            kind.is_dead = True
            raise Died
        return super().write(record_type, body)


@pytest.fixture(autouse=True)
def mortal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.paper_desk.Journal", MortalJournal)
    monkeypatch.setattr(MortalJournal, "dies_at", None)
    monkeypatch.setattr(MortalJournal, "is_dead", False)


async def dies_deciding(desk: Any, signal: Signal, at: RecordType) -> None:
    MortalJournal.dies_at = at
    with suppress(TimeoutError):
        await asyncio.wait_for(desk.parts.desk.submit(signal, "prefect"), 5)
    assert MortalJournal.is_dead


async def asked_again(bench: Bench, signal: Signal) -> Outcome:
    MortalJournal.dies_at, MortalJournal.is_dead = None, False
    await asyncio.sleep(2)  # a start reads as much as the venues allow in a second
    async with bench.still_desk() as desk:
        again = await desk.parts.desk.submit(signal, "prefect")
    assert again.status is OutcomeStatus.DUPLICATE
    return again.settled


def test_an_entry_whose_desk_died_after_both_orders_is_hedged(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            signal = desk.signal(action="ENTER", quantity="0.010")
            await dies_deciding(desk, signal, RecordType.SIGNAL_DECIDED)
        outcome = await asked_again(bench, signal)

        assert outcome.status is OutcomeStatus.HEDGED
        assert [leg.quantity for leg in outcome.legs] == [Decimal("0.010")] * 2
        assert len(bench.orders_placed()) == 2

    run(tmp_path, scenario)


@pytest.mark.parametrize("names_its_pair", [True, False])
def test_an_exit_whose_desk_died_after_both_orders_is_closed(
    tmp_path: Path, names_its_pair: bool
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            first = await entered(desk)
            bench.spot_at(61_200_000)
            await asyncio.sleep(3)
            pair = {"pair_id": first.pair_id} if names_its_pair else {}
            signal = desk.signal(action="EXIT", **pair)
            await dies_deciding(desk, signal, RecordType.SIGNAL_DECIDED)
        outcome = await asked_again(bench, signal)

        assert outcome.status is OutcomeStatus.CLOSED
        assert outcome.pair_id == first.pair_id
        assert f"{first.pair_id}: earned" in (outcome.reason or "")
        assert len(bench.orders_placed()) == 4

    run(tmp_path, scenario)


def test_an_exit_whose_desk_died_before_any_order_is_denied(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            first = await entered(desk)
            bench.spot_at(61_200_000)
            await asyncio.sleep(3)
            signal = desk.signal(action="EXIT", pair_id=first.pair_id)
            await dies_deciding(desk, signal, RecordType.PAIR_EVENT)
        outcome = await asked_again(bench, signal)

        assert outcome.status is OutcomeStatus.DENIED
        assert "nothing was traded" in (outcome.reason or "")
        assert len(bench.orders_placed()) == 2

    run(tmp_path, scenario)
