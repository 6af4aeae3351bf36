"""Flow ``executor``: the trading process as one long task, so that Prefect shows that it lives."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Collection, Coroutine, Iterable, Mapping
from typing import Annotated, Any, TypeVar

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from exchanges.clock import SystemClock
from flows.decision_reports import DecisionReports
from flows.prefect_switches import PrefectSwitches
from flows.run_names import named_by_time
from flows.untold_decisions import UntoldDecisions
from tasks.executor import run_executor
from tasks.settings_loading import load_settings

T = TypeVar("T")


@flow(name="executor", flow_run_name=named_by_time("executor"), retries=0)
async def executor(hours: Annotated[float, Field(gt=0, le=168)] = 24) -> State[Any]:
    """Trade until the day is over, then hand over to the next run of the schedule.

    Args:
        hours: How long this run lasts at most. A run of many days may not hear that it is
            cancelled.
    """
    return Completed(name="HandedOver", message=await hot_path(hours))


@task(name="hot_path", retries=0, cache_policy=NO_CACHE)
async def hot_path(hours: float) -> str:
    """The desk, on its own loop and thread; returns why it ended. Never retried."""
    loop, stop, settings = asyncio.get_running_loop(), asyncio.Event(), load_settings()
    untold = UntoldDecisions(
        settings.journal_dir, settings.prefect_dir / "reported.json", SystemClock()
    )
    why = [f"{hours:g} hours are over"]

    def on_sigterm() -> None:
        why[0] = "asked to stop"
        stop.set()

    if threading.current_thread() is threading.main_thread():
        # Prefect's own handler would break off in the middle of whatever runs.
        loop.add_signal_handler(signal.SIGTERM, on_sigterm)
    loop.call_later(hours * 3600, stop.set)
    reporting = asyncio.create_task(DecisionReports(untold).run())
    try:
        async with PrefectSwitches() as switches:
            await run_executor(
                settings,
                switches=SwitchesOn(loop, switches),
                on_decided=lambda *_: None,  # what is told to Prefect comes from the journal
                stop=stop,
            )
    finally:
        reporting.cancel()
    get_run_logger().info("the desk has stopped: %s", why[0])
    return f"Stopped: {why[0]}."


class SwitchesOn:
    """Switches that are asked on ``loop``, so that the desk's own loop does no work for it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, switches: PrefectSwitches) -> None:
        self._loop = loop
        self._switches = switches

    async def read(self) -> Mapping[str, bool]:
        """Deployment (``flow/name``) → paused; raises SwitchesUnreadable."""
        return await self._there(self._switches.read())

    async def news(self) -> Collection[str]:
        return await self._there(self._switches.news())

    async def resume(self, names: Iterable[str]) -> None:
        await self._there(self._switches.resume(names))

    async def note(self, name: str, text: str) -> None:
        await self._there(self._switches.note(name, text))

    async def pause(self, names: Iterable[str], reason: str) -> None:
        """Set the switches; raises SwitchesUnreadable."""
        await self._there(self._switches.pause(names, reason))

    async def _there(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))
