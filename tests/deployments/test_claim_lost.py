"""Prefect lets a worker have a run, and the worker never hears of it: the run is run, and once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from prefect import Flow, flow
from prefect.client.schemas.objects import FlowRun
from prefect.states import Completed

import deployments.hot_worker as module
from deployments import run_claim
from flows.prefect_api import PrefectApi, PrefectSilent
from tests.deployments.hot_runs import (
    a_signal,
    brief_intake,
    create,
    dead_owner,
    deploy,
    no_events,
    signal_deployment,
    until,
)
from tests.fake_executor import FakeExecutor
from tests.prefect_runs import PREFECT_MARKS, end_of, working

pytestmark = PREFECT_MARKS

SWEEP_S = 0.3


@flow(name="asked-for-by-a-person")
async def by_hand() -> Any:
    return Completed(message="done")


FLOWS: dict[str, Flow[..., Any]] = {item.name: item for item in (brief_intake, by_hand)}


class LostAnswers:
    """The next ``left`` answers to claims (or what else ``path`` has) do not arrive; what was
    asked does."""

    path = "/set_state"
    left = 0
    lost = 0


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> LostAnswers:
    answers, ask = LostAnswers(), PrefectApi.ask

    async def ask_in_vain(api: PrefectApi, method: str, path: str, body: Any = None) -> object:
        answer = await ask(api, method, path, body)
        if answers.path in path and answers.left:
            answers.left -= 1
            answers.lost += 1
            raise PrefectSilent(f"{method} {path}: no answer")
        return answer

    monkeypatch.setattr(PrefectApi, "ask", ask_in_vain)
    return answers


async def a_run_of(kind: str) -> UUID:
    if kind == "signal":
        return await create(await signal_deployment(), parameters={"signal": a_signal()})
    return await create(await deploy(by_hand))


def assert_run_once(run: FlowRun, kind: str, executor: FakeExecutor) -> None:
    assert run.state_name == ("Hedged" if kind == "signal" else "Completed")
    assert run.run_count == 1
    assert len(executor.bodies("POST /v1/signals")) == (kind == "signal")


@pytest.mark.parametrize("path", ["/flows/", "/set_state"])
async def test_an_answer_that_is_lost_is_asked_for_again(
    executor: FakeExecutor, answers: LostAnswers, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """The worker hears of the run once: in its first list."""
    for seldom in ("SWEEP_S", "POLL_S"):
        monkeypatch.setattr(module, seldom, 600.0)
    monkeypatch.setattr(module, "run_events", no_events)
    monkeypatch.setattr(run_claim, "CLAIM_S", 60.0)
    run_id = await a_run_of("signal")
    answers.path, answers.left = path, 1
    async with working(executor, FLOWS):
        run = await end_of(run_id)

    assert answers.lost == 1
    assert_run_once(run, "signal", executor)


@pytest.mark.parametrize("kind", ["signal", "by hand"])
async def test_a_worker_finds_the_run_that_it_has_without_knowing(
    executor: FakeExecutor, answers: LostAnswers, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(module, "SWEEP_S", SWEEP_S)
    monkeypatch.setattr(run_claim, "CLAIM_S", 0.0)
    answers.left = 1
    async with working(executor, FLOWS):
        run = await end_of(await a_run_of(kind))

    assert answers.lost == 1
    assert_run_once(run, kind, executor)


@pytest.mark.parametrize("kind", ["signal", "by hand"])
async def test_the_next_worker_finds_the_run_that_the_last_had_without_knowing(
    executor: FakeExecutor, answers: LostAnswers, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    answers.left = 1
    with monkeypatch.context() as last:
        last.setattr(module, "SWEEP_S", 60.0)
        last.setattr(run_claim, "CLAIM_S", 0.0)
        last.setattr(module, "new_owner", dead_owner)
        async with working(executor, FLOWS):
            run_id = await a_run_of(kind)
            await until(lambda: answers.lost == 1)
    monkeypatch.setattr(module, "SWEEP_S", SWEEP_S)

    async with working(executor, FLOWS, name="next"):
        run = await end_of(run_id)

    assert_run_once(run, kind, executor)
