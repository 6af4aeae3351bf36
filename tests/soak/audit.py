"""What was told, held against what the venue shows over REST in the end."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TypeVar

from exchanges.errors import OrderNotFound, RateLimited
from exchanges.exchange import Exchange
from exchanges.fill import Fill
from exchanges.order import OrderReport
from tests.soak.watch import essence

T = TypeVar("T")

READ_EACH = 30
"""So many orders are read one by one besides, as many as the tightest rate limit lets through in
a minute."""
PAUSE_S = 0.5


async def audit(
    exchange: Exchange,
    sent: Mapping[str, bool],
    told: Mapping[str, OrderReport],
    since: datetime,
) -> list[str]:
    """What is wrong; empty when nothing was lost.

    Args:
        exchange: An adapter that has heard no stream.
        sent: The client order ids, and whether the venue may have the order.
        told: The last report of each order.
        since: When the first order was sent.
    """
    wrong: list[str] = []
    trades: dict[str, list[Fill]] = defaultdict(list)
    for report in await patiently(lambda: exchange.open_orders("BTC")):
        wrong.append(f"{report.client_order_id}: still open")
    for fill in await patiently(lambda: exchange.fills("BTC", since)):
        trades[fill.venue_order_id].append(fill)

    names = {report.venue_order_id: name for name, report in told.items()}
    for venue_order_id in trades.keys() - names.keys():
        wrong.append(f"venue order {venue_order_id}: traded, and never told")
    for name, report in told.items():
        shown = {essence(fill) for fill in trades[report.venue_order_id]}
        if not report.is_terminal:
            wrong.append(f"{name}: last told as {report.status}")
        if {essence(fill) for fill in report.fills} != shown:
            wrong.append(f"{name}: told {len(report.fills)} trades, REST shows {len(shown)}")
        if sum(fill.quantity for fill in trades[report.venue_order_id]) != report.filled:
            wrong.append(f"{name}: told as filled by {report.filled}, REST shows otherwise")

    to_read = [*_spread(list(told)), *(name for name in sent if name not in told)]
    for name in to_read:
        if len(to_read) > READ_EACH:
            await asyncio.sleep(PAUSE_S)
        wrong.extend(await _compare(exchange, name, told.get(name), may_be=sent.get(name, True)))
    return wrong


async def _compare(
    exchange: Exchange, name: str, told: OrderReport | None, *, may_be: bool
) -> list[str]:
    try:
        read = await patiently(lambda: exchange.order("BTC", name))
    except OrderNotFound:
        return [] if told is None or not told.filled else [f"{name}: told, and unknown to REST"]
    if told is None:
        is_lost = may_be or not read.is_terminal or bool(read.filled)
        return [f"{name}: {read.status} at the venue, and never told"] if is_lost else []
    same = (read.status, read.filled) == (told.status, told.filled)
    return [] if same else [f"{name}: told {told.status} {told.filled}, REST: {read.status}"]


async def patiently(question: Callable[[], Awaitable[T]]) -> T:
    """Asked again when the limits that the run has used have room."""
    while True:
        try:
            return await question()
        except RateLimited as error:
            await asyncio.sleep(error.retry_after_s)


def _spread(names: list[str]) -> list[str]:
    """Some of ``names`` from all over."""
    return names[:: max(1, len(names) // READ_EACH)]
