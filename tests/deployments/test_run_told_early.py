"""Prefect tells of a run a moment before it can be read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from deployments import run_claim
from deployments.run_claim import read_run
from flows.prefect_api import PrefectApi, PrefectRefused
from tests.deployments.hot_runs import a_signal, create, forget, signal_deployment
from tests.prefect_runs import PREFECT_MARKS

pytestmark = PREFECT_MARKS


@pytest.fixture
async def api() -> AsyncIterator[PrefectApi]:
    door = PrefectApi()
    yield door
    await door.aclose()


async def test_a_run_that_is_not_there_yet_is_asked_for_again(
    api: PrefectApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = await create(await signal_deployment(), parameters={"signal": a_signal()})
    ask, early = PrefectApi.ask, [True, True]

    async def ask_early(api: PrefectApi, method: str, path: str, body: Any = None) -> object:
        if early:
            early.pop()
            path = f"/flow_runs/{uuid4()}"
        return await ask(api, method, path, body)

    monkeypatch.setattr(PrefectApi, "ask", ask_early)

    run = await read_run(api, run_id)
    await forget([run_id])

    assert run.id == run_id
    assert early == []


async def test_a_run_that_nobody_made_is_not_asked_for_for_ever(
    api: PrefectApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_claim, "UNREADABLE_S", 0.1)

    with pytest.raises(PrefectRefused, match="404"):
        await read_run(api, uuid4())
