"""Keeps an executor running below ``up`` and says when it was gone.

The executor is no child of ours but a flow run. Prefect's automation starts another when a run
crashes, and ``executor-watch/live`` looks each half minute; this watch needs neither.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import struct
import time
from contextlib import suppress
from pathlib import Path

from deployments.failure import CommandFailed
from deployments.prefect_door import PrefectDoor
from deployments.progress import Progress
from flows.deployment_switch import is_off
from tasks.errors import DeskError
from tasks.executor_client import ExecutorClient
from tasks.switch_guard import EXECUTOR

POLL_S = 1.0
GONE_S = 3.0
"""So long nobody may answer: between two executors that hand over it is about a second."""
PATIENCE_S = 90.0
"""An executor's time to be back once Prefect was asked for it, then it is asked again."""
ASKED = 3
"""After so many in vain something is wrong that another run does not mend."""
MUTE_S = 300.0
"""Prefect's time to take that question."""


async def watch_executor(
    socket_file: Path, prefect: PrefectDoor, progress: Progress, *, mute_s: float = MUTE_S
) -> None:
    """Until cancelled; raises CommandFailed when the executor is gone and does not come back.

    A Prefect server that does not answer is asked again for ``mute_s``: a machine that is busy
    enough for that is no reason to stop all that looks after open pairs.
    """
    gone_since = asked_at = mute_since = None
    asked, told = 0, ""
    while True:
        await asyncio.sleep(POLL_S)
        now = time.monotonic()
        if await executor_answers(socket_file):
            if gone_since is not None and told:
                progress.line(f"the executor is back after {now - gone_since:.0f} s")
            gone_since = asked_at = mute_since = None
            asked, told = 0, ""
            continue
        gone_since = gone_since or now
        if now - gone_since < GONE_S:
            continue
        if asked_at is not None and now - asked_at <= PATIENCE_S:
            continue
        if asked == ASKED:
            raise CommandFailed(
                f"the executor has ended and was not back within {now - gone_since:.0f} s; look at "
                "the runs of executor/live in the UI"
            )
        try:
            is_paused = is_off(await prefect.deployment(EXECUTOR))
            if not is_paused:
                await prefect.create(EXECUTOR, {"only_if_none": True})
        except CommandFailed as error:
            mute_since = mute_since or now
            if now - mute_since > mute_s:
                raise
            news = f"the executor has ended, and {error}; it is asked again"
        else:
            mute_since = None
            if is_paused:
                asked, asked_at = 0, None
                news = "the executor has ended; executor/live is paused, so it stays so"
            else:
                asked, asked_at = asked + 1, time.monotonic()
                news = "the executor has ended unexpectedly; it is started again"
                if asked > 1:
                    news = f"the executor is not back; it is started again, try {asked} of {ASKED}"
        if news != told:
            progress.line(news)
        told = news


async def executor_answers(socket_file: Path) -> bool:
    try:
        async with ExecutorClient(socket_file) as client:
            await client.state()
    except DeskError:
        return False
    return True


async def stop_executor(socket_file: Path, grace_s: float) -> None:
    """Let the executor end in order while Prefect can still hear of it."""
    pid = await asyncio.to_thread(_listener, socket_file)
    if pid is None:
        return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    with suppress(TimeoutError):
        await asyncio.wait_for(_ended(pid), grace_s)


async def _ended(pid: int) -> None:
    while True:
        if not Path(f"/proc/{pid}").exists():
            return
        await asyncio.sleep(0.05)


def _listener(socket_file: Path) -> int | None:
    """The process that listens at a Unix socket, as the kernel says."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(socket_file))
        except OSError:
            return None
        credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid: int = struct.unpack("3i", credentials)[0]
    return pid
