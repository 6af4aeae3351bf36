"""Prefect's automations that switch something on, or have the desk resume: the desk hears that it
was no person."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.events.actions import (
    ActionTypes,
    ResumeDeployment,
    ResumeWorkPool,
    ResumeWorkQueue,
    RunDeployment,
)
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

from deployments import run_claim
from deployments.project import read_entries
from deployments.register import register
from flows import prefect_api
from flows.prefect_switches import SWITCHES, PrefectSwitches
from flows.resume import resume
from tasks.switch_guard import BATCH_POOL, ENTRY, HOT_POOL
from tests.fake_executor import FakeExecutor
from tests.flows.test_ways_to_stop import SWITCHED, all_on
from tests.prefect_runs import PREFECT_MARKS, end_of, log_of, runs_of, working

pytestmark = PREFECT_MARKS

MORNING = "test.morning"
ALL = {ENTRY, HOT_POOL, BATCH_POOL}


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy server may need more than the two seconds that the desk gives it."""
    monkeypatch.setattr(prefect_api, "TIMEOUT_S", 60.0)


@pytest.fixture
def automation() -> str:
    """Its name. Prefect repeats the last minute's events to whoever begins to listen."""
    return f"each morning {uuid4().hex[:8]}"


@pytest.fixture
async def switches(prefect_api: str, automation: str) -> AsyncIterator[PrefectSwitches]:
    """Of a Prefect in which an automation switches a deployment, a pool and a queue on."""
    entries = [entry for entry in read_entries() if entry.entrypoint.endswith(SWITCHED)]
    registered = await register(prefect_api, entries)
    async with get_client() as client, PrefectSwitches() as switches:
        hot = await client.read_work_pool("hot")
        batch = await client.read_work_pool("batch")
        actions: list[ActionTypes] = [
            ResumeDeployment(deployment_id=UUID(registered[ENTRY])),
            ResumeWorkPool(work_pool_id=hot.id),
            ResumeWorkQueue(work_queue_id=batch.default_queue_id),
        ]
        async with automated(client, automation, *actions):
            yield switches
        await all_on(switches)


@asynccontextmanager
async def automated(client: PrefectClient, name: str, *actions: ActionTypes) -> AsyncIterator[None]:
    """Prefect does this each :func:`morning`."""
    made = await client.create_automation(
        AutomationCore(
            name=name,
            trigger=EventTrigger(
                posture=Posture.Reactive, expect={MORNING}, threshold=1, within=timedelta(0)
            ),
            actions=list(actions),
        )
    )
    try:
        yield
    finally:
        await client.delete_automation(made)


async def morning(client: PrefectClient) -> None:
    """The event that the automation waits for."""
    event = {
        "occurred": datetime.now(UTC).isoformat(),
        "event": MORNING,
        "resource": {"prefect.resource.id": "test.sun"},
        "id": str(uuid4()),
    }
    answer = await client._client.post("/events", json=[event])
    answer.raise_for_status()


async def test_what_an_automation_switches_on_is_told_with_its_name(
    switches: PrefectSwitches, automation: str
) -> None:
    told: set[str] = set()

    async def listen() -> None:
        while True:
            news = await switches.news()
            told.update(name for name, by in news.automated.items() if by == automation)

    await switches.read()
    listening = asyncio.create_task(listen())
    try:
        async with asyncio.timeout(90), get_client() as client:
            while told != ALL:
                # Until the stream is open and the automation is known there is nobody to hear.
                await switches.pause(ALL, "a test")
                await switches.read()
                await morning(client)
                await asyncio.sleep(0.5)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    assert told == ALL


async def test_what_a_person_switches_on_is_no_automations(
    switches: PrefectSwitches, automation: str
) -> None:
    paused: set[str] = set()
    told: set[str] = set()
    await switches.read()
    async with asyncio.timeout(90):
        while paused != ALL:
            await switches.pause(ALL, "a test")
            await switches.resume(SWITCHES)
            for news in [await switches.news() for _ in range(2)]:
                paused.update(news.paused)
                told.update(news.automated.values())

    assert automation not in told


@pytest.fixture
async def resume_id(prefect_api: str) -> AsyncIterator[UUID]:
    """The deployment resume/live."""
    entries = [entry for entry in read_entries() if entry.entrypoint.endswith(":resume")]
    deployment_id = UUID((await register(prefect_api, entries))["resume/live"])
    yield deployment_id
    async with get_client() as client:
        await client.delete_deployment(deployment_id)


async def assert_refused(executor: FakeExecutor, client: PrefectClient, run: FlowRun) -> str:
    """Why, by its message."""
    ended = await end_of(run.id)
    assert ended.state is not None
    assert (ended.state.name, ended.state.is_failed()) == ("Refused", True)
    assert "only a person resumes" in await log_of(client, run.id)
    assert executor.bodies("POST /v1/resume") == []
    return ended.state.message or ""


async def test_a_resume_that_an_automation_asks_for_is_refused(
    executor: FakeExecutor, resume_id: UUID, automation: str
) -> None:
    executor.answers["POST /v1/resume"] = {"resumed": True, "reasons": []}
    action = RunDeployment(deployment_id=resume_id, parameters={"reason": "a new day"})
    async with (
        asyncio.timeout(90),
        get_client() as client,
        automated(client, automation, action),
        working(executor, {"resume": resume}),
    ):
        while not await runs_of(client, resume_id):
            await morning(client)
            await asyncio.sleep(0.5)
        [run, *_] = await runs_of(client, resume_id)

        message = await assert_refused(executor, client, run)

    assert message.startswith(f"Still stopped: the automation {automation} has asked")


async def test_a_resume_that_a_schedule_asks_for_is_refused(
    executor: FakeExecutor, resume_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_claim, "LATE", timedelta(minutes=10))
    executor.answers["POST /v1/resume"] = {"resumed": True, "reasons": []}
    async with (
        asyncio.timeout(90),
        get_client() as client,
        working(executor, {"resume": resume}),
    ):
        now = datetime.now(UTC).isoformat()
        schedule = {"interval": 86_400, "anchor_date": now}
        daily = {"schedule": schedule, "parameters": {"reason": "a new day"}}
        for path, body in (
            ("schedules", [daily]),
            ("schedule", {"start_time": now, "max_runs": 1}),
        ):
            answer = await client._client.post(f"/deployments/{resume_id}/{path}", json=body)
            answer.raise_for_status()
        [run] = await runs_of(client, resume_id)

        message = await assert_refused(executor, client, run)

    assert message.startswith("Still stopped: a schedule has asked")
