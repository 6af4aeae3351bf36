"""What is heard of a pool's runs, of those too that were made before anybody listened."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client

from deployments import run_events
from tests.deployments.hot_runs import create, deploy, quick
from tests.prefect_runs import PREFECT_MARKS

pytestmark = PREFECT_MARKS


async def heard_until(wanted: UUID, pool_id: UUID, heard: list[UUID]) -> None:
    async for event, run_id in run_events.run_events(pool_id):
        if event == run_events.SCHEDULED:
            heard.append(run_id)
        if run_id == wanted:
            return


async def pool() -> UUID:
    async with get_client() as client:
        return (await client.read_work_pool("hot")).id


async def test_what_was_scheduled_long_before_is_left_to_the_list(
    prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = await deploy(quick)
    pool_id, before = await pool(), await create(deployment)
    async with asyncio.timeout(60):
        heard: list[UUID] = []
        while before not in heard:  # Prefect repeats what it has written down
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(run_events, "OLD", timedelta(minutes=5))
                try:
                    await asyncio.wait_for(heard_until(before, pool_id, heard), 1)
                except TimeoutError:
                    continue
    monkeypatch.setattr(run_events, "OLD", timedelta())
    now: list[UUID] = []

    async with asyncio.timeout(60):
        listening = asyncio.create_task(heard_until(UUID(int=0), pool_id, now))
        made = [await create(deployment)]
        while not set(made) & set(now):
            await asyncio.sleep(0.2)
            made.append(await create(deployment))
        listening.cancel()

    assert before not in now
