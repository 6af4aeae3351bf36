"""A Prefect that is killed in the middle of a stop: the stop holds, and is set when it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

from deployments.project import read_entries
from deployments.register import register
from flows.prefect_switches import PrefectSwitches
from tasks.stop_reason import StopReason
from tasks.switch_guard import ENTRY
from tests.flows.test_ways_to_stop import PATIENCE_S, SWITCHED, all_on, watching
from tests.prefect_runs import PREFECT_MARKS
from tests.prefect_server import PrefectServer

pytestmark = [
    *(mark for mark in PREFECT_MARKS if mark.name != "usefixtures"),
]


@pytest.fixture
def server(prefect_database: Path, tmp_path: Path) -> Iterator[PrefectServer]:
    server = PrefectServer(tmp_path, prefect_database)
    server.start()
    with temporary_settings({PREFECT_API_URL: server.url, PREFECT_HOME: tmp_path / "client"}):
        yield server
    server.stop()


async def test_a_stop_while_prefect_is_killed_is_set_once_it_is_back(
    server: PrefectServer,
) -> None:
    entries = [entry for entry in read_entries() if entry.entrypoint.endswith(SWITCHED)]
    registered = await register(server.url, entries)
    async with get_client() as client:
        [schedule] = await client.read_deployment_schedules(UUID(registered[ENTRY]))
    ids = {"entry": registered[ENTRY], "intake": "", "schedule": str(schedule.id)}

    async with watching(ids) as watch:
        server.kill()
        watch.board.stop([ENTRY], StopReason.SYSTEM_ERROR, "a drill")
        assert watch.paused() == {ENTRY}
        await asyncio.sleep(1.0)
        silent_s = watch.guard.age_s
        assert silent_s is not None
        assert silent_s >= 1.0 - 0.25  # the age at which entries end grows
        assert watch.setter.waiting == (ENTRY,)

        await asyncio.to_thread(server.start)
        async with asyncio.timeout(PATIENCE_S):
            while watch.setter.waiting:  # noqa: ASYNC110 - Prefect is another process
                await asyncio.sleep(0.05)

        async with PrefectSwitches() as others:
            assert (await others.read())[ENTRY]
            assert watch.paused() == {ENTRY}
            assert watch.released == []
            assert "SYSTEM_ERROR: a drill" in await watch.artifact(ENTRY)
            await all_on(others)
        await watch.until_paused(set())
        assert watch.released == [ENTRY]
