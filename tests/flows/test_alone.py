"""Two runs of a flow at once: the second one does nothing, and no server is asked about it."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from prefect.client.schemas.objects import State
from prefect.states import Completed

from deployments.project import PROJECT
from flows.alone import alone

HOLD = """
import asyncio, sys
from flows.alone import alone
async def hold():
    print("held", flush=True)
    await asyncio.sleep(600)
asyncio.run(alone("books", hold()))
"""


class Work:
    """Something that takes until it is let go."""

    def __init__(self) -> None:
        self.begun = 0
        self.go_on = asyncio.Event()

    async def do(self) -> State[Any]:
        self.begun += 1
        await self.go_on.wait()
        return Completed(name="Done")


async def test_a_second_run_is_told_and_begins_nothing(kimp_home: Path) -> None:
    work = Work()
    first = asyncio.create_task(alone("books", work.do()))
    await asyncio.sleep(0)

    second = await alone("books", work.do())
    of_another_flow = asyncio.create_task(alone("health", work.do()))
    await asyncio.sleep(0)
    work.go_on.set()

    assert (second.name, second.is_cancelled()) == ("StillRunning", True)
    assert "books is still going" in (second.message or "")
    assert [(await first).name, (await of_another_flow).name] == ["Done", "Done"]
    assert work.begun == 2
    assert (await alone("books", work.do())).name == "Done"


async def test_a_run_that_fails_or_is_cancelled_leaves_no_lock(kimp_home: Path) -> None:
    work = Work()

    async def failing() -> State[Any]:
        raise KeyError("nobody foresaw this")

    with pytest.raises(KeyError):
        await alone("books", failing())
    cancelled = asyncio.create_task(alone("books", work.do()))
    await asyncio.sleep(0)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    work.go_on.set()

    assert (await alone("books", work.do())).name == "Done"


async def test_a_process_that_is_killed_leaves_no_lock(kimp_home: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD, cwd=PROJECT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        assert await process.stdout.readline() == b"held\n"
    work = Work()
    work.go_on.set()

    beside = await alone("books", work.do())
    process.kill()
    ended = await process.wait()
    after = await alone("books", work.do())

    assert ended == -signal.SIGKILL
    assert (beside.name, after.name) == ("StillRunning", "Done")
