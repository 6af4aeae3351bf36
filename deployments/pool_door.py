"""Whether a work pool lets its runs be claimed: it may be paused, and so may a queue of it.

Prefect's list of due runs leaves out what is paused. A run that an event names has passed no such
check, and Prefect lets a run of a paused pool be claimed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID

from prefect.client.orchestration import PrefectClient


@dataclass(frozen=True, slots=True)
class Paused:
    """What was paused when it was looked at."""

    pool: bool
    queues: frozenset[UUID]
    heard: int
    """Pauses that had been heard of by then."""


class PoolDoor:
    """What one worker knows of it. Shut until it has looked."""

    def __init__(self, client: PrefectClient, pool: str) -> None:
        self._client = client
        self._pool = pool
        self._heard = 0
        self._paused = Paused(True, frozenset(), 0)

    @property
    def is_wide_open(self) -> bool:
        """Nothing of the pool is paused. While something is, runs are taken from Prefect's list
        alone, which has those that wait in order of creation, before any that came later."""
        return not (self._is_shut or self._paused.queues)

    def lets_in(self, queue_id: UUID | None) -> bool:
        """May a run of this queue be claimed?"""
        return not self._is_shut and queue_id not in self._paused.queues

    def shut(self) -> None:
        """Something was paused just now: nothing is let in until it is known what."""
        self._heard += 1

    async def look(self) -> Paused:
        """What is paused now. Raises what Prefect's client raises."""
        heard = self._heard
        pool, queues = await asyncio.gather(
            self._client.read_work_pool(self._pool),
            self._client.read_work_queues(work_pool_name=self._pool),
        )
        paused = frozenset(queue.id for queue in queues if queue.is_paused)
        return Paused(pool.is_paused, paused, heard)

    def set(self, paused: Paused) -> None:
        """``paused`` holds from now on."""
        self._paused = paused

    @property
    def _is_shut(self) -> bool:
        return self._paused.pool or self._paused.heard != self._heard
