"""How long from the API call that creates a signal's run to both orders at the venues.

A whole desk in a throw-away folder, and beside it a stock Prefect runner. The same signals go to
both through the same server, first one way, then the other: a runner that starts a process would
take the machine from whoever is measured beside it.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from deployments.bench_desk import bench_desk
from deployments.bench_rig import PAUSE_S, WARM_UP, Sent, bench_signal, percentile, times_us
from deployments.bench_stock_runner import NAME
from deployments.desk_startup import STARTUP_S, DeskStartup
from deployments.failure import CommandFailed
from deployments.http_json import HttpJson
from deployments.prefect_address import prefect_http
from deployments.prefect_door import PrefectDoor
from deployments.progress import Progress
from deployments.supervisor import Supervisor
from deployments.venue_simulators import VenueSimulators
from tasks.client_order_id import pair_id_for
from tasks.signing import PrivateKey

HOT = "signal-intake/live"
STOCK = f"signal-intake/{NAME}"
TTL_MS = 60_000
"""A stock runner needs seconds; the signal must still be valid."""
RUN_S = 60.0


@dataclass(frozen=True, slots=True)
class DoorTimes:
    """Milliseconds from the API call to the arrival of the later order."""

    runs: int
    p50_ms: float
    p95_ms: float

    @classmethod
    def of(cls, times: list[float]) -> DoorTimes:
        """``times`` in microseconds."""
        ordered = [time_us / 1_000 for time_us in sorted(times)]
        return cls(len(ordered), percentile(ordered, 50), percentile(ordered, 95))


@dataclass(frozen=True, slots=True)
class DoorResult:
    hot: DoorTimes
    stock: DoorTimes


async def bench_door(pairs: int, stock_pairs: int, progress: Progress) -> DoorResult:
    """``pairs`` signals to the hot worker, ``stock_pairs`` to the stock runner.

    Raises CommandFailed when something of it does not work.
    """
    async with (
        bench_desk(progress) as desk,
        prefect_http(desk.settings, f"{desk.startup.desk.prefect_url}/api") as api,
        HttpJson("the simulators", desk.startup.desk.control_url) as control,
    ):
        door, simulators = PrefectDoor(api), VenueSimulators(control)

        async def measured(deployment: str, count: int, warm_up: int) -> DoorTimes:
            sent = [
                await _sent(door, deployment, f"{deployment}-{turn}", desk.key)
                for turn in range(warm_up + count)
            ]
            return DoorTimes.of(await times_us(simulators, sent[warm_up:]))

        with progress.waiting("measuring the hot worker"):
            hot = await desk.supervisor.guarded(measured(HOT, pairs, WARM_UP))
        await desk.startup.stop_hot_worker()
        with progress.waiting("measuring a stock runner"):
            await _start_stock_runner(desk.supervisor, desk.startup, door)
            stock = await desk.supervisor.guarded(measured(STOCK, stock_pairs, 1))
        return DoorResult(hot, stock)


async def _start_stock_runner(
    supervisor: Supervisor, startup: DeskStartup, door: PrefectDoor
) -> None:
    await supervisor.start(
        "stock runner", ("-m", "deployments.bench_stock_runner"), startup.environment
    )

    async def registered() -> bool | None:
        try:
            await door.deployment(STOCK)
        except CommandFailed:
            return None
        return True

    await supervisor.ready("the stock runner", registered, STARTUP_S)


async def _sent(door: PrefectDoor, deployment: str, name: str, key: PrivateKey) -> Sent:
    """Have the desk open a pair, the way that research asks for it."""
    await door.deployment_id(deployment)  # research knows it, so it is no part of the time
    name = name.replace("/", "-")
    signal = bench_signal(name, key, ttl_ms=TTL_MS)
    asked_ns = time.time_ns()
    run = await door.create(deployment, {"signal": signal})
    run = await door.finished(run, RUN_S)
    if run.state_name != "Hedged":
        raise CommandFailed(f"the run {run.name} ended {run.state_name}: {run.message}")
    await asyncio.sleep(PAUSE_S)
    return Sent(pair_id_for(name), asked_ns)
