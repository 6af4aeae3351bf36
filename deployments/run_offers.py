"""What a hot worker is offered, and when: first what has waited, in order of creation.

Prefect's event stream names a run as soon as it is made, its list of due runs is read each second.
A signal's event alone is enough only while nothing older waits: not before the first list, not
while something is paused, and not while more waits than was listed or than there is room for. What
was named meanwhile is offered after the list that it may be too new for.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterNextScheduledStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort

from deployments.pool_door import PoolDoor
from deployments.run_claim import LATE, is_late
from deployments.run_intake import RunIntake, brings_signal

KNOWN_S = 10.0
"""For so long after a list was asked for nothing older than an event's run is taken to wait."""
PAGE = 200
"""Due runs that Prefect lists at once (``PREFECT_API_DEFAULT_LIMIT``, 3.8.8)."""


class RunOffers:
    """Hands runs of one pool to one intake."""

    def __init__(self, client: PrefectClient, pool: str, door: PoolDoor, intake: RunIntake) -> None:
        self._client = client
        self._pool = pool
        self._door = door
        self._intake = intake
        self._is_behind = True
        """Something older than the next event may wait in Prefect."""
        self._listed_at = 0.0
        self._named: list[UUID] = []
        """By events meanwhile, since the last list was asked for."""

    def name(self, run_id: UUID) -> None:
        """An event has named a run that was scheduled."""
        is_open = self._door.is_wide_open
        is_known = time.monotonic() < self._listed_at + KNOWN_S
        if not (is_open and is_known and self._intake.has_room):
            self._is_behind = True
        if self._is_behind:
            self._named.append(run_id)
        if is_open:
            self._intake.offer(run_id, in_turn=not self._is_behind)

    async def look(self) -> Sequence[FlowRun]:
        """Offer what is due. Returns the runs of schedules that nobody could take in time.

        Raises what Prefect's client raises; nothing is lost then, the next list has it.
        """
        named, self._named = self._named, []
        asked_at = time.monotonic()
        paused = await self._door.look()
        due, is_all = await self._due()
        runs = sorted(due, key=_created)
        in_time = [run for run in runs if not is_late(run)]
        offered = [run for run in in_time if self._offer(run)]
        self._door.set(paused)
        self._listed_at = asked_at
        has_all = is_all and len(offered) == len(in_time)
        self._is_behind = not (has_all and self._door.is_wide_open)
        if not self._is_behind:
            again, self._named = [*named, *self._named], []
            for run_id in again:
                self.name(run_id)
        return [run for run in runs if is_late(run)]

    async def _due(self) -> tuple[Collection[FlowRun], bool]:
        """What is due, and whether that is all of it."""
        now = datetime.now(UTC)
        listed = await self._client.get_scheduled_flow_runs_for_work_pool(
            self._pool, scheduled_before=now
        )
        due = {entry.flow_run.id: entry.flow_run for entry in listed}
        is_all = len(due) < PAGE
        if not is_all and any(is_late(run) for run in due.values()):
            # Late runs of schedules come first and may be many; no signal waits behind them.
            recent = await due_since(self._client, self._pool, now - LATE)
            due |= {run.id: run for run in recent}
            is_all = len(recent) < PAGE
        return due.values(), is_all

    def _offer(self, run: FlowRun) -> bool:
        if brings_signal(run) and not self._intake.has_room:
            return False
        self._intake.offer(run.id, run)
        return True


async def due_since(client: PrefectClient, pool: str, since: datetime) -> Sequence[FlowRun]:
    """Runs of ``pool`` that became due after that, the earliest first, a page at most."""
    when = FlowRunFilterNextScheduledStartTime(after_=since, before_=datetime.now(UTC))
    scheduled = FlowRunFilterStateType(any_=[StateType.SCHEDULED])
    return await client.read_flow_runs(
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[pool])),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=scheduled), next_scheduled_start_time=when
        ),
        sort=FlowRunSort.NEXT_SCHEDULED_START_TIME_ASC,
        limit=PAGE,
    )


def _created(run: FlowRun) -> datetime:
    return run.created or datetime.min.replace(tzinfo=UTC)
