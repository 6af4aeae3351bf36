"""The executor of a deployed desk: a worker for its run, and somebody who keeps it running.

``python -m deployments.executor_host`` is one container, or one unit. It does for the executor what
``kimp up`` does for a whole desk: claims KIMP_HOME, makes the operator's key, starts a process
worker that takes only the executor's runs, asks for a run when no executor answers, and on SIGTERM
lets the executor end in order before the worker goes.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from deployments.death_notice import DeathNotice
from deployments.desk_environment import PROJECT
from deployments.executor_watch import stop_executor, watch_executor
from deployments.failure import CommandFailed
from deployments.prefect_address import prefect_http
from deployments.prefect_door import PrefectDoor
from deployments.process_workers import EXECUTOR_WORKER
from deployments.progress import Progress
from deployments.state_folder import claim_for, demand_usable
from deployments.supervisor import Supervisor
from deployments.up_lock import RunningDesk, UpLock
from deployments.venue_credentials import demand_trading_keys
from flows.desk_access import OPERATOR
from tasks.errors import DeskError
from tasks.key_store import KeyStore
from tasks.settings import Mode, Settings
from tasks.settings_loading import load_settings

GRACE_S = 30.0
"""The executor's time to finish the decisions that it has begun."""


async def host(settings: Settings, progress: Progress, stop: asyncio.Event) -> None:
    """Until ``stop`` is set.

    Raises:
        CommandFailed: KIMP_HOME cannot be used, or the executor is gone and does not come back.
    """
    demand_usable(settings)
    if settings.mode is Mode.LIVE:
        demand_trading_keys(settings)
    lock = UpLock.take(settings.home)
    try:
        claim_for(settings.home, settings.mode)
        keys = KeyStore(settings.keys_dir)
        if OPERATOR not in keys.trusted():
            keys.generate(OPERATOR)
        lock.publish(
            RunningDesk(
                pid=os.getpid(),
                mode=settings.mode,
                prefect_url=settings.prefect_api_url.removesuffix("/api"),
                upbit_url=settings.upbit_url,
                binance_url=settings.binance_url,
                hyperliquid_url=settings.hyperliquid_url,
                fx_url=settings.fx_url,
            )
        )
        await _keep(settings, progress, stop)
    finally:
        lock.release()


async def _keep(settings: Settings, progress: Progress, stop: asyncio.Event) -> None:
    socket_file = settings.socket_file.absolute()
    async with (
        Supervisor(settings.logs_dir.absolute(), PROJECT, grace_s=GRACE_S) as supervisor,
        prefect_http(settings, settings.prefect_api_url) as api,
    ):
        worker = await supervisor.start("executor worker", EXECUTOR_WORKER, os.environ)
        # The executor outlives its worker: one that died is no reason to end both.
        supervisor.keep_alive(worker, DeathNotice(progress, socket_file))
        watching = asyncio.ensure_future(
            supervisor.guarded(watch_executor(settings, PrefectDoor(api), progress))
        )
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait({watching, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                watching.result()
        finally:
            progress.line("stopping")
            for task in (watching, stopping):
                task.cancel()
            await stop_executor(socket_file, GRACE_S)


async def _main() -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await host(load_settings(), Progress(), stop)


def main() -> int:
    """0 asked to stop, 1 failed: whoever started it starts it again."""
    try:
        asyncio.run(_main())
    except (CommandFailed, DeskError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
