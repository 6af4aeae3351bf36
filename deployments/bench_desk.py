"""A whole paper desk for a benchmark: simulators, Prefect server, executor and both workers."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from deployments.bench_home import bench_home
from deployments.bench_rig import LIMITS
from deployments.desk_environment import PROJECT
from deployments.desk_startup import DeskStartup
from deployments.executor_watch import stop_executor
from deployments.progress import Progress
from deployments.supervisor import GRACE_S, Supervisor
from deployments.up_lock import RunningDesk, UpLock
from tasks.key_store import KeyStore
from tasks.settings import Settings
from tasks.signing import PrivateKey

KEYS = ("operator", "bench")


@dataclass(frozen=True, slots=True)
class BenchDesk:
    """What it runs in and on; ``key`` signs signals."""

    settings: Settings
    key: PrivateKey
    supervisor: Supervisor
    startup: DeskStartup


@asynccontextmanager
async def bench_desk(progress: Progress) -> AsyncIterator[BenchDesk]:
    """In a folder of its own, thrown away at the end; raises CommandFailed when it cannot start."""
    with bench_home() as home:
        settings = Settings(home=home)
        keys = KeyStore(settings.keys_dir)
        for name in KEYS:
            keys.generate(name)
        async with Supervisor(settings.logs_dir, PROJECT) as supervisor:
            lock = UpLock.take(settings.home)
            try:
                desk = RunningDesk(pid=os.getpid(), mode=settings.mode)
                startup = DeskStartup(settings, supervisor, lock, progress, desk=desk, extra=LIMITS)
                await startup.simulators(1)
                await startup.prefect_server()
                await startup.deployments()
                await startup.executor()
                await startup.batch_worker()
                await startup.hot_worker()
                yield BenchDesk(settings, keys.private_key(KEYS[-1]), supervisor, startup)
            finally:
                await stop_executor(settings.socket_file, GRACE_S)
                lock.release()
