"""The stop switches, read from and set in a real Prefect server."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client

from deployments.project import read_entries
from deployments.register import register
from flows.executor import SwitchesOn
from flows.prefect_switches import SWITCHES, PrefectSwitches
from tasks.errors import SwitchesUnreadable
from tasks.switch_guard import ENTRY, SIGNAL_INTAKE
from tests.prefect_runs import PREFECT_MARKS

pytestmark = PREFECT_MARKS

SWITCHED = ("executor", "signal_intake", "entry", "exit_validation")


@pytest.fixture
async def registered(prefect_api: str) -> dict[str, str]:
    entries = [entry for entry in read_entries() if entry.entrypoint.endswith(SWITCHED)]
    return await register(prefect_api, entries)


async def test_a_pause_is_read_back_and_taken_back(registered: dict[str, str]) -> None:
    async with PrefectSwitches() as switches:
        assert await switches.read() == dict.fromkeys(SWITCHES, False)
        await switches.pause((ENTRY, SIGNAL_INTAKE), "a test")
        assert await switches.read() == dict.fromkeys(SWITCHES, False) | {
            ENTRY: True,
            SIGNAL_INTAKE: True,
        }
        await switches.resume((ENTRY, SIGNAL_INTAKE))
        assert await switches.read() == dict.fromkeys(SWITCHES, False)


async def test_a_schedule_that_is_switched_off_pauses_until_the_desk_resumes(
    registered: dict[str, str],
) -> None:
    async with PrefectSwitches() as switches, get_client() as client:
        [schedule] = await client.read_deployment_schedules(UUID(registered[ENTRY]))
        await client.update_deployment_schedule(UUID(registered[ENTRY]), schedule.id, active=False)
        assert await switches.read() == dict.fromkeys(SWITCHES, False) | {ENTRY: True}

        await switches.resume([ENTRY])

        assert await switches.read() == dict.fromkeys(SWITCHES, False)
        [schedule] = await client.read_deployment_schedules(UUID(registered[ENTRY]))
        assert schedule.active


async def test_the_reason_of_a_pause_is_an_artifact(registered: dict[str, str]) -> None:
    async with PrefectSwitches() as switches:
        await switches.pause([ENTRY], "the daily loss limit of 3 % is reached")
        await switches.resume([ENTRY])

    async with get_client() as client:
        artifacts = await client.read_artifacts()
    assert any("daily loss limit" in str(artifact.data) for artifact in artifacts)


async def test_a_prefect_that_is_away_is_said_so() -> None:
    async with PrefectSwitches("http://127.0.0.1:9/api") as switches:
        with pytest.raises(SwitchesUnreadable):
            await switches.read()
        with pytest.raises(SwitchesUnreadable):
            await switches.pause([ENTRY], "a test")


async def test_a_switch_that_is_gone_is_no_permission(registered: dict[str, str]) -> None:
    async with PrefectSwitches() as switches, get_client() as client:
        await switches.read()
        await client._client.delete(f"/deployments/{registered[ENTRY]}")
        with pytest.raises(SwitchesUnreadable, match="entry/live"):
            await switches.read()


async def test_switches_are_asked_on_the_loop_they_belong_to(registered: dict[str, str]) -> None:
    async with PrefectSwitches() as switches:
        elsewhere = SwitchesOn(asyncio.get_running_loop(), switches)
        read = await asyncio.to_thread(lambda: asyncio.run(elsewhere.read()))

    assert read == dict.fromkeys(SWITCHES, False)
