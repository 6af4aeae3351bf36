"""A pause that Prefect tells late was read already and stops nothing; any other is a stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from exchanges.clock import SystemClock
from flows.prefect_switches import PrefectSwitches
from flows.switch_events import UPDATED
from tasks.switch_guard import BATCH_POOL, ENTRY, EXECUTOR, HOT_POOL, SIGNAL_INTAKE, SwitchGuard
from tests.flows.fake_prefect import WELL, prefect_saying

MOMENT = timedelta(milliseconds=20)
OFF_BY = [timedelta(0), timedelta(minutes=-10), timedelta(minutes=10)]
"""Prefect's clock, against the desk's."""
PATIENCE_S = 20.0


@dataclass
class Told:
    """What a guard made of the events of a fake Prefect."""

    events: asyncio.Queue[dict[str, Any]]
    changes: asyncio.Queue[tuple[str, bool]] = field(default_factory=asyncio.Queue)

    async def first(self, count: int) -> list[tuple[str, bool]]:
        """The first changes."""
        async with asyncio.timeout(PATIENCE_S):
            return [await self.changes.get() for _ in range(count)]


@asynccontextmanager
async def hearing(answers: dict[str, Any]) -> AsyncIterator[Told]:
    events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    async with prefect_saying(answers, events) as url:
        with temporary_settings({PREFECT_API_URL: url}):
            async with PrefectSwitches(url) as switches:
                told = Told(events)
                guard = SwitchGuard(switches, SystemClock(), 0.02)
                guard.listeners.append(lambda *change: told.changes.put_nowait(change))
                running = asyncio.create_task(guard.run())
                try:
                    yield told
                finally:
                    running.cancel()
                    await asyncio.gather(running, return_exceptions=True)


def rows(written: datetime) -> dict[str, Any]:
    """Every switch is on and was last set at ``written``."""
    ids = {"deployments": "id", "work_pools": "name", "work_queues": "work_pool_name"}
    return {
        kind: [{**row, "id": row[ids[kind]], "updated": written.isoformat()} for row in WELL[kind]]
        for kind in WELL
    }


def event(name: str, resource: str, at: datetime, **more: Any) -> dict[str, Any]:
    return {
        "occurred": at.isoformat(),
        "received": at.isoformat(),
        "event": name,
        "resource": {"prefect.resource.id": resource},
        "id": str(uuid4()),
        **more,
    }


def pause_of(deployment: str, at: datetime) -> dict[str, Any]:
    updates = {"paused": {"from": False, "to": True}}
    return event(UPDATED, f"prefect.deployment.{deployment}", at, payload={"updates": updates})


def pause_of_pool(pool: str, at: datetime) -> dict[str, Any]:
    told = event("prefect.work-pool.paused", f"prefect.work-pool.{pool}", at)
    told["resource"]["prefect.resource.name"] = pool
    return told


def pause_of_queue(pool: str, at: datetime) -> dict[str, Any]:
    of_pool = {
        "prefect.resource.id": f"prefect.work-pool.{pool}",
        "prefect.resource.role": "work-pool",
        "prefect.resource.name": pool,
    }
    return event("prefect.work-queue.paused", f"prefect.work-queue.{pool}", at, related=[of_pool])


@pytest.mark.parametrize("off_by", OFF_BY, ids=str)
async def test_a_pause_that_was_taken_back_before_it_is_told_stops_nothing(
    off_by: timedelta,
) -> None:
    resumed = datetime.now(UTC) + off_by
    async with hearing(rows(written=resumed)) as told:
        for late in (pause_of(ENTRY, resumed - MOMENT), pause_of_pool("hot", resumed - MOMENT)):
            told.events.put_nowait(late)
        told.events.put_nowait(pause_of_queue("hot", resumed - MOMENT))
        # Events are heard in their order: whatever the late ones do is done before this one.
        told.events.put_nowait(pause_of(SIGNAL_INTAKE, resumed + MOMENT))
        assert await told.first(1) == [(SIGNAL_INTAKE, True)]


@pytest.mark.parametrize("off_by", OFF_BY, ids=str)
async def test_a_pause_since_the_switches_were_read_stops_at_once(off_by: timedelta) -> None:
    """The rows do not show it yet: Prefect tells of a change before it is to be read."""
    written = datetime.now(UTC) + off_by
    async with hearing(rows(written)) as told:
        told.events.put_nowait(pause_of(ENTRY, written + MOMENT))
        told.events.put_nowait(pause_of_pool("batch", written + MOMENT))
        told.events.put_nowait(pause_of_queue("hot", written + MOMENT))
        stops = [(ENTRY, True), (BATCH_POOL, True), (HOT_POOL, True)]
        assert await told.first(3) == stops


@pytest.mark.parametrize("updated", [None, "yesterday", 7, "2026-01-01T00:00:00"])
async def test_without_a_time_to_compare_with_a_pause_is_a_stop(updated: Any) -> None:
    """A time without a zone is none; and rows of other switches do not count."""
    now = datetime.now(UTC)
    answers = rows(written=now + timedelta(hours=1))
    for row in answers["deployments"]:
        if row["id"] == EXECUTOR:
            row["updated"] = updated
    async with hearing(answers) as told:
        told.events.put_nowait(pause_of(EXECUTOR, now))
        assert await told.first(1) == [(EXECUTOR, True)]
