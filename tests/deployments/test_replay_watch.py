"""The end of the replayed history is said, by real simulators over HTTP."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
from rich.console import Console

from deployments.desk_startup import READY
from deployments.failure import CommandFailed
from deployments.http_json import HttpJson
from deployments.progress import Progress
from deployments.replay_watch import HISTORY_ENDED, demand_history, watch_replay
from deployments.venue_simulators import VenueSimulators
from tests.deployments.up_process import PROJECT


@pytest.fixture
def control_url() -> Iterator[str]:
    """Simulated venues near the end of the shipped history, standing still."""
    arguments = [*("--from", "2021-06-30T12:00:00Z"), *("--speed", "0")]
    for name in ("upbit", "binance", "hyperliquid", "control"):
        arguments += [f"--{name}", "127.0.0.1:0"]
    with subprocess.Popen(
        [sys.executable, "-m", "exchanges.simulator", *arguments],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        found = READY.match(process.stdout.readline())
        assert found
        yield found["control"]
        process.terminate()


@pytest.fixture
async def simulators(control_url: str) -> AsyncIterator[VenueSimulators]:
    async with HttpJson("the simulators", control_url) as control:
        yield VenueSimulators(control)


async def test_history_that_is_left_is_no_news(simulators: VenueSimulators) -> None:
    await demand_history(simulators)

    assert not (await simulators.market()).ended


async def test_history_that_is_used_up_is_said_with_what_to_do(
    simulators: VenueSimulators,
) -> None:
    said = io.StringIO()
    await simulators.set_speed(100_000)

    await watch_replay(simulators, Progress(Console(file=said, width=200)))

    assert HISTORY_ENDED in said.getvalue()
    with pytest.raises(CommandFailed, match="history has ended"):
        await demand_history(simulators)
