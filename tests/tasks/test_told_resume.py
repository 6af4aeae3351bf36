"""A person who resumes hears what the desk waits for while it looks."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tasks.executor_client import ExecutorClient
from tasks.told_resume import told_resume
from tests.fake_executor import running_fake_executor

ANSWER = {"resumed": True, "reasons": []}


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.told_resume.LOOK_S", 0.02)


async def heard_while_it_looks(socket_file: Path, state: dict[str, Any]) -> list[str]:
    """What who resumes is told by an executor that shows ``state`` and takes its time."""
    heard: list[str] = []
    async with running_fake_executor(socket_file) as fake:
        fake.answers["POST /v1/resume"] = ANSWER
        fake.answers["GET /v1/state"] = state
        async with ExecutorClient(fake.socket_file) as executor:
            async with fake.holding():
                resumed = asyncio.create_task(told_resume(executor, "over", heard.append))
                async with asyncio.timeout(30):
                    while len(fake.bodies("GET /v1/state")) < 2:  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
            assert await resumed == ANSWER
    return heard


async def test_what_the_desk_waits_for_is_told_once_while_it_looks(tmp_path: Path) -> None:
    waiting = {"resuming": {"waits_for": "room at 09:00:10"}}

    heard = await heard_while_it_looks(tmp_path / "x.sock", waiting)

    assert heard == ["the desk is looking whether it may trade, and waits for room at 09:00:10"]


async def test_an_executor_of_an_earlier_version_that_does_not_say_is_asked_on(
    tmp_path: Path,
) -> None:
    assert await heard_while_it_looks(tmp_path / "x.sock", {"epoch": 3}) == []
