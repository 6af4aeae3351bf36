"""A circuit that is open stays so over a restart."""

from __future__ import annotations

import asyncio
from pathlib import Path

from exchanges.instrument import Venue
from tasks.circuit_breaker import CircuitState
from tasks.circuit_memory import journalling, remember
from tasks.pair import LegName
from tests.exchanges.manual_clock import ManualClock
from tests.tasks.desks import Bench, run
from warehouse import JournalUnwritable
from warehouse.records import RecordType


def states(bench: Bench) -> list[tuple[str, str]]:
    records = bench.records(RecordType.CIRCUIT)
    return [(record.body["venue"], record.body["state"]) for record in records]


def test_open_circuit_is_open_for_the_next_desk_until_its_probe_succeeds(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.still_desk() as desk:
            for _ in range(5):
                desk.parts.trading.venues[LegName.PERPETUAL].breaker.failed()
        await asyncio.sleep(10)

        async with bench.still_desk() as desk:
            spot, perpetual = (desk.parts.trading.venues[leg].breaker for leg in LegName)
            assert (spot.state, perpetual.state) == (CircuitState.CLOSED, CircuitState.OPEN)
            assert not perpetual.allow()
            await asyncio.sleep(20)
            assert perpetual.allow()
            perpetual.succeeded()

        async with bench.still_desk() as desk:
            breaker = desk.parts.trading.venues[LegName.PERPETUAL].breaker
            assert breaker.state is CircuitState.CLOSED
        changes = ["open", "half_open", "closed"]
        assert states(bench) == [("binance", state) for state in changes]

    run(tmp_path, scenario)


def test_circuit_of_a_venue_that_is_traded_no_more_says_nothing() -> None:
    remember({}, {"venue": "binance", "state": "open", "since": "2026-01-31T09:30:00Z"})


def test_change_that_cannot_be_written_does_not_break_the_call_that_made_it() -> None:
    tried = []

    def full(record_type: RecordType, body: object) -> int:
        tried.append(record_type)
        raise JournalUnwritable("the disk is full")

    journalling(full, ManualClock(), Venue.UPBIT)(CircuitState.OPEN)

    assert tried == [RecordType.CIRCUIT]
