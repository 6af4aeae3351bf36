"""Starts programs, notices when one dies, and leaves none behind."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from deployments.child_process import ChildProcess, end_in_words
from deployments.descendants import MARK, end_all
from deployments.desk_environment import without_keys
from deployments.failure import CommandFailed
from deployments.looks import pauses_between_looks

log = logging.getLogger(__name__)

T = TypeVar("T")

GRACE_S = 8.0
"""A program's time to end by itself."""
REVIVAL_PAUSES_S = (1.0, 10.0, 20.0, 30.0)
"""Before a dead program is started again: the more often it dies, the longer."""
STEADY_S = 30.0
"""What has run so long is back."""


class ChildDied(CommandFailed):
    """A program ended that should not have. The sentence names it; the log's end follows."""

    def __init__(self, child: ChildProcess, exit_code: int) -> None:
        tail = "".join(f"\n    {line}" for line in child.tail())
        self.child = child
        super().__init__(
            f"{child.name} ended unexpectedly ({end_in_words(exit_code)}), so everything is "
            f"stopped; its log is {child.log_file}" + (f" and ends with:{tail}" if tail else "")
        )


class Mourner(Protocol):
    """Who hears that a program died and will be started again, and that it is back."""

    async def died(self, child: ChildProcess, exit_code: int) -> None: ...

    async def back(self, child: ChildProcess) -> None: ...


class Supervisor:
    """An async context manager: on leaving it, everything started is gone, whatever happened.

    Should the supervising process be killed, its guardian ends what it started.
    """

    def __init__(self, logs_dir: Path, project: Path, *, grace_s: float = GRACE_S) -> None:
        self._logs_dir = logs_dir
        self._project = project
        self._grace_s = grace_s
        self._mark = secrets.token_hex(8)
        self._children: list[tuple[ChildProcess, asyncio.Task[None]]] = []
        self._kept: dict[ChildProcess, Mourner] = {}
        self._death: asyncio.Future[ChildDied] = asyncio.get_running_loop().create_future()
        self._guardian: asyncio.subprocess.Process | None = None

    @property
    def children(self) -> Sequence[ChildProcess]:
        return [child for child, _ in self._children]

    async def __aenter__(self) -> Self:
        self._guardian = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "deployments.guardian", self._mark),
            cwd=self._project,
            env=without_keys(os.environ),
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        stopping = asyncio.ensure_future(self._stop_all())
        while not stopping.done():
            try:
                await asyncio.shield(stopping)
            except asyncio.CancelledError:
                continue  # a second Ctrl-C: what was started is still ended first
        stopping.result()

    async def start(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str]
    ) -> ChildProcess:
        """Start a Python program (``arguments`` after the interpreter) and watch it."""
        child = await ChildProcess.start(
            name,
            (sys.executable, *arguments),
            {**environment, MARK: self._mark},
            self._logs_dir / f"{name.replace(' ', '-')}.log",
            self._project,
        )
        self._children.append((child, asyncio.create_task(self._watch(child))))
        return child

    async def run(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        """Run a Python program to its end; raises ChildDied unless that is exit code 0."""
        child = await ChildProcess.start(
            name,
            (sys.executable, *arguments),
            {**environment, MARK: self._mark},
            self._logs_dir / f"{name.replace(' ', '-')}.log",
            self._project,
        )
        try:
            exit_code = await self.guarded(child.wait())
        finally:
            await child.stop(self._grace_s)
        if exit_code:
            raise ChildDied(child, exit_code)

    async def stop(self, child: ChildProcess) -> None:
        """End one program in order, before the others; its end is then no death."""
        for watched, watcher in self._children:
            if watched is child:
                watcher.cancel()
                await child.stop(self._grace_s)

    def keep_alive(self, child: ChildProcess, mourner: Mourner) -> None:
        """From now on ``child`` is started again whenever it ends, and ``mourner`` hears of it."""
        self._kept[child] = mourner

    async def guarded(self, work: Awaitable[T]) -> T:
        """The result of ``work``; raises ChildDied as soon as a watched program ends."""
        task = asyncio.ensure_future(work)
        try:
            first: set[asyncio.Future[Any]] = {task, self._death}
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            if self._death.done():
                raise self._death.result()
            return task.result()
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def ready(
        self, what: str, probe: Callable[[], Awaitable[T | None]], timeout_s: float
    ) -> T:
        """What ``probe`` gives as soon as it is not None.

        Raises:
            ChildDied: a program ended meanwhile.
            CommandFailed: not within ``timeout_s``.
        """

        async def poll() -> T:
            pauses = pauses_between_looks()
            while True:
                if (answer := await probe()) is not None:
                    return answer
                await asyncio.sleep(next(pauses))

        try:
            async with asyncio.timeout(timeout_s):
                return await self.guarded(poll())
        except TimeoutError:
            raise CommandFailed(
                f"{what} was not ready within {timeout_s:g} s; the logs are in {self._logs_dir}"
            ) from None

    async def _watch(self, child: ChildProcess) -> None:
        deaths = 0
        while True:
            if deaths:
                with suppress(TimeoutError):
                    await asyncio.wait_for(child.wait(), STEADY_S)
                if child.exit_code is None:
                    deaths = 0
                    await _told(self._kept[child].back(child))
            exit_code = await child.wait()
            mourner = self._kept.get(child)
            if mourner is None:
                break
            await _told(mourner.died(child, exit_code))
            is_started = False
            while not is_started:
                await asyncio.sleep(REVIVAL_PAUSES_S[min(deaths, len(REVIVAL_PAUSES_S) - 1)])
                deaths += 1
                is_started = await _started_again(child)
        if not self._death.done():
            self._death.set_result(ChildDied(child, exit_code))

    async def _stop_all(self) -> None:
        for child, watcher in reversed(self._children):
            watcher.cancel()
            await child.stop(self._grace_s)
        await asyncio.to_thread(end_all, self._mark, self._grace_s)
        if self._guardian is not None:
            guardian, self._guardian = self._guardian, None
            assert guardian.stdin is not None  # opened as a pipe
            guardian.stdin.close()
            await guardian.wait()  # it finds nobody and ends


async def _told(news: Awaitable[None]) -> None:
    """Whatever becomes of the news, the program is started again."""
    try:
        await news
    except Exception:
        log.exception("a program's death could not be told")


async def _started_again(child: ChildProcess) -> bool:
    try:
        await child.start_again()
    except OSError as error:  # no memory, no process left
        log.error("%s could not be started again: %s", child.name, error.strerror)
        return False
    return True
