"""Executors one after the other, each a process of its own that can be killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from tests.kills.breakages import Breakage
from tests.kills.nursery import NEVER
from tests.kills.points import Point
from tests.tasks.executors import ROOT

KILLED = -signal.SIGKILL


@dataclass(slots=True)
class Nursery:
    """Bears one executor at a time; see :mod:`tests.kills.nursery`."""

    process: asyncio.subprocess.Process
    pid: int | None = None
    """Of the executor that lives."""

    async def bear(self, point: Point | None = None) -> None:
        """Start an executor that dies at ``point``, or only when it is killed."""
        assert self.pid is None
        assert self.process.stdin is not None
        self.process.stdin.write(f"{point or NEVER}\n".encode())
        word, pid = (await self._line()).split()
        assert word == "born"
        self.pid = int(pid)

    async def death(self) -> int:
        """Wait until the executor has ended; its exit status, negative for a signal."""
        word, pid, status = (await self._line()).split()
        assert (word, int(pid)) == ("dead", self.pid)
        self.pid = None
        return int(status)

    def kill(self, signal_number: int = signal.SIGKILL) -> None:
        """End the executor. One that has just died at its point, and whose death was not read yet,
        is left to :meth:`death`."""
        assert self.pid is not None
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal_number)

    async def _line(self) -> str:
        assert self.process.stdout is not None
        line = (await self.process.stdout.readline()).decode().strip()
        assert line, "the nursery has ended"
        return line


@asynccontextmanager
async def nursery(
    environment: Mapping[str, str], broken: Breakage | None = None
) -> AsyncIterator[Nursery]:
    """Everybody who was born there is gone at the end; ``broken`` is what is wrong with them."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.kills.nursery",
        *([] if broken is None else [broken]),
        cwd=ROOT,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    born = Nursery(process)
    try:
        yield born
    finally:
        if born.pid is not None:
            born.kill()
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()
