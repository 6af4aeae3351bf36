"""News of an order reaches the one who waits for it, once, and nobody else."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

from exchanges.order import OrderReport, OrderStatus
from exchanges.side import Side
from tasks.order_news import OrderNews

LONG_S, SHORT_S = 5.0, 0.01


def report(client_order_id: str) -> OrderReport:
    return OrderReport(
        client_order_id,
        "venue-1",
        "BTC",
        Side.BUY,
        OrderStatus.FILLED,
        Decimal("0.01"),
        Decimal("0.01"),
        datetime(2026, 1, 1, tzinfo=UTC),
    )


async def test_waiting_ends_when_there_is_news() -> None:
    news = OrderNews()
    with news.listening("kimp-1") as mine:
        waiting = asyncio.create_task(mine.wait(LONG_S))
        await asyncio.sleep(0)

        news.heard(report("kimp-1"))

        assert await waiting


async def test_news_from_before_the_waiting_counts_once() -> None:
    news = OrderNews()
    with news.listening("kimp-1") as mine:
        news.heard(report("kimp-1"))
        news.heard(report("kimp-1"))

        first, second = await mine.wait(LONG_S), await mine.wait(SHORT_S)

        assert (first, second) == (True, False)


async def test_news_of_others_wakes_nobody() -> None:
    news = OrderNews()
    with news.listening("kimp-1") as mine:
        news.heard(report("kimp-2"))
        news.heard(report(""))

        assert not await mine.wait(SHORT_S)


async def test_news_of_an_order_that_nobody_waits_for_any_more_is_let_go() -> None:
    news = OrderNews()
    with news.listening("kimp-1"):
        pass
    news.heard(report("kimp-1"))

    with news.listening("kimp-1") as again:
        assert not await again.wait(SHORT_S)
