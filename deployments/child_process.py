"""One program started by ``up``: its own process group, its log file, its end."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

TAIL_LINES = 12


class ChildProcess:
    """A started program. Everything it prints goes to ``log_file``."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        log_file: Path,
        folder: Path,
    ) -> None:
        self.name = name
        self.log_file = log_file
        self._arguments = arguments
        self._environment = dict(environment)
        self._folder = folder
        self._process: asyncio.subprocess.Process

    @classmethod
    async def start(
        cls,
        name: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        log_file: Path,
        folder: Path,
    ) -> ChildProcess:
        """Start ``arguments`` in ``folder``. No secret among them: all users can read them."""
        log_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        child = cls(name, arguments, environment, log_file, folder)
        await child._spawn(os.O_TRUNC)
        return child

    async def start_again(self) -> None:
        """The same program once more, after it has ended; its log goes on."""
        await self._spawn(os.O_APPEND)

    async def _spawn(self, how: int) -> None:
        """``how``: what becomes of an earlier log."""
        descriptor = os.open(self.log_file, os.O_WRONLY | os.O_CREAT | how, 0o600)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._arguments,
                env=self._environment,
                cwd=self._folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                start_new_session=True,  # Ctrl-C reaches only ``up``, which stops all in order
            )
        finally:
            os.close(descriptor)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: ended by that signal."""
        return self._process.returncode

    async def wait(self) -> int:
        return await self._process.wait()

    async def stop(self, grace_s: float) -> None:
        """Ask its group to end; whatever is left of the group after ``grace_s`` is killed."""
        if self.exit_code is None:
            self._signal_group(signal.SIGTERM)
            with suppress(TimeoutError):  # killed below
                await asyncio.wait_for(self._process.wait(), grace_s)
        self._signal_group(signal.SIGKILL)
        await self._process.wait()

    def tail(self) -> list[str]:
        """The last lines of its log."""
        try:
            text = self.log_file.read_text("utf-8", errors="replace")
        except OSError:
            return []
        return [line for line in text.splitlines() if line.strip()][-TAIL_LINES:]

    def _signal_group(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return  # nobody of the group is left


def end_in_words(exit_code: int) -> str:
    """``exit code 3`` or ``killed by SIGKILL``."""
    if exit_code >= 0:
        return f"exit code {exit_code}"
    return f"killed by {signal.Signals(-exit_code).name}"
