"""Flow ``emergency-stop``: no new risk, now; liquidation only if it is asked for by name."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from flows.desk_access import executor
from flows.prefect_switches import PrefectSwitches
from flows.reason import Reason
from flows.run_names import named_by_time
from flows.signal_story import story
from tasks.errors import DeskError, ExecutorGone, SwitchesUnreadable
from tasks.executor_answers import KillReport
from tasks.kill_switch import phrase
from tasks.outcome import Outcome
from tasks.sure_kill import kill_surely
from tasks.switch_guard import ENTRY, SIGNAL_INTAKE

PATIENCE_S = 300.0
"""An executor's time to be back; one that hangs is ended and followed by another within it."""


@flow(name="emergency-stop", flow_run_name=named_by_time("emergency-stop"), retries=0)
async def emergency_stop(
    reason: Reason,
    confirm: str,
    liquidate: bool = False,
    symbol: str | None = None,
) -> State[Any]:
    """Cancel open orders, take no more signals, and stay so over restarts until `resume`.

    Args:
        reason: Why; it stays in the books.
        confirm: Type STOP. With liquidate switched on, type LIQUIDATE. With a symbol add it: STOP
            BTC.
        liquidate: Also close every pair at once, at a loss if need be. Off: positions are kept.
        symbol: Stop this coin only, e.g. BTC; the others trade on. Empty: everything.
    """
    symbol = (symbol or "").strip() or None
    expected = phrase(liquidate=liquidate, symbol=symbol)
    if confirm.strip() != expected:
        return Failed(
            name="NotConfirmed",
            message=f'confirm: expected "{expected}", got "{confirm[:40]}". Nothing was stopped.',
        )
    # Side by side: neither stop may wait for, or fail with, the other. Of one coin only the
    # executor knows: a deployment can be paused for all coins or for none.
    report, trouble = await asyncio.gather(_kill(reason, liquidate, symbol), _pause(reason, symbol))
    if isinstance(report, str):
        paused = "" if symbol else f"{ENTRY} and {SIGNAL_INTAKE} are paused."
        return _incomplete(report, paused if trouble is None else trouble)
    outcomes = [Outcome.model_validate(item) for item in report["outcomes"]]
    for line in (line for outcome in outcomes for line in story(outcome)):
        get_run_logger().warning(line)
    done = f"{len(report['cancelled'])} orders cancelled, {len(outcomes)} pairs liquidated"
    troubles = [f"{failure}." for failure in report["not_cancelled"]]
    if not report["killed"] or any(outcome.is_failure for outcome in outcomes):
        troubles.append("Not everything was closed: see the log.")
    if trouble is not None:
        troubles.append(f"{trouble} The executor tells Prefect as soon as it can.")
    if troubles:
        return _incomplete(f"{symbol or 'The executor'} takes no entries ({done}).", *troubles)
    return Completed(
        name="Stopped",
        message=f"{done}; {symbol or 'the desk'} takes no entries until resume/live is run.",
    )


def _incomplete(*sentences: str) -> State[Any]:
    return Failed(name="StopIncomplete", message=" ".join(filter(None, sentences)))


async def _kill(reason: str, liquidate: bool, symbol: str | None) -> KillReport | str:
    try:
        async with executor() as desk:
            return await kill_surely(
                desk,
                reason,
                liquidate=liquidate,
                symbol=symbol,
                told=get_run_logger().warning,
                patience_s=PATIENCE_S,
            )
    except ExecutorGone as error:
        told = "Open orders may still stand: run it again once an executor is back."
        return f"No executor has confirmed the stop: {error}. {told}"
    except DeskError as error:
        return f"The executor has refused: {error}."


async def _pause(reason: str, symbol: str | None) -> str | None:
    if symbol is not None:
        return None
    try:
        async with PrefectSwitches(by=f"the run {flow_run.get_name()}") as switches:
            await switches.pause((ENTRY, SIGNAL_INTAKE), f"emergency stop: {reason}")
    except SwitchesUnreadable as error:
        return f"The deployments could not be paused: {error}."
    return None
