"""A long life in many deaths: executors are killed one after the other while signals keep coming.

Two deaths a round. The first executor dies at a named point; the second finds out what was open,
is looked at (:mod:`tests.kills.verdict`) and is killed at random in full traffic, so that the next
one has something to recover, and may die while it does.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from exchanges.instrument import Venue
from exchanges.simulator.binance.front import BinanceFront
from exchanges.simulator.binance.rate_limits import RateLimits
from exchanges.simulator.hyperliquid.front import HyperliquidFront
from exchanges.simulator.hyperliquid.weights import Weights
from tasks.errors import ExecutorGone
from tasks.executor_client import ExecutorClient
from tasks.pair_transitions import PairState
from tests.kills.breakages import Breakage
from tests.kills.newborn import KILLED, Nursery, nursery
from tests.kills.points import POINTS, Point
from tests.kills.traffic import Traffic
from tests.kills.verdict import Verdict
from tests.tasks.executors import HYPERLIQUID, Served, served_venues, until_accepting

REACHED_WITHIN_S = 6.0
"""A point that traffic does not lead to in this time is a kill at random instead."""
ANSWERS = 4
"""Of an executor that is killed at random, after it was looked at: so many signals it decides, on
however slow a machine,"""
LONGEST_S = 1.0
"""and then lives on for so long at most."""
LOOKED_AT_EACH_S = 1.0
"""By a person, while entries are not accepted."""
AT_RANDOM = "at random"
PACE = {
    # What waits does so in fractions of a second.
    "KIMP_REQUEST_TIMEOUT_MS": "1000",
    "KIMP_SETTLE_TIMEOUT_S": "3",
    "KIMP_UNKNOWN_GRACE_S": "0.5",
    "KIMP_RECOVERY_DELAYS_S": "[0.05, 0.1, 0.2]",
    "KIMP_CIRCUIT_RESET_S": "1",
    "KIMP_MAX_OPEN_PAIRS": "100",
}


@dataclass(slots=True)
class Report:
    """What a campaign has done."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    """Point, or AT_RANDOM, → how often."""
    back_s: list[float] = field(default_factory=list)
    """From birth to accepting entries again."""
    signals: int = 0
    unanswered: int = 0
    faults: int = 0
    orders: int = 0
    records: int = 0
    naked: int = 0
    """Pairs that a person was called for at some verdict."""

    def __str__(self) -> str:
        back = sorted(self.back_s)
        return "\n".join(
            (
                f"seed {self.seed}: {self.kills.total()} kills at {len(self.kills) - 1} named "
                f"points and at random; {self.signals} signals ({self.unanswered} never answered), "
                f"{self.faults} faults, {self.orders} orders, {self.records} journal records, "
                f"{self.naked} naked pairs",
                f"accepting again after p50 {back[len(back) // 2]:.2f} s, at most {back[-1]:.2f} s",
                *(f"{times:6}  {name}" for name, times in sorted(self.kills.items())),
            )
        )


def _drawn(points: Sequence[Point], count: int, random: Random) -> list[Point]:
    """So many of them, each as often as any other, in random order."""
    drawn: list[Point] = []
    while len(drawn) < count:
        drawn += random.sample(points, len(points))
    return drawn[:count]


async def run_campaign(
    home: Path,
    kills: int,
    seed: int,
    *,
    perpetual: Venue = Venue.BINANCE,
    points: Sequence[Point] = POINTS,
    broken: Breakage | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Report:
    """Kill ``kills`` executors, half of them at ``points``; raises AssertionError when what is left
    of one is not whole, as with executors that are ``broken``."""
    random = Random(seed)
    report = Report(seed)
    async with AsyncExitStack() as stack:
        served = await stack.enter_async_context(served_venues(home, perpetual_venue=perpetual))
        executors = await stack.enter_async_context(nursery(_environment(served), broken))
        client = await stack.enter_async_context(ExecutorClient(served.settings.socket_file))
        traffic = Traffic(served, client, random)
        verdict = Verdict(served, client, traffic)
        sending = asyncio.create_task(traffic.run())
        try:
            for number, point in enumerate(_drawn(points, kills // 2, random), start=1):
                traffic.flow()
                died_at = await _die_at(executors, point)
                report.kills[died_at] += 1
                verdict.of_the_dead()
                _let_a_minute_pass(served)
                await executors.bear()
                report.back_s.append(await _until_back(client, traffic))
                await verdict.give()
                sent = f"{len(traffic.sent)} signals"
                tell(f"{2 * number}/{kills}: {died_at}; {sent}; back in {report.back_s[-1]:.2f} s")
                traffic.flow()
                await traffic.until_answered(ANSWERS, REACHED_WITHIN_S)
                await asyncio.sleep(random.uniform(0, LONGEST_S))
                await _kill(executors)
                report.kills[AT_RANDOM] += 1
                verdict.of_the_dead()
                _let_a_minute_pass(served)
            await executors.bear()
            report.back_s.append(await _until_back(client, traffic))
            await verdict.give()
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
    report.signals, report.unanswered = len(traffic.sent), traffic.unanswered
    report.faults, report.orders = traffic.faults, verdict.placed.total()
    report.records, report.naked = verdict.records, len(verdict.naked)
    return report


async def _die_at(executors: Nursery, point: Point) -> str:
    """One executor's life to its point, or to the end of the time it has to get there."""
    await executors.bear(point)
    death = asyncio.create_task(executors.death())
    await asyncio.wait({death}, timeout=REACHED_WITHIN_S)
    reached = death.done()
    if not reached:
        executors.kill()
    status = await death
    assert status == KILLED, f"the executor ended by itself with status {status}"
    return str(point) if reached else AT_RANDOM


