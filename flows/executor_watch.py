"""Flow ``executor-watch``: starts an executor when none lives, ends its zombie runs."""

from __future__ import annotations

from typing import Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows.desk_access import executor
from flows.executor_runs import ExecutorRuns
from flows.prefect_api import PrefectApi
from flows.run_names import named_by_time
from tasks.errors import DeskError
from tasks.settings_loading import load_settings


@flow(name="executor-watch", flow_run_name=named_by_time("executor-watch"), retries=0)
async def executor_watch() -> State[Any]:
    """Does an executor live? If none does, and `executor/live` is not paused, start one."""
    settings, api = load_settings(), PrefectApi()
    try:
        runs = ExecutorRuns(api, settings.executor_runs_dir)
        zombies = await runs.end_zombies()
        for name in zombies:
            get_run_logger().warning("%s had no process any more: crashed", name)
        try:
            async with executor() as desk:
                epoch = (await desk.state())["epoch"]
            return Completed(name="Lives", message=f"The executor of epoch {epoch} answers.")
        except DeskError as error:
            why = str(error)
        if await runs.is_paused():
            return Completed(
                name="StaysStopped",
                message="No executor, and executor/live is paused: so it stays.",
            )
        if under_way := await runs.unfinished():
            names = ", ".join(str(row["name"]) for row in under_way)
            return Completed(name="Starting", message=f"No executor answers yet: {names} begins.")
        await runs.start()
        return Failed(name="Restarted", message=f"Nobody guarded ({why}); an executor is started.")
    finally:
        await api.aclose()
