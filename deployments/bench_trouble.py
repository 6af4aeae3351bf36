"""Whether Prefect's troubles reach the hot path: the desk's times beside those of a bare pair, with
Prefect well, slow, locked, full and gone, in rounds of one run.

The executor is the real one, a flow run below Prefect's own engine. Without a word of Prefect it
would take no entries after five seconds; here it is told to be patient, so that the same path is
measured in every trouble.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deployments.bench_rig import (
    WARM_UP,
    BenchFolder,
    Sent,
    Spread,
    bench_folder,
    executor_accepts,
    executor_variables,
    start_simulators,
)
from deployments.bench_turns import taking_turns
from deployments.desk_environment import PROJECT, prefect_environment
from deployments.desk_startup import STARTUP_S
from deployments.http_json import HttpJson
from deployments.ports import HOST, free_port
from deployments.prefect_door import PrefectDoor
from deployments.progress import Progress
from deployments.supervisor import Supervisor
from deployments.troubled_prefect import Trouble, TroubledPrefect
from tasks.settings import Settings

ROUNDS = 3
TURNS = 6
"""Of each trouble in each round. With five troubles that is 90 pairs; 100 is the most there may
be."""
SETTLE_S = 3.0
"""For what the desk asks of Prefect to be caught in the trouble."""
PATIENCE = {"KIMP_SWITCH_SILENCE_S": "86400"}


@dataclass(frozen=True, slots=True)
class Measured:
    """One trouble."""

    desk: Spread
    raw: Spread
    silent_s: float
    """The longest that Prefect had not been heard when an order was asked for."""


async def bench_trouble(progress: Progress) -> Mapping[Trouble, Measured]:
    """Raises CommandFailed when something of it does not work."""
    with bench_folder() as folder:
        async with Supervisor(folder.home / "logs", PROJECT) as supervisor:
            with progress.waiting("simulators and Prefect server"):
                urls = await start_simulators(supervisor, folder.accounts)
                prefect = await _prefect(supervisor, folder.home)
            async with prefect.serving():
                with progress.waiting("executor"):
                    variables = executor_variables(folder, urls) | PATIENCE
                    await _executor(supervisor, folder.home, variables, prefect.url)
                with progress.waiting("measuring, about two minutes"):
                    return await supervisor.guarded(_measure(folder, urls, prefect))


async def _prefect(supervisor: Supervisor, home: Path) -> TroubledPrefect:
    """A server with the desk's deployments."""
    port = free_port(0)
    of_prefect = prefect_environment(Settings(home=home), f"http://{HOST}:{port}")
    direct = {"KIMP_HOME": str(home), **of_prefect}
    server = await supervisor.start(
        "Prefect server",
        ("-m", "deployments.prefect_server", "--host", HOST, "--port", str(port)),
        direct,
    )
    async with HttpJson("the Prefect server", f"http://{HOST}:{port}/api") as api:
        await supervisor.ready("the Prefect server", lambda: api.answers("/health"), STARTUP_S)
    await supervisor.run("registration", ("-m", "deployments.register"), direct)
    return TroubledPrefect(port, server.pid, home / "prefect" / "prefect.db")


async def _executor(
    supervisor: Supervisor, home: Path, variables: Mapping[str, str], prefect_url: str
) -> None:
    """A run of ``executor/live``, started as a process worker starts it."""
    async with HttpJson("the Prefect server", f"{prefect_url}/api") as api:
        run = await PrefectDoor(api).create("executor/live")
    await supervisor.start(
        "executor",
        ("-m", "prefect", "flow-run", "execute", run.id),
        {**variables, **prefect_environment(Settings(home=home), prefect_url)},
    )
    await executor_accepts(supervisor, home)


async def _measure(
    folder: BenchFolder, urls: Mapping[str, str], prefect: TroubledPrefect
) -> dict[Trouble, Measured]:
    desk: defaultdict[Trouble, list[Sent]] = defaultdict(list)
    raw: defaultdict[Trouble, list[Sent]] = defaultdict(list)
    silent: defaultdict[Trouble, list[float]] = defaultdict(list)
    async with taking_turns(folder, urls) as turns:
        for number in range(WARM_UP):
            await turns.take(f"warm-up-{number}")
        for number in range(ROUNDS):
            for trouble in Trouble:
                async with prefect.having(trouble):
                    await asyncio.sleep(SETTLE_S)
                    for place in range(TURNS):
                        sent, beside = await turns.take(f"{number}-{trouble.name}-{place}")
                        desk[trouble].append(sent)
                        raw[trouble].append(beside)
                        state = await turns.executor.state()
                        silent[trouble].append(state["switches"]["age_s"])
        return {
            trouble: Measured(
                await turns.spread(desk[trouble]),
                await turns.spread(raw[trouble]),
                max(silent[trouble]),
            )
            for trouble in Trouble
        }
