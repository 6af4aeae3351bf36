"""Ten minutes of streams that break each five seconds lose no order event.

In virtual time, and for a few seconds over real sockets; ``python -m tests.soak`` runs longer.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from exchanges.clock import SystemClock
from exchanges.instrument import Venue
from exchanges.virtual_time import VirtualClock, VirtualTimeLoop, run_virtually
from tests.soak.outcome import Outcome
from tests.soak.soak import soak


def in_virtual_time(venue: Venue, seed: int, seconds: int = 600) -> Outcome:
    loop = VirtualTimeLoop()

    async def main() -> Outcome:
        clock = VirtualClock(loop, datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC))
        return await soak(
            venue, clock, seconds=seconds, seed=seed, over_sockets=False, move_every_s=1.0
        )

    return run_virtually(main(), loop)


@pytest.mark.parametrize("venue", list(Venue))
@pytest.mark.parametrize("seed", [1, 20_261_121])
def test_ten_minutes_of_broken_streams_lose_nothing(venue: Venue, seed: int) -> None:
    outcome = in_virtual_time(venue, seed)

    assert outcome.is_good, outcome.table()
    assert outcome.sent.total() >= 500
    assert outcome.cuts >= 100
    assert outcome.connections >= outcome.cuts


async def test_broken_sockets_lose_nothing() -> None:
    outcomes = await asyncio.gather(
        *(soak(venue, SystemClock(), seconds=15, seed=3, over_sockets=True) for venue in Venue)
    )

    for outcome in outcomes:
        assert outcome.is_good, outcome.table()
        assert outcome.connections > 4
