"""How long from a signal's bytes to both orders at the venues, beside the least it could take.

Both sides run by turns against the same simulators: the desk (signal over its Unix socket,
signature check, gate, journal, both orders) and a bare pair of aiohttp requests that carry the
same kind of bytes and nothing else. Arrival is what the venues note first thing.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from deployments.bench_rig import (
    PAUSE_S,
    WARM_UP,
    Sent,
    Spread,
    executor_accepts,
    executor_variables,
    send_raw_pair,
    send_signal,
    spread,
    start_simulators,
    times_us,
)
from deployments.desk_environment import PROJECT
from deployments.http_json import HttpJson
from deployments.paper_accounts import paper_accounts
from deployments.progress import Progress
from deployments.supervisor import Supervisor
from deployments.venue_simulators import VenueSimulators
from tasks.executor_client import ExecutorClient
from tasks.key_store import KeyStore
from tasks.signing import PrivateKey


@dataclass(frozen=True, slots=True)
class BenchResult:
    pairs: int
    desk: Spread
    raw: Spread


async def bench(pairs: int, progress: Progress) -> BenchResult:
    """Start simulators and an executor of their own in a throw-away folder, and measure.

    Raises CommandFailed when something of it does not work.
    """
    with tempfile.TemporaryDirectory(prefix="kimp-bench-") as folder:
        home = Path(folder)
        accounts = paper_accounts(home / "keys")
        keys = KeyStore(home / "keys")
        keys.generate("bench")
        async with Supervisor(home / "logs", PROJECT) as supervisor:
            with progress.waiting("simulators and executor"):
                urls = await start_simulators(supervisor, accounts)
                await supervisor.start(
                    "executor",
                    ("-m", "deployments.bench_executor"),
                    executor_variables(home, accounts, urls),
                )
                await executor_accepts(supervisor, home)
            with progress.waiting("measuring"):
                return await supervisor.guarded(
                    _measure(home, urls, keys.private_key("bench"), pairs)
                )


async def _measure(home: Path, urls: dict[str, str], key: PrivateKey, pairs: int) -> BenchResult:
    async with (
        HttpJson("the simulators", urls["control"]) as control,
        ExecutorClient(home / "run" / "executor.sock") as executor,
        aiohttp.ClientSession(urls["upbit"]) as upbit,
        aiohttp.ClientSession(urls["binance"]) as binance,
    ):
        desk: list[Sent] = []
        raw: list[Sent] = []
        for turn in range(WARM_UP + pairs):
            desk.append(await send_signal(executor, f"bench-{turn}", key))
            raw.append(await send_raw_pair(upbit, binance, f"raw-{turn}"))
            await asyncio.sleep(PAUSE_S)
        simulators = VenueSimulators(control)
        return BenchResult(
            pairs,
            spread(await times_us(simulators, desk[WARM_UP:])),
            spread(await times_us(simulators, raw[WARM_UP:])),
        )
