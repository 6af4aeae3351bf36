"""What a pair's state did not allow keeps entries out until a person has looked, over restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tasks.contradictions import Contradictions
from tasks.errors import IllegalTransition
from tasks.pair_transitions import PairEvent
from tasks.paper_desk import PaperDesk, paper_desk
from tests.tasks.desks import Bench, entered, run
from tests.tasks.test_halt_memory import tear
from tests.tasks.test_market_watch import refusal
from warehouse import Journal, JournalFull
from warehouse.records import RecordType


class SwitchRefuser(Journal):
    """Has no room for a switch once it ``refuses``."""

    refuses: ClassVar[bool] = False

    def write(self, record_type: RecordType, body: Mapping[str, Any]) -> int:
        if self.refuses and record_type is RecordType.SWITCH:
            raise JournalFull("no room")
        return super().write(record_type, body)


async def contradicted(desk: PaperDesk) -> str:
    """A pair that is hedged and is told to have nothing left; its id."""
    pair_id = (await entered(desk)).pair_id
    assert pair_id is not None
    with pytest.raises(IllegalTransition):
        desk.parts.trading.pairs.advance(pair_id, PairEvent.FLAT, "both legs closed")
    return pair_id


def test_contradiction_keeps_entries_out_of_the_next_desk_until_a_person_has_looked(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            pair_id = await contradicted(desk)
            refused = await refusal(desk)
            assert refused.startswith(f"contradiction: a person has to look first: {pair_id}: ")
        tear(bench)
        await asyncio.sleep(1)

        async with bench.still_desk() as desk:
            assert await refusal(desk) == refused
            assert (await desk.parts.stopping.resuming.resume("looked"))["resumed"]
            assert await refusal(desk) == ""
        await asyncio.sleep(1)

        async with bench.still_desk() as desk:
            assert await refusal(desk) == ""

    run(tmp_path, scenario)


def test_resume_that_cannot_be_written_lifts_nothing(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        SwitchRefuser.refuses = False
        async with paper_desk(
            bench.simulation, bench.settings, bench.clock, open_journal=SwitchRefuser.open
        ) as desk:
            await contradicted(desk)
            SwitchRefuser.refuses = True
            with pytest.raises(JournalFull):
                await desk.parts.stopping.resuming.resume("looked")

            assert "a person has to look first" in await refusal(desk)

    run(tmp_path, scenario)


def test_one_that_stands_is_not_new_and_another_is() -> None:
    written: list[Mapping[str, Any]] = []

    def write(record_type: RecordType, body: Mapping[str, Any]) -> int:
        written.append(body)
        return len(written)

    contradictions = Contradictions(write)

    assert contradictions.note("p1", "BTC", "it is closed")
    assert not contradictions.note("p1", "BTC", "it is closed")
    assert contradictions.note("p2", "BTC", "it is closed")

    assert contradictions.of("BTC") == "p2: it is closed"
    assert [body["pair_id"] for body in written] == ["p1", "p2"]


def test_what_the_journal_does_not_take_is_written_with_the_next_that_it_takes() -> None:
    written: list[Mapping[str, Any]] = []
    is_full = True

    def write(record_type: RecordType, body: Mapping[str, Any]) -> int:
        if is_full:
            raise JournalFull("no room")
        written.append(body)
        return len(written)

    contradictions = Contradictions(write)
    contradictions.note("p1", "BTC", "it is closed")
    assert contradictions.of("BTC") == "p1: it is closed"

    is_full = False
    contradictions.written(RecordType.PREMIUM, {})
    contradictions.written(RecordType.PREMIUM, {})

    assert [body["symbol"] for body in written] == ["BTC"]
