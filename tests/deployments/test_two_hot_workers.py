"""Two hot workers, each a process as ``up`` starts it, at one server and one executor: they share a
crowd of signals, and what a killed one leaves the other ends."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun

from deployments.child_process import ChildProcess
from deployments.project import PROJECT
from deployments.run_owner import CLAIMED_BY, owner_of
from deployments.supervisor import Supervisor
from deployments.unfinished_runs import GONE
from flows.signal_story import NOTE_OF_DUPLICATE
from tests.deployments.hot_runs import a_signal, signal_deployment
from tests.fake_executor import FakeExecutor
from tests.prefect_runs import PREFECT_MARKS

pytestmark = PREFECT_MARKS

CROWD = 40
MORE = 5
CONNECTIONS = 10
START_S = END_S = 120.0
NAMES = ("one of two", "two of two")


class Crowd:
    """Signals whose runs are made at once."""

    def __init__(self, client: PrefectClient, deployment: UUID) -> None:
        self._client = client
        self._deployment = deployment
        self.signals: dict[UUID, str] = {}
        """Of each run the id."""

    async def grow(self, by: int) -> None:
        connections = asyncio.Semaphore(CONNECTIONS)

        async def one_more() -> None:
            sent = a_signal()
            async with connections:
                run = await self._client.create_flow_run_from_deployment(
                    self._deployment, parameters={"signal": sent}
                )
            self.signals[run.id] = sent["id"]

        await asyncio.gather(*(one_more() for _ in range(by)))

    async def runs(self) -> Sequence[FlowRun]:
        only = FlowRunFilter(id=FlowRunFilterId(any_=list(self.signals)))
        return await self._client.read_flow_runs(flow_run_filter=only)

    async def ended(self) -> Sequence[FlowRun]:
        async with asyncio.timeout(END_S):
            while True:
                runs = await self.runs()
                if all(run.state is not None and run.state.is_final() for run in runs):
                    return runs
                await asyncio.sleep(0.3)

    def heard(self, executor: FakeExecutor) -> Counter[str]:
        """How often each of its signals came to the executor."""
        ids = set(self.signals.values())
        came = (body["id"] for body in executor.bodies("POST /v1/signals"))
        return Counter(signal_id for signal_id in came if signal_id in ids)


@asynccontextmanager
async def two_processes(
    client: PrefectClient, home: Path, prefect_url: str
) -> AsyncIterator[Sequence[ChildProcess]]:
    """Both are at work."""
    environment = {**os.environ, "KIMP_HOME": str(home), "PREFECT_API_URL": prefect_url}
    began = datetime.now(UTC)
    async with Supervisor(home / "logs", PROJECT) as supervisor:
        processes = [
            await supervisor.start(
                name, ("-m", "deployments.hot_worker", "--name", name), environment
            )
            for name in NAMES
        ]

        async def online() -> bool | None:
            workers = await client.read_workers_for_work_pool("hot")
            beats = {it.name: it.last_heartbeat_time for it in workers if it.last_heartbeat_time}
            return all(name in beats and beats[name] > began for name in NAMES) or None

        await supervisor.ready("two hot workers", online, START_S)
        yield processes


def pid_of(owner: str | None) -> int | None:
    return None if owner is None else int(owner.split(":")[1])


async def claims(client: PrefectClient, run: FlowRun) -> list[int | None]:
    """The processes that have claimed it, in order; None where it was given back, as of one that is
    gone."""
    told: list[int | None] = []
    for state in await client.read_flow_run_states(run.id):
        message = state.message or ""
        if message.startswith(CLAIMED_BY):
            told.append(pid_of(message.removeprefix(CLAIMED_BY)))
        elif message.startswith(GONE):
            told.append(None)
    return told


@pytest.mark.timeout(300)
async def test_two_processes_share_a_crowd_and_one_ends_what_the_other_leaves(
    executor: FakeExecutor, kimp_home: Path, prefect_api: str
) -> None:
    deployment = await signal_deployment()
    async with (
        get_client() as client,
        two_processes(client, kimp_home, prefect_api) as (one, two),
    ):
        both = {one.pid, two.pid}

        shared = Crowd(client, deployment)
        await shared.grow(CROWD)
        while {pid_of(owner_of(run)) for run in await shared.ended()} != both:
            await shared.grow(MORE)  # the machine let one of them stand still meanwhile

        assert shared.heard(executor) == dict.fromkeys(shared.signals.values(), 1)
        assert {run.state_name for run in await shared.runs()} == {"Hedged"}
        assert {run.run_count for run in await shared.runs()} == {1}

        left = Crowd(client, deployment)

        async def has_handed_over(process: ChildProcess) -> bool:
            heard = left.heard(executor)
            runs = [run for run in await left.runs() if left.signals[run.id] in heard]
            return process.pid in {pid_of(owner_of(run)) for run in runs}

        async with executor.holding():
            await left.grow(MORE)
            while not await has_handed_over(two):
                await left.grow(MORE)
            os.kill(two.pid, signal.SIGKILL)
            await two.wait()
            await left.grow(MORE)
        ended = await left.ended()
        told = {run.id: await claims(client, run) for run in ended}

    assert {run.state_name for run in ended} == {"Hedged"}
    assert {pid_of(owner_of(run)) for run in ended} == {one.pid}
    heard = left.heard(executor)
    assert set(heard) == set(left.signals.values()) <= set(executor.decided)
    dead = {run.id for run in ended if two.pid in told[run.id]}
    twice = {run.id for run in ended if heard[left.signals[run.id]] > 1}
    assert twice
    assert twice <= dead
    for run_id in dead:
        assert told[run_id][told[run_id].index(two.pid) + 1 :][:1] == [None], told[run_id]
    messages = [run.state.message or "" for run in ended if run.state and run.id in twice]
    assert all(NOTE_OF_DUPLICATE in message for message in messages)
