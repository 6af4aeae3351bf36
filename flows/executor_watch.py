"""Flow ``executor-watch``: starts an executor when none lives, replaces one that is hung, ends an
heir that is, tells people of each, and ends zombie runs."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from exchanges.clock import SystemClock
from flows.alone import alone
from flows.executor_runs import ExecutorRuns
from flows.hung_executor import HungExecutor, hung_executor, hung_heir
from flows.prefect_api import PrefectApi
from flows.run_names import named_by_time
from flows.run_owner import disown_dead
from tasks.alert import AlertLevel, AlertType
from tasks.errors import DeskError
from tasks.executor_absence import ExecutorAbsence
from tasks.executor_client import ExecutorClient
from tasks.executor_pulse import Pulse, feel_pulse, listener
from tasks.settings import Settings
from tasks.settings_loading import load_settings
from tasks.standby import HEIR
from tasks.standstill import Standstill
from warehouse.lease import last_epoch


@flow(name="executor-watch", flow_run_name=named_by_time("executor-watch"), retries=0)
async def executor_watch() -> State[Any]:
    """Does an executor live and answer? If none does, and `executor/live` is not paused, start one,
    after ending the one that is hung."""
    return await alone("executor-watch", _look())


async def _look() -> State[Any]:
    settings, api = load_settings(), PrefectApi()
    absence = ExecutorAbsence(settings, SystemClock())
    standstill = Standstill(settings.home, SystemClock())
    try:
        runs = ExecutorRuns(api, settings.executor_runs_dir)
        for name in await runs.end_zombies():
            get_run_logger().warning("%s had no process any more: crashed", name)
        pulse = await feel_pulse(settings.socket_file)
        if pulse is Pulse.ANSWERS:
            epoch = last_epoch(settings.journal_dir)
            has_died = disown_dead(settings.executor_runs_dir) > 0
            await absence.end(f"An executor lives again, of epoch {epoch}.", unseen=has_died)
            if (heir := await hung_heir(settings, standstill)) is not None:
                return await _end_heir(heir, settings, runs, epoch)
            return Completed(name="Lives", message=f"The executor of epoch {epoch} answers.")
        if pulse is Pulse.UNSURE:
            return Completed(
                name="Unsure",
                message="This machine stood still while the executor was asked; the next run asks "
                "again.",
            )
        hung = await hung_executor(settings, pulse, standstill)
        is_paused = await runs.is_paused()
        if hung is not None:
            return await _replace(hung, settings, runs, absence, is_paused=is_paused)
        if pulse is Pulse.MUTE:
            return await _foreign(settings, absence)
        return await _start(runs, absence, is_paused=is_paused)
    finally:
        await api.aclose()


async def _replace(
    hung: HungExecutor,
    settings: Settings,
    runs: ExecutorRuns,
    absence: ExecutorAbsence,
    *,
    is_paused: bool,
) -> State[Any]:
    pid = hung.process.pid
    epoch = last_epoch(settings.journal_dir)
    who = f"The executor of epoch {epoch}" if hung.has_lease else f"The heir of epoch {epoch}"
    found = f"{who} (process {pid}) is hung: {hung.how}"
    if is_paused:
        message = f"{found}. executor/live is paused, so it is left as it is and nobody guards: "
        message += "switch executor/live on, and it is replaced."
        await absence.tell(message)
        return Failed(name="Hung", message=message)
    if not await hung.end(settings):
        message = f"{found}. SIGKILL did not end it, so its disk may be what hangs: look at it."
        await absence.tell(message)
        return Failed(name="Hung", message=message)
    ended = f"{found}. It was ended (SIGKILL)"
    await runs.crash(hung.run_id, f"{ended}; what was open is finished by the next executor.")
    await runs.start(instead_of=hung.run_id)
    message = f"{ended} and another one is started, which finishes what was open."
    await absence.tell(message)
    return Failed(name="Replaced", message=message)


async def _end_heir(
    heir: HungExecutor, settings: Settings, runs: ExecutorRuns, epoch: int
) -> State[Any]:
    """The living executor guards before, meanwhile and after; it is not touched."""
    found = f"A process beside the executor of epoch {epoch} (process {heir.process.pid}) is hung: "
    found += heir.how
    if has_ended := await heir.end(settings):
        message = f"{found}. It was ended (SIGKILL); the executor of epoch {epoch} guards as "
        message += "before. If it was to take over, run executor/live once more."
    else:
        message = f"{found}. SIGKILL did not end it, so its disk may be what hangs: look at it. "
        message += f"The executor of epoch {epoch} guards as before."
    try:
        async with ExecutorClient(settings.socket_file) as executor:
            await executor.raise_alert(
                AlertType.SYSTEM_ERROR, AlertLevel.WARNING, message, subject=HEIR
            )
    except DeskError as error:
        get_run_logger().error("no alert: %s", error)
    if has_ended:
        await runs.crash(heir.run_id, message)
    return Failed(name="HeirEnded" if has_ended else "HeirHung", message=message)


async def _foreign(settings: Settings, absence: ExecutorAbsence) -> State[Any]:
    pid = await asyncio.to_thread(listener, settings.socket_file)
    if pid is None:
        return Completed(name="Unsure", message="It ended while it was asked: the next run looks.")
    message = f"Process {pid} listens as the executor, answers nothing and is no run of "
    message += "executor/live: end it by hand."
    await absence.tell(message)
    return Failed(name="Hung", message=message)


async def _start(runs: ExecutorRuns, absence: ExecutorAbsence, *, is_paused: bool) -> State[Any]:
    dead = "The executor has died and nobody guards"
    if is_paused:
        await absence.tell(f"{dead}. executor/live is paused, so none is started: switch it on.")
        return Completed(
            name="StaysStopped",
            message="No executor, and executor/live is paused: so it stays.",
        )
    if under_way := await runs.unfinished():
        await absence.tell(f"{dead}; another one is being started.")
        names = ", ".join(str(row["name"]) for row in under_way)
        return Completed(name="Starting", message=f"No executor answers yet: {names} begins.")
    await runs.start()
    await absence.tell(f"{dead}; another one is started.")
    return Failed(name="Restarted", message="Nobody guarded; an executor is started.")
