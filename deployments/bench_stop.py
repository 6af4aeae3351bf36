"""How long from an act that stops the desk to no entries, and from its taking back to entries
again, for every way to stop.

A whole desk in a throw-away folder; each round takes every way once, so that all meet the same
machine. The executor itself is asked every few milliseconds whether it takes entries.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from deployments.bench_desk import BenchDesk, bench_desk
from deployments.bench_rig import percentile
from deployments.failure import CommandFailed
from deployments.http_json import HttpJson
from deployments.prefect_address import prefect_http
from deployments.prefect_door import PrefectDoor
from deployments.progress import Progress
from deployments.stop_ways import WAYS, Request
from tasks.executor_client import ExecutorClient
from tasks.switch_guard import ENTRY, SIGNAL_INTAKE

KIMP_STOP = "kimp stop, kimp resume (whole processes)"
WARM_UP = 1
"""Rounds that are not counted."""
POLL_S = 0.003
PATIENCE_S = 60.0
REST_S = 2.0
"""After each resume. It compares with the venues, whose rate limits must have room for the next."""
ABOUT_S = 4.0
"""A way's share of a round, with the rest."""

Act = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class StopWay:
    stop: Act
    take_back: Act


@dataclass(frozen=True, slots=True)
class StopTimes:
    """Milliseconds."""

    p50_ms: float
    p99_ms: float
    max_ms: float

    @classmethod
    def of(cls, times_s: Sequence[float]) -> StopTimes:
        ordered = [took_s * 1_000 for took_s in sorted(times_s)]
        return cls(percentile(ordered, 50), percentile(ordered, 99), ordered[-1])


@dataclass(frozen=True, slots=True)
class WayTimes:
    """One way."""

    stopped: StopTimes
    """To no entries."""
    back: StopTimes
    """To entries again."""


async def bench_stop(rounds: int, progress: Progress) -> Mapping[str, WayTimes]:
    """By the names of the ways. Raises CommandFailed when something of it does not work."""
    async with (
        bench_desk(progress) as desk,
        prefect_http(desk.settings, f"{desk.startup.desk.prefect_url}/api") as api,
        ExecutorClient(desk.settings.socket_file) as executor,
    ):
        ways = {**await ways_of_prefect(api), KIMP_STOP: _commands(desk)}
        minutes = (WARM_UP + rounds) * len(ways) * ABOUT_S / 60
        with progress.waiting(f"measuring, about {minutes:.0f} minutes"):
            return await desk.supervisor.guarded(measure(executor, ways, rounds))


async def measure(
    executor: ExecutorClient, ways: Mapping[str, StopWay], rounds: int
) -> dict[str, WayTimes]:
    stopped: defaultdict[str, list[float]] = defaultdict(list)
    back: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(WARM_UP + rounds):
        for name, way in ways.items():
            await _heard(executor, name, accepting=True)  # nothing else stands against entries
            stopped[name].append(await _took_s(executor, name, way.stop, accepting=False))
            back[name].append(await _took_s(executor, name, way.take_back, accepting=True))
            await asyncio.sleep(REST_S)
    return {
        name: WayTimes(
            StopTimes.of(stopped[name][WARM_UP:]),
            StopTimes.of(back[name][WARM_UP:]),
        )
        for name in ways
    }


async def _took_s(executor: ExecutorClient, name: str, act: Act, *, accepting: bool) -> float:
    """From the beginning of ``act``, which may end later than it is heard."""
    began = time.monotonic()
    _, heard = await asyncio.gather(act(), _heard(executor, name, accepting=accepting))
    return heard - began


async def _heard(executor: ExecutorClient, name: str, *, accepting: bool) -> float:
    """When the executor first said so. Raises CommandFailed when it never does."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        state = await executor.state()
        now = time.monotonic()
        if state["accepting_entries"] is accepting:
            return now
        if now > deadline:
            against = "; ".join(block["message"] for block in state["blocks"])
            told = f"no entries yet ({against})" if accepting else "still entries"
            raise CommandFailed(f"{name}: {told} after {PATIENCE_S:g} s")
        await asyncio.sleep(POLL_S)


async def ways_of_prefect(api: HttpJson) -> dict[str, StopWay]:
    """By the names of the ways: all that end in a request to its API."""
    door = PrefectDoor(api)
    entry = await door.deployment(ENTRY)
    [schedule] = entry["schedules"]
    ids = {
        "entry": str(entry["id"]),
        "intake": await door.deployment_id(SIGNAL_INTAKE),
        "schedule": str(schedule["id"]),
    }
    return {
        name: StopWay(_requests(api, way.pause, ids), _requests(api, way.resume, ids))
        for name, way in WAYS.items()
    }


def _requests(api: HttpJson, requests: Iterable[Request], ids: Mapping[str, str]) -> Act:
    async def act() -> None:
        for method, path, body in requests:
            await api.ask(method, path.format(**ids), body)

    return act


def _commands(desk: BenchDesk) -> StopWay:
    """From the start of the program, as who types it counts."""

    def command(name: str) -> Act:
        arguments = ("-m", "deployments", name, "--reason", "a benchmark")
        environment = desk.startup.environment
        return lambda: desk.supervisor.run(f"kimp {name}", arguments, environment)

    return StopWay(command("stop"), command("resume"))
