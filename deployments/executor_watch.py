"""Keeps an executor running below ``up`` and says when it was gone.

The executor is no child of ours but a flow run. Prefect's automation starts another when a run
crashes, and ``executor-watch/live`` looks each half minute and replaces one that is hung; this
watch starts one without either, and gives up where nothing helps.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from deployments.absence_notice import AbsenceNotice
from deployments.failure import CommandFailed
from deployments.prefect_door import PrefectDoor
from deployments.progress import Progress
from exchanges.clock import SystemClock
from flows.deployment_switch import is_off
from tasks.executor_absence import ExecutorAbsence
from tasks.executor_pulse import answers, listener
from tasks.settings import Settings
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
    settings: Settings, prefect: PrefectDoor, progress: Progress, *, mute_s: float = MUTE_S
) -> None:
    """Until cancelled; raises CommandFailed when the executor is gone and does not come back.

    A Prefect server that does not answer is asked again for ``mute_s``: a machine that is busy
    enough for that is no reason to stop all that looks after open pairs.
    """
    people = AbsenceNotice(ExecutorAbsence(settings, SystemClock()))
    try:
        await _watch(settings.socket_file.absolute(), prefect, progress, people, mute_s)
    finally:
        people.close()


async def _watch(
    socket_file: Path,
    prefect: PrefectDoor,
    progress: Progress,
    people: AbsenceNotice,
    mute_s: float,
) -> None:
    gone_since = asked_at = mute_since = None
    asked, told, gone = 0, "", "no executor lives yet"
    while True:
        await asyncio.sleep(POLL_S)
        now = time.monotonic()
        if await answers(socket_file):
            gone = "the executor has ended"
            people.back()
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
                f"{gone}: none answered within {now - gone_since:.0f} s; look at the runs of "
                "executor/live in the UI"
            )
        try:
            is_paused = is_off(await prefect.deployment(EXECUTOR))
            is_hung = await asyncio.to_thread(listener, socket_file) is not None
            if not is_paused and not is_hung:
                await prefect.create(EXECUTOR, {"only_if_none": True})
        except CommandFailed as error:
            mute_since = mute_since or now
            if now - mute_since > mute_s:
                raise
            news = f"{gone}, and {error}; it is asked again"
            people.missing(f"No executor answers and nobody guards: {news}.")
        else:
            mute_since = None
            if is_paused:
                asked, asked_at = 0, None
                news = f"{gone}; executor/live is paused, so it stays so"
            else:
                asked, asked_at = asked + 1, time.monotonic()
                again = f", try {asked} of {ASKED}" if asked > 1 else ""
                news = f"{gone}; one is started{again}"
                if is_hung:
                    news = "the executor does not answer; executor-watch/live replaces it"
        if news != told:
            progress.line(news)
        told = news


async def stop_executor(socket_file: Path, grace_s: float) -> None:
    """Let the executor end in order while Prefect can still hear of it."""
    pid = await asyncio.to_thread(listener, socket_file)
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
