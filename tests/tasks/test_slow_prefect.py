"""Prefect takes two seconds for each answer: the path of a signal does not feel it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from tasks.outcome import OutcomeStatus
from tasks.paper_desk import MemorySwitches, PaperDesk
from tests.tasks.desks import Bench, entered, run

SLOW_S = 2.0


def test_a_slow_prefect_takes_no_time_from_a_signal_and_is_not_taken_for_a_silent_one(
    tmp_path: Path,
) -> None:
    async def scenario(bench: Bench) -> None:
        async with bench.desk() as desk:
            took = []
            for delay_s in (0.0, SLOW_S):
                make_calls_slow(desk, delay_s)
                await asyncio.sleep(10)
                for _ in range(5):
                    began = bench.clock.monotonic()
                    assert (await entered(desk)).status is OutcomeStatus.HEDGED
                    took.append(bench.clock.monotonic() - began)
                    await asyncio.sleep(0.7)

            assert max(took[5:]) <= max(took[:5])

    run(tmp_path, scenario, max_open_pairs=10)


def make_calls_slow(desk: PaperDesk, delay_s: float) -> None:
    """Prefect takes so long for each answer from now on."""

    async def read() -> Mapping[str, bool]:
        await asyncio.sleep(delay_s)
        return await MemorySwitches.read(desk.switches)

    async def note(name: str, text: str) -> None:
        await asyncio.sleep(delay_s)

    desk.switches.read = read  # type: ignore[method-assign]
    desk.switches.note = note  # type: ignore[method-assign]
