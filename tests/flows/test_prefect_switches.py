"""The stop switches, read from and set in a real Prefect server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient, get_client

from deployments.project import read_entries
from deployments.register import register
from flows.executor import SwitchesOn
from flows.prefect_switches import SWITCHES, WHOLE_EACH, PrefectSwitches
from tasks.errors import SwitchesUnreadable
from tasks.switch_guard import BATCH_POOL, ENTRY, HOT_POOL, SIGNAL_INTAKE
from tests.flows.test_ways_to_stop import all_on
from tests.prefect_runs import PREFECT_MARKS

pytestmark = PREFECT_MARKS

SWITCHED = ("executor", "signal_intake", "entry", "exit_validation")
NONE = dict.fromkeys(SWITCHES, False)


@pytest.fixture
async def registered(prefect_api: str) -> dict[str, str]:
    entries = [entry for entry in read_entries() if entry.entrypoint.endswith(SWITCHED)]
    return await register(prefect_api, entries)


@pytest.fixture
async def switches(registered: dict[str, str]) -> AsyncIterator[PrefectSwitches]:
    async with PrefectSwitches() as switches:
        yield switches
        await all_on(switches)


async def ask(client: PrefectClient, method: str, path: str, body: object = None) -> None:
    answer = await client._client.request(method, path, json=body)
    answer.raise_for_status()


async def whole(switches: PrefectSwitches) -> dict[str, bool]:
    """As of now: not every look reads everything."""
    looks = [await switches.read() for _ in range(WHOLE_EACH)]
    return dict(looks[-1])


async def test_a_pause_is_read_back_and_taken_back(switches: PrefectSwitches) -> None:
    assert await switches.read() == NONE
    await switches.pause((ENTRY, SIGNAL_INTAKE, BATCH_POOL), "a test")
    assert await switches.read() == NONE | {ENTRY: True, SIGNAL_INTAKE: True, BATCH_POOL: True}
    await switches.resume((ENTRY, SIGNAL_INTAKE, BATCH_POOL))
    assert await switches.read() == NONE


async def test_a_schedule_that_is_switched_off_pauses_until_the_desk_resumes(
    switches: PrefectSwitches, registered: dict[str, str]
) -> None:
    async with get_client() as client:
        [schedule] = await client.read_deployment_schedules(UUID(registered[ENTRY]))
        await client.update_deployment_schedule(UUID(registered[ENTRY]), schedule.id, active=False)
        assert await whole(switches) == NONE | {ENTRY: True}

        await switches.resume([ENTRY])

        assert await switches.read() == NONE
        [schedule] = await client.read_deployment_schedules(UUID(registered[ENTRY]))
        assert schedule.active


async def test_a_queue_that_is_paused_pauses_its_pool_until_the_desk_resumes(
    switches: PrefectSwitches,
) -> None:
    async with get_client() as client:
        await ask(client, "PATCH", "/work_pools/hot/queues/default", {"is_paused": True})
        assert await whole(switches) == NONE | {HOT_POOL: True}

        await switches.resume([HOT_POOL])

        assert await switches.read() == NONE


async def test_a_pause_between_two_whole_looks_is_counted(
    switches: PrefectSwitches, registered: dict[str, str]
) -> None:
    async with get_client() as client:
        await switches.read()
        await ask(client, "POST", f"/deployments/{registered[ENTRY]}/pause_deployment")

        assert await switches.read() == NONE | {ENTRY: True}


async def test_an_event_names_what_was_paused(
    switches: PrefectSwitches, registered: dict[str, str]
) -> None:
    heard: set[str] = set()
    await switches.read()

    async def listen() -> None:
        while True:
            heard.update((await switches.news()).paused)

    listening = asyncio.create_task(listen())
    try:
        async with asyncio.timeout(60), get_client() as client:
            while heard != {ENTRY, HOT_POOL, BATCH_POOL}:
                # Until the stream is open there is nobody to hear.
                for paused in (True, False):
                    await ask(
                        client, "PATCH", f"/deployments/{registered[ENTRY]}", {"paused": paused}
                    )
                    await ask(client, "PATCH", "/work_pools/hot", {"is_paused": paused})
                    queue = "/work_pools/batch/queues/default"
                    await ask(client, "PATCH", queue, {"is_paused": paused})
                await asyncio.sleep(0.1)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def test_a_pause_that_was_taken_back_before_it_is_heard_is_none(
    switches: PrefectSwitches, registered: dict[str, str]
) -> None:
    entry, intake = (f"/deployments/{registered[name]}" for name in (ENTRY, SIGNAL_INTAKE))
    hot, batch = "/work_pools/hot", "/work_pools/batch/queues/default"
    await switches.read()
    async with asyncio.timeout(60), get_client() as client:
        while SIGNAL_INTAKE not in (await switches.news()).paused:
            # Until the stream is open there is nobody to hear.
            for paused in (True, False):
                await ask(client, "PATCH", intake, {"paused": paused})
        for paused in (True, False):
            await ask(client, "PATCH", entry, {"paused": paused})
            await ask(client, "PATCH", hot, {"is_paused": paused})
            await ask(client, "PATCH", batch, {"is_paused": paused})
        assert await whole(switches) == NONE

        await ask(client, "PATCH", intake, {"paused": True})
        heard: set[str] = set()
        while SIGNAL_INTAKE not in heard:
            heard.update((await switches.news()).paused)

    assert heard == {SIGNAL_INTAKE}


async def test_switches_are_closed_while_somebody_elsewhere_waits_for_news(
    registered: dict[str, str],
) -> None:
    async with PrefectSwitches() as switches:
        elsewhere = SwitchesOn(asyncio.get_running_loop(), switches)

        async def wait_a_moment() -> None:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    while True:
                        await elsewhere.news()

        await asyncio.to_thread(lambda: asyncio.run(wait_a_moment()))


async def test_the_reason_of_a_pause_is_an_artifact(switches: PrefectSwitches) -> None:
    await switches.pause([ENTRY], "the daily loss limit of 3 % is reached")

    async with get_client() as client:
        artifacts = await client.read_artifacts()
    assert any("daily loss limit" in str(artifact.data) for artifact in artifacts)


async def test_a_prefect_that_is_away_is_said_so() -> None:
    async with PrefectSwitches("http://127.0.0.1:9/api") as switches:
        with pytest.raises(SwitchesUnreadable):
            await switches.read()
        with pytest.raises(SwitchesUnreadable):
            await switches.pause([ENTRY], "a test")
        with pytest.raises(SwitchesUnreadable):
            await switches.note(ENTRY, "a test")


async def test_a_switch_that_is_gone_is_no_permission(registered: dict[str, str]) -> None:
    async with PrefectSwitches() as switches, get_client() as client:
        await switches.read()
        await client._client.delete(f"/deployments/{registered[ENTRY]}")
        with pytest.raises(SwitchesUnreadable, match="entry/live"):
            await whole(switches)


async def test_switches_are_asked_on_the_loop_they_belong_to(switches: PrefectSwitches) -> None:
    elsewhere = SwitchesOn(asyncio.get_running_loop(), switches)
    read = await asyncio.to_thread(lambda: asyncio.run(elsewhere.read()))

    assert read == NONE
