"""How long from a signal's bytes to both orders at the venues, beside the least it could take.

Both sides run by turns against the same simulators: the desk (signal over its Unix socket,
signature check, gate, journal, both orders) and a bare pair of aiohttp requests that carry the
same kind of bytes and nothing else. Arrival is what the venues note first thing.
"""

from __future__ import annotations

from dataclasses import dataclass

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
from deployments.desk_environment import PROJECT
from deployments.progress import Progress
from deployments.supervisor import Supervisor


@dataclass(frozen=True, slots=True)
class BenchResult:
    pairs: int
    desk: Spread
    raw: Spread


async def bench(pairs: int, progress: Progress) -> BenchResult:
    """Start simulators and an executor of their own in a throw-away folder, and measure.

    Raises CommandFailed when something of it does not work.
    """
    with bench_folder() as folder:
        async with Supervisor(folder.home / "logs", PROJECT) as supervisor:
            with progress.waiting("simulators and executor"):
                urls = await start_simulators(supervisor, folder.accounts)
                await supervisor.start(
                    "executor",
                    ("-m", "deployments.bench_executor"),
                    executor_variables(folder, urls),
                )
                await executor_accepts(supervisor, folder.home)
            with progress.waiting("measuring"):
                return await supervisor.guarded(_measure(folder, urls, pairs))


async def _measure(folder: BenchFolder, urls: dict[str, str], pairs: int) -> BenchResult:
    desk: list[Sent] = []
    raw: list[Sent] = []
    async with taking_turns(folder, urls) as turns:
        for number in range(WARM_UP + pairs):
            sent, beside = await turns.take(f"{number}")
            desk.append(sent)
            raw.append(beside)
        return BenchResult(
            pairs, await turns.spread(desk[WARM_UP:]), await turns.spread(raw[WARM_UP:])
        )
