"""Whoever ends a backtest's process waits for its thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from exchanges.simulator.replay import BadHistory
from flows import backtest as backtest_flow
from tasks.backtest import BacktestPlan, BacktestResult
from tests.prefect_runs import PREFECT_MARKS, state_of

pytestmark = PREFECT_MARKS
LONGEST_S = 30.0


async def test_a_cancelled_backtest_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended = threading.Event(), threading.Event()

    def endless(
        _plan: BacktestPlan, _home: Path, is_given_up: Callable[[], bool]
    ) -> BacktestResult:
        begun.set()
        for _ in range(round(LONGEST_S / 0.01)):
            if is_given_up():
                ended.set()
                break
            ended.wait(0.01)
        raise BadHistory("nobody waits for this")

    monkeypatch.setattr(backtest_flow, "run_backtest", endless)
    run = asyncio.create_task(state_of(backtest_flow.backtest))
    await asyncio.to_thread(begun.wait, LONGEST_S)

    run.cancel()
    await asyncio.wait([run])

    assert await asyncio.to_thread(ended.wait, LONGEST_S)
