"""A stretch of history played to a desk: prices by the second, and what the desk did meanwhile.

A tape is a list of turning points; between two of them prices move evenly. Signals come as research
would send them, and pairs are judged for their exit each ten seconds, as the deployment does.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

from exchanges.instrument import Venue
from exchanges.side import Side
from exchanges.simulator.market import Quote
from tasks.outcome import Outcome, OutcomeStatus
from tasks.pair import LegName
from tasks.paper_desk import PaperDesk
from tests.tasks.desks import Bench
from warehouse.records import RecordType

EXITS_EVERY_S = 10
KRW_TICK = 1_000


@dataclass(frozen=True, slots=True)
class Turn:
    """Prices at a second of the tape; ``spread_pct`` and ``size`` are of the spot book."""

    second: int
    spot: int
    perpetual: int
    krw_per_usdt: int
    spread_pct: Decimal = Decimal("0.02")
    size: Decimal = Decimal("0.5")


@dataclass(slots=True)
class Lived:
    """What the desk did while a tape ran."""

    refusals: Counter[str] = field(default_factory=Counter)
    """Reason code of each denied signal → how often."""
    entries: list[Outcome] = field(default_factory=list)
    """Outcomes of entries that were not denied."""
    closed: Counter[int] = field(default_factory=Counter)
    """Second of the tape → pairs that were closed automatically."""


def quotes_at(turns: Sequence[Turn], second: int) -> Turn:
    """The prices at ``second``, on whole ticks."""
    for before, after in pairwise(turns):
        if before.second <= second < after.second:
            share = Decimal(second - before.second) / (after.second - before.second)
            return Turn(
                second,
                _between(before.spot, after.spot, share) // KRW_TICK * KRW_TICK,
                _between(before.perpetual, after.perpetual, share),
                _between(before.krw_per_usdt, after.krw_per_usdt, share),
                before.spread_pct,
                before.size,
            )
    return turns[-1]


def set_market(bench: Bench, now: Turn) -> None:
    """Hold these prices at all venues; what stands still is left alone."""
    ask = int(now.spot * (1 + now.spread_pct / 100)) // KRW_TICK * KRW_TICK + KRW_TICK
    bid = now.spot // KRW_TICK * KRW_TICK
    quote = Quote(Decimal(bid), Decimal(ask), now.size)
    market = bench.simulation.market
    if market.quote(Venue.UPBIT, "KRW-BTC") != quote:
        market.set_quote(Venue.UPBIT, "KRW-BTC", quote)
    if market.quote(Venue.BINANCE, "BTCUSDT").bid != now.perpetual:
        bench.perpetual_at(now.perpetual)
    if market.krw_per_usdt != now.krw_per_usdt:
        market.set_krw_per_usdt(Decimal(now.krw_per_usdt))


async def live_through(
    bench: Bench,
    desk: PaperDesk,
    turns: Sequence[Turn],
    *,
    signals_every_s: int,
    direction: str = "long_premium",
    happens: Callable[[int], Awaitable[None] | None] = lambda _: None,
) -> Lived:
    """Play ``turns`` second by second to a running desk; ``happens`` is called with each second."""
    lived = Lived()
    deciding: set[asyncio.Task[None]] = set()
    for second in range(turns[0].second, turns[-1].second + 1):
        set_market(bench, quotes_at(turns, second))
        waited_for = happens(second)
        if waited_for is not None:
            await waited_for
        await asyncio.sleep(0.5)
        if second % signals_every_s == 0:
            deciding.add(asyncio.create_task(_signal(desk, direction, lived)))
        if second % EXITS_EVERY_S == 0:
            deciding.add(asyncio.create_task(_validate(desk, second, lived)))
        await asyncio.sleep(0.5)
    await asyncio.gather(*deciding)
    return lived


async def _signal(desk: PaperDesk, direction: str, lived: Lived) -> None:
    outcome = await desk.submit(action="ENTER", quantity="0.010", direction=direction)
    if outcome.status is OutcomeStatus.DENIED:
        lived.refusals[(outcome.reason or "").partition(":")[0]] += 1
    else:
        lived.entries.append(outcome)


async def _validate(desk: PaperDesk, second: int, lived: Lived) -> None:
    judged = await desk.parts.desk.validate_exits()
    lived.closed[second] += sum(item["decision"] == "close" for item in judged)


def _between(first: int, last: int, share: Decimal) -> int:
    return int(first + (last - first) * share)


def results(bench: Bench) -> list[Decimal]:
    """Net result in KRW of every pair that ended, in order."""
    return [
        Decimal(record.body["result"]["net_krw"])
        for record in bench.records(RecordType.PAIR_EVENT)
        if record.body.get("result")
    ]


def spot_sales(bench: Bench) -> list[tuple[Decimal, Decimal]]:
    """Price in KRW and quantity of every spot sale."""
    return [
        (Decimal(record.body["price"]), Decimal(record.body["quantity"]))
        for record in bench.records(RecordType.FILL)
        if record.body["leg"] == LegName.SPOT and record.body["side"] == Side.SELL
    ]