async def _kill(executors: Nursery) -> None:
    executors.kill()
    assert await executors.death() == KILLED


async def _until_back(client: ExecutorClient, traffic: Traffic) -> float:
    """Seconds until entries are accepted again; then the traffic rests."""
    born = time.monotonic()
    person = asyncio.create_task(_repair_what_is_naked(client))
    try:
        await until_accepting(client)
    finally:
        person.cancel()
        await asyncio.gather(person, return_exceptions=True)
    back_s = time.monotonic() - born
    await traffic.rest()
    return back_s


async def _repair_what_is_naked(client: ExecutorClient) -> None:
    """What a person does who is called for a pair: a venue that refused every order at start-up
    leaves it naked, and entries stay out until somebody has it tried again."""
    while True:
        await asyncio.sleep(LOOKED_AT_EACH_S)
        with suppress(ExecutorGone):
            for pair in await client.pairs(open_only=True):
                if pair["state"] == PairState.NAKED:
                    await client.recover(pair["pair_id"])


def _let_a_minute_pass(served: Served) -> None:
    """A start costs a venue's limit a twentieth of a minute's room: executors do not die every
    other second. What both sides have counted is forgotten while none lives."""
    for file in served.settings.limits_dir.glob("*"):  # none: it died before it had asked
        file.unlink()
    binance = served.simulation.fronts[Venue.BINANCE]
    hyperliquid = served.simulation.fronts[Venue.HYPERLIQUID]
    assert isinstance(binance, BinanceFront)
    assert isinstance(hyperliquid, HyperliquidFront)
    binance._limits = RateLimits()
    hyperliquid._weights = Weights()


def _environment(served: Served) -> Mapping[str, str]:
    settings = served.settings
    return {
        **served.environment,
        **PACE,
        "KIMP_PERPETUAL_VENUE": settings.perpetual_venue,
        "KIMP_HYPERLIQUID_URL": settings.hyperliquid_url,
        "KIMP_HYPERLIQUID_ACCESS_KEY": HYPERLIQUID.access_key,
        "KIMP_HYPERLIQUID_SECRET_KEY": HYPERLIQUID.secret_key,
    }
