"""Says when the replayed history is used up: prices then stand still, and nothing more happens."""

from __future__ import annotations

import asyncio

from deployments.failure import CommandFailed
from deployments.progress import Progress
from deployments.venue_simulators import VenueSimulators

POLL_S = 2.0


HISTORY_ENDED = (
    "the replayed history has ended and prices stand still; `kimp up --fresh` starts over"
)


async def demand_history(simulators: VenueSimulators) -> None:
    """Raises CommandFailed when there is nothing left to replay."""
    if (await simulators.market()).ended:
        raise CommandFailed(HISTORY_ENDED)


async def watch_replay(simulators: VenueSimulators, progress: Progress) -> None:
    """Say it once, when it is so. Simulators that do not answer are not ours to notice."""
    while True:
        try:
            market = await simulators.market()
        except CommandFailed:
            return
        if market.ended:
            progress.line(HISTORY_ENDED)
            return
        await asyncio.sleep(POLL_S)
