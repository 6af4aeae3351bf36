"""Flow ``backtest``: a premium strategy on real history, with the desk that trades."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field

from exchanges.simulator.replay import BadHistory
from flows.run_names import named_by_time
from tasks.backtest import BacktestPlan, BacktestResult, run_backtest
from warehouse import Report, Warehouse


@flow(name="backtest", flow_run_name=named_by_time("backtest"), retries=0)
async def backtest(
    start: datetime = datetime(2021, 4, 1, tzinfo=UTC),
    end: datetime = datetime(2021, 4, 15, tzinfo=UTC),
    enter_at_pct: Decimal = Decimal(9),
    leave_at_pct: Decimal = Decimal(11),
    quantity: Annotated[Decimal, Field(gt=0)] = Decimal("0.1"),
) -> State[Any]:
    """Replay history through the desk: enter long_premium low, leave high, only in profit.

    Args:
        start: Where to begin; the shipped history is March to June 2021.
        end: Where to stop. A pair that is still open then is shown, not closed.
        enter_at_pct: Enter when the executable premium is at or below this, percent.
        leave_at_pct: Leave when it is at or above this, percent.
        quantity: Coin of each pair.
    """
    logger = get_run_logger()
    plan = BacktestPlan(_aware(start), _aware(end), enter_at_pct, leave_at_pct, quantity)
    given_up = threading.Event()
    with TemporaryDirectory(prefix="kimp-backtest-") as folder:
        try:
            result = await asyncio.to_thread(run_backtest, plan, Path(folder), given_up.is_set)
        except BadHistory as error:
            return Failed(name="NoHistory", message=f"start: {error}.")
        finally:
            given_up.set()  # a cancelled run's process does not end before its thread
        report = await asyncio.to_thread(_books, Path(folder))
    for line in report.ended_pairs:
        net = "open" if line.result is None else f"{line.result.net_krw:,.0f} KRW"
        logger.info("%s: %s to %s: %s", line.pair_id, line.opened_at, line.closed_at, net)
    await acreate_table_artifact(
        _rows(report) or [{"result": "no pair was opened"}],
        key="backtest",
        description=f"{plan.start:%Y-%m-%d} to {result.ended_at:%Y-%m-%d}: {_summary(result)}",
    )
    return Completed(message=f"{report.total.net_krw:,.0f} KRW; {_summary(result)}.")


def _books(home: Path) -> Report:
    books = Warehouse(home / "warehouse.duckdb", home / "journal")
    books.ingest()
    return books.report()


def _summary(result: BacktestResult) -> str:
    return (
        f"{result.steps} steps, {result.entered} entries, {result.left} exits in profit, "
        f"{result.held} exits refused at a loss, {result.denied} signals denied, "
        f"{result.open_at_end} open at the end"
    )


def _rows(report: Report) -> list[dict[str, str]]:
    return [
        {
            "pair": line.pair_id,
            "opened": f"{line.opened_at:%Y-%m-%d %H:%M}",
            "closed": f"{line.closed_at:%Y-%m-%d %H:%M}" if line.closed_at else "open",
            "entry premium %": _text(line.entry_premium_pct),
            "exit premium %": _text(line.exit_premium_pct),
            "net KRW": _text(line.result.net_krw if line.result else None),
        }
        for line in (*report.ended_pairs, *report.open_pairs)
    ]


def _text(value: Decimal | None) -> str:
    return "missing" if value is None else f"{value:,.2f}"


def _aware(moment: datetime) -> datetime:
    """The UI's form sends times without a zone; they are meant in UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
