"""Flow ``pnl-rollup``: brings the books up to date and shows each day's profit and loss."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.alone import alone
from flows.pnl_chart import DayResult, chart_markdown
from flows.run_names import KST, named_by_time
from tasks.settings_loading import load_settings
from warehouse import Warehouse

DAYS_SHOWN = 30
HEADINGS = {
    "day": "day",
    "net_krw": "net",
    "cumulative_krw": "in all",
    "premium_krw": "premium",
    "fx_krw": "fx",
    "funding_krw": "funding",
    "fees_krw": "fees",
    "slippage_krw": "slippage",
    "pairs_closed": "closed",
    "pairs_unwound": "unwound",
    "closed": "final",
}
"""Column → its heading, short enough for all of them to fit beside each other."""
LAST_DAYS = f"""
SELECT day, net_krw, cumulative_krw, premium_krw, fx_krw, funding_krw, fees_krw, slippage_krw,
    pairs_closed, pairs_unwound, closed
FROM pnl_daily ORDER BY day DESC LIMIT {DAYS_SHOWN}
"""


@flow(name="pnl-rollup", flow_run_name=named_by_time("pnl-rollup"), retries=0)
async def pnl_rollup(day: date | None = None) -> State[Any]:
    """Book the journal, roll up the days since yesterday, and leave a table and a chart.

    Args:
        day: Roll up again from this Korean day on. Empty: from yesterday.
    """
    return await alone("pnl-rollup", _roll_up(day))


async def _roll_up(day: date | None) -> State[Any]:
    logger, settings = get_run_logger(), load_settings()
    first = day or datetime.now(UTC).astimezone(KST).date() - timedelta(days=1)
    books = Warehouse(settings.warehouse_file, settings.journal_dir)
    ingested = await asyncio.to_thread(books.ingest)
    logger.info("%d journal records booked in %.2f s", ingested.records, ingested.seconds)
    written = await asyncio.to_thread(books.rollup, first)
    result = await asyncio.to_thread(books.sql, LAST_DAYS)
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    await acreate_table_artifact(
        [{HEADINGS[name]: _shown(value) for name, value in row.items()} for row in rows]
        or [{"result": "no pair has ended yet"}],
        key="pnl-daily",
        description=f"KRW of the last {DAYS_SHOWN} Korean days, newest first; closed and "
        "unwound count pairs, final: the day is over",
    )
    days = [DayResult(row["day"], row["net_krw"], row["cumulative_krw"]) for row in rows[::-1]]
    await acreate_markdown_artifact(
        chart_markdown(days),
        key="pnl-chart",
        description="KRW of each Korean day and in all",
    )
    for item in days[-7:]:
        logger.info("%s: %s KRW, in all %s KRW", item.day, f"{item.net:,.0f}", f"{item.total:,.0f}")
    if not days:
        return Completed(message="No pair has ended yet.")
    return Completed(
        message=f"{days[-1].day}: {days[-1].net:,.0f} KRW, in all {days[-1].total:,.0f} KRW; "
        f"days rolled up from {first}: {written}."
    )


def _shown(value: object) -> str:
    """Amounts in whole won; what is not known is said so, never 0."""
    if value is None:
        return "missing"
    return value.isoformat() if isinstance(value, date) else _number(value)


def _number(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.0f}"
