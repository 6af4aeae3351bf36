"""What a hot worker is offered, and when: first what has waited, in order of creation.

Prefect's event stream names a run as soon as it is made, its list of due runs is read each second.
A signal's event alone is enough only while nothing older waits: not before the first list, not
while something is paused, and not while more waits than was listed or than there is room for. What
was named meanwhile is offered after the list that it may be too new for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun

from deployments.pool_door import PoolDoor
from deployments.run_claim import is_late
from deployments.run_intake import RunIntake, brings_signal

PAGE = 200
"""Due runs that Prefect lists at once (``PREFECT_API_DEFAULT_LIMIT``, 3.8.8)."""


class RunOffers:
    """Hands runs of one pool to one intake."""

    def __init__(self, client: PrefectClient, pool: str, door: PoolDoor, intake: RunIntake) -> None:
        self._client = client
        self._pool = pool
        self._door = door
        self._intake = intake
        self._named: list[UUID] = []
        """By events that were not enough, since the last list was asked for."""

    def name(self, run_id: UUID) -> None:
        """An event has named a run that was scheduled."""
        if not (self._door.is_wide_open and self._intake.has_room):
            self._intake.waits_for_list = True
        if self._intake.waits_for_list:
            self._named.append(run_id)
        if self._door.is_wide_open:
            self._intake.offer(run_id)

    async def look(self) -> Sequence[FlowRun]:
        """Offer what is due. Returns the runs of schedules that nobody could take in time.

        Raises what Prefect's client raises; nothing is lost then, the next list has it.
        """
        named, self._named = self._named, []
        paused = await self._door.look()
        due = await self._client.get_scheduled_flow_runs_for_work_pool(
            self._pool, scheduled_before=datetime.now(UTC)
        )
        runs = sorted((entry.flow_run for entry in due), key=_created)
        in_time = [run for run in runs if not is_late(run)]
        offered = [run for run in in_time if self._offer(run)]
        self._door.set(paused)
        self._intake.waits_for_list = not (
            self._door.is_wide_open and len(due) < PAGE and len(offered) == len(in_time)
        )
        if not self._intake.waits_for_list:
            for run_id in (*named, *self._named):
                self._intake.offer(run_id)
            self._named.clear()
        return [run for run in runs if is_late(run)]

    def _offer(self, run: FlowRun) -> bool:
        if brings_signal(run) and not self._intake.has_room:
            return False
        self._intake.offer(run.id, run)
        return True


def _created(run: FlowRun) -> datetime:
    return run.created or datetime.min.replace(tzinfo=UTC)
