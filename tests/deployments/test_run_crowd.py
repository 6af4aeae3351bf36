"""Many signals created at once, through a real server: none is lost, and they keep their order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from prefect import Flow
from prefect.client.orchestration import get_client

from tests.deployments.hot_runs import a_signal, brief_intake, signal_deployment, until
from tests.fake_executor import FakeExecutor
from tests.prefect_runs import PREFECT_MARKS, working

pytestmark = [*PREFECT_MARKS, pytest.mark.usefixtures("patient_worker")]
CROWD = 200
CONNECTIONS = 10


FLOWS: dict[str, Flow[..., Any]] = {brief_intake.name: brief_intake}


@dataclass(frozen=True, slots=True)
class Creation:
    """A run's, as who made it has seen it; times of one clock."""

    signal_id: str
    asked: float
    answered: float


def overtaken(made: Mapping[str, Creation], decided: Sequence[str]) -> list[tuple[str, str]]:
    """Signals that were decided after one whose creation was asked for when theirs had long been
    answered. Of two that are made at the same time neither is the earlier one."""
    found = []
    latest = made[decided[0]]
    for name in decided[1:]:
        one = made[name]
        if one.answered < latest.asked:
            found.append((name, latest.signal_id))
        latest = max(latest, one, key=lambda creation: creation.asked)
    return found


@pytest.mark.timeout(300)
async def test_two_hundred_signals_at_once_are_all_decided_in_order_of_creation(
    executor: FakeExecutor, prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = await signal_deployment()
    async with working(executor, FLOWS), get_client() as client:
        connections = asyncio.Semaphore(CONNECTIONS)

        async def sent() -> Creation:
            async with connections:
                signal, asked = a_signal(), time.monotonic()
                await client.create_flow_run_from_deployment(
                    deployment, parameters={"signal": signal}
                )
                return Creation(str(signal["id"]), asked, time.monotonic())

        made = await asyncio.gather(*(sent() for _ in range(CROWD)))
        await until(lambda: len(executor.decided) == CROWD, within_s=200)
        decided = list(executor.decided)

    assert sorted(decided) == sorted(one.signal_id for one in made)
    assert overtaken({one.signal_id: one for one in made}, decided) == []
    assert len(executor.bodies("POST /v1/signals")) == CROWD
