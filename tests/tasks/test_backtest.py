"""The desk that trades, on real history and virtual time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

from tasks.backtest import BacktestPlan, run_backtest
from warehouse import read
from warehouse.records import RecordType

PLAN = BacktestPlan(
    start=datetime(2021, 4, 5, tzinfo=UTC),
    end=datetime(2021, 4, 8, tzinfo=UTC),
    enter_at_pct=Decimal(14),
    leave_at_pct=Decimal(17),
    quantity=Decimal("0.010"),
    step=timedelta(minutes=20),
)


def test_the_same_plan_gives_the_same_trades(tmp_path: Path) -> None:
    first = run_backtest(PLAN, tmp_path / "1")
    again = run_backtest(PLAN, tmp_path / "2")

    assert first == again
    assert first.steps == 216
    assert first.ended_at >= PLAN.end
    assert first.entered >= 1
    assert first.entered == first.left + first.open_at_end


def test_every_trade_stands_in_the_journal(tmp_path: Path) -> None:
    result = run_backtest(PLAN, tmp_path)

    events = [
        record.body["event"]
        for record in read(tmp_path / "journal")
        if record.type == RecordType.PAIR_EVENT
    ]
    assert events.count("opened") == result.entered
    assert events.count("flat") == result.left


def test_a_plan_that_is_given_up_ends_at_the_next_step(tmp_path: Path) -> None:
    asked = count(1)

    result = run_backtest(PLAN, tmp_path, lambda: next(asked) > 3)

    assert result.steps == 3
    assert result.ended_at < PLAN.end
