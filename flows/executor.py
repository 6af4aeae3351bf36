"""Flow ``executor``: the trading process as one long task, so that Prefect shows that it lives."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed

from exchanges.clock import SystemClock
from flows.decision_reports import DecisionReports
from flows.executor_runs import FAILURES, STORM, ExecutorRuns
from flows.prefect_api import PrefectApi, PrefectRefused, PrefectSilent
from flows.prefect_switches import PrefectSwitches
from flows.run_log import RunLog
from flows.run_names import named_by_time
from flows.run_owner import owned_by
from flows.run_truth import keep_run_true
from flows.untold_decisions import UntoldDecisions
from flows.worker_watch import watch_hot_worker
from tasks.collector_pauses import spare_what_is_loaded
from tasks.errors import ExecutorRefused
from tasks.executor import run_executor
from tasks.settings import Settings
from tasks.settings_loading import load_settings
from tasks.stop_reason import GivenReason
from tasks.switch_guard import SwitchNews
from tasks.unforeseen import Unforeseen
from warehouse import JournalLocked

T = TypeVar("T")

LATE = timedelta(minutes=10)
"""A planned hand-over that begins so late was meant for an executor that has ended since."""


@flow(name="executor", flow_run_name=named_by_time("executor"), retries=0)
async def executor(only_if_none: bool = False) -> State[Any]:
    """Trade. If an executor lives already, take over from it: it finishes what is under way, gives
    its lease to this run and ends.

    Args:
        only_if_none: Start only if no executor lives. It then stays stopped while executor/live is
            paused, and gives up for a while when one after the other has failed.
    """
    settings = load_settings()
    with owned_by(os.getpid(), flow_run.get_id() or "no-run", settings.executor_runs_dir):
        if only_if_none and (why_not := await _not_wanted(settings)) is not None:
            return Cancelled(name="NotStarted", message=why_not)
        ended, message = await hot_path(take_over=not only_if_none and not _is_late())
    if not ended:
        return Cancelled(name="NotNeeded", message=message)
    return Completed(name="HandedOver", message=message)


@task(name="hot_path", retries=0, cache_policy=NO_CACHE)
async def hot_path(take_over: bool) -> tuple[bool, str]:
    """The desk, on its own loop and thread; did it ever hold the lease, and why it ended. Never
    retried."""
    loop, stop, settings = asyncio.get_running_loop(), asyncio.Event(), load_settings()
    if threading.current_thread() is threading.main_thread():
        # Prefect's own handler would break off in the middle of whatever runs.
        loop.add_signal_handler(signal.SIGTERM, stop.set)
    untold = UntoldDecisions(
        settings.journal_dir, settings.prefect_dir / "reported.json", SystemClock()
    )
    loops: dict[str, Callable[[], Awaitable[None]]] = {
        "the reports to Prefect": DecisionReports(untold).run,
        "the look at the hot worker": partial(watch_hot_worker, settings.socket_file),
    }
    if (run_id := flow_run.get_id()) is not None:
        loops["the truth of this run"] = partial(keep_run_true, run_id, stop.set)
    spare_what_is_loaded()
    # What fails here is logged and begun again; entries need none of it.
    beside = [asyncio.create_task(Unforeseen().kept_up(*item)) for item in loops.items()]
    try:
        async with PrefectSwitches() as switches:
            with RunLog(get_run_logger(), settings.run_log_lines_per_minute) as run_log:
                why = await run_executor(
                    settings,
                    switches=SwitchesOn(loop, switches),
                    on_decided=run_log.decided,
                    stop=stop,
                    take_over=take_over,
                )
    except (JournalLocked, ExecutorRefused) as error:
        return False, str(error)
    finally:
        for task_ in beside:
            task_.cancel()
    get_run_logger().info("the desk has ended: %s", why)
    return True, f"Ended in order: {why}."


async def _not_wanted(settings: Settings) -> str | None:
    """Why an executor is not to be started again by itself. A Prefect that does not say counts as
    a yes: pairs may be open and nobody looks after them."""
    api = PrefectApi()
    try:
        runs = ExecutorRuns(api, settings.executor_runs_dir)
        if await runs.is_paused():
            return "executor/live is paused: it is not started again until somebody resumes it."
        if await runs.recent_failures() >= FAILURES:
            minutes = STORM.total_seconds() / 60
            return (
                f"{FAILURES} runs have failed within {minutes:g} minutes: starting again does not "
                "mend it. Look at the failed runs; it is tried again later."
            )
    except (PrefectSilent, PrefectRefused) as error:
        get_run_logger().warning("is executor/live paused? %s", error)
    finally:
        await api.aclose()
    return None


def _is_late() -> bool:
    planned = flow_run.get_scheduled_start_time()
    return planned is not None and datetime.now(UTC) - planned > LATE


class SwitchesOn:
    """Switches that are asked on ``loop``, so that the desk's own loop does no work for it. As
    :class:`tasks.switch_guard.Switches`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, switches: PrefectSwitches) -> None:
        self._loop = loop
        self._switches = switches

    async def read(self) -> Mapping[str, bool]:
        return await self._there(self._switches.read())

    async def news(self) -> SwitchNews:
        return await self._there(self._switches.news())

    async def pause(self, names: Iterable[str], reason: str) -> None:
        await self._there(self._switches.pause(names, reason))

    async def resume(self, names: Iterable[str]) -> None:
        await self._there(self._switches.resume(names))

    async def note(self, name: str, text: str) -> None:
        await self._there(self._switches.note(name, text))

    async def given(self, name: str) -> GivenReason | None:
        return await self._there(self._switches.given(name))

    async def _there(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))
