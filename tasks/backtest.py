"""What a simple premium strategy would have done on real history, with the desk that trades.

The strategy enters when the executable premium is at or below one line and
leaves when it is at or above another; the desk's own gate and exit rule decide
whether it may. History moves in steps; each step reads the venues afresh.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from exchanges.simulator.replay import replay, shipped_history
from exchanges.simulator.simulation import Simulation
from exchanges.virtual_time import VirtualClock, VirtualTimeLoop, run_virtually
from tasks.outcome import OutcomeStatus
from tasks.paper_desk import PaperDesk, open_accounts, paper_desk
from tasks.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BacktestPlan:
    """What to replay and how to trade it."""

    start: datetime
    end: datetime
    enter_at_pct: Decimal
    """Enter long_premium when the premium to pay is at or below this, percent."""
    leave_at_pct: Decimal
    """Leave when the premium to get is at or above this, percent."""
    quantity: Decimal
    step: timedelta = timedelta(minutes=5)
    krw: Decimal = Decimal(100_000_000)
    usdt: Decimal = Decimal(100_000)


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """How it ended. The pairs and their results are in the journal of ``home``."""

    steps: int
    entered: int
    left: int
    held: int
    """Exits that the desk refused because they would have lost."""
    denied: int
    open_at_end: int
    ended_at: datetime
    """Where history or the plan ended, or it was given up."""


def run_backtest(
    plan: BacktestPlan, home: Path, is_given_up: Callable[[], bool] = lambda: False
) -> BacktestResult:
    """Run ``plan`` with the journal in ``home`` (a fresh folder). Blocks; no loop may be running.

    Args:
        is_given_up: Asked at each step: nobody waits for the rest any more.

    Raises:
        BadHistory: the shipped history does not cover ``plan.start``.
    """
    loop = VirtualTimeLoop()
    return run_virtually(_run(plan, home, loop, is_given_up), loop)


async def _run(
    plan: BacktestPlan, home: Path, loop: VirtualTimeLoop, is_given_up: Callable[[], bool]
) -> BacktestResult:
    clock = VirtualClock(loop, plan.start)
    simulation = Simulation(replay(shipped_history(), plan.start), clock)
    open_accounts(simulation, krw=plan.krw, dollars=plan.usdt)
    # Nothing is read between two steps, so nothing may count as stale within one.
    settings = Settings(
        home=home,
        max_book_age_ms=600_000,
        max_fx_age_s=86_400,
        switch_silence_s=86_400,
        max_open_pairs=1,
    )
    counts = dict.fromkeys(("entered", "left", "held", "denied"), 0)
    steps = 0
    async with paper_desk(simulation, settings, clock) as desk:
        while clock.now() < plan.end and not simulation.market.ended and not is_given_up():
            await asyncio.sleep(plan.step.total_seconds())
            simulation.market.tick()
            await desk.parts.guard.look()
            await desk.parts.feeds.read_prices()
            steps += 1
            verdict = await _trade(plan, desk)
            if verdict is not None:
                counts[verdict] += 1
        return BacktestResult(
            steps=steps,
            open_at_end=len(desk.parts.trading.pairs.open_pairs()),
            ended_at=clock.now(),
            **counts,
        )


async def _trade(plan: BacktestPlan, desk: PaperDesk) -> str | None:
    """One look at the premium; what came of it."""
    trading = desk.parts.trading
    premium = desk.parts.feeds.premium("BTC")
    if premium is None:
        return None
    enter, leave = premium["enter_tether_pct"], premium["leave_tether_pct"]
    pairs = trading.pairs.open_pairs("BTC")
    if pairs and leave is not None and Decimal(leave) >= plan.leave_at_pct:
        outcome = await desk.submit(action="EXIT")
    elif not pairs and enter is not None and Decimal(enter) <= plan.enter_at_pct:
        outcome = await desk.submit(action="ENTER", quantity=str(plan.quantity))
    else:
        return None
    log.info("%s: %s %s", desk.clock.now(), outcome.status.value, outcome.reason or "")
    return {
        OutcomeStatus.HEDGED: "entered",
        OutcomeStatus.CLOSED: "left",
        OutcomeStatus.HELD: "held",
    }.get(outcome.status, "denied")
