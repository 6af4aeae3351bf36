"""What tests of the hot worker create: deployments in its pool, and runs of them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from prefect import Flow, flow
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL
from prefect.states import Completed

from deployments.project import read_entries
from deployments.register import register
from flows.handed_over import outcome_of


@flow(name="signal-intake")
async def brief_intake(signal: dict[str, Any]) -> Any:
    """The signal's flow without its story: a crowd of them is quick."""
    outcome = await outcome_of(signal)
    return Completed(name=outcome.status.capitalize(), message=outcome.signal_id)


@flow(name="a-quick-one")
async def quick() -> Any:
    """A flow that just ends."""
    return Completed(message="done")


async def signal_deployment() -> UUID:
    """signal-intake/live, registered as in operation."""
    entries = [entry for entry in read_entries() if "signal_intake" in entry.entrypoint]
    registered = await register(str(PREFECT_API_URL.value()), entries)
    return UUID(registered["signal-intake/live"])


async def deploy(test_flow: Flow[..., Any]) -> UUID:
    """A flow of a test, in pool ``hot``."""
    await signal_deployment()  # the pool is made with it
    async with get_client() as client:
        return await client.create_deployment(
            await client.create_flow(test_flow), name="live", work_pool_name="hot"
        )


def a_signal() -> dict[str, Any]:
    return {
        "id": f"s-{uuid4().hex}",
        "action": "ENTER",
        "symbol": "BTC",
        "quantity": "0.010",
        "created_at": datetime.now(UTC).isoformat(),
        "key_id": "alpha",
        "signature": "00" * 64,
    }


async def create(deployment_id: UUID, **fields: Any) -> UUID:
    async with get_client() as client:
        run = await client.create_flow_run_from_deployment(deployment_id, **fields)
        return run.id


async def until_heard(named: list[UUID]) -> None:
    """Until a hot worker hears Prefect's events: those from before it listened may be lost."""
    deployment = await deploy(quick)
    async with asyncio.timeout(60):
        made = [await create(deployment)]
        while not set(made) & set(named):
            await asyncio.sleep(0.2)
            made.append(await create(deployment))


async def no_events(_pool_id: UUID) -> AsyncIterator[tuple[str, UUID]]:
    """In the place of Prefect's stream of them."""
    await asyncio.Event().wait()
    yield "", uuid4()


def dead_owner() -> str:
    """Who claims as a worker whose process number nobody has."""
    return f"{socket.gethostname()}:{2**22 - 1}:1:0000"


async def until(condition: Callable[[], bool], *, within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 (another loop or process makes it so)
            await asyncio.sleep(0.02)
