"""Through ccxt an account looks as it does through our own adapter, to the last digit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from exchanges.errors import ExchangeError
from exchanges.exchange import Exchange
from exchanges.factory import create_exchange
from exchanges.instrument import Venue
from exchanges.order import Order, OrderReport, TimeInForce
from exchanges.side import Side
from exchanges.simulator.faults import CONDITIONS, EVENT_KINDS, FaultKind
from tests.exchanges.simulated_desk import CREDENTIALS, Desk, learn, open_desk

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
NOT_ALIKE = {FaultKind.REFUSE_CONNECTION}
"""What it does depends on whether a connection stands already."""
ARGUMENTS: dict[FaultKind, dict[str, object]] = {
    FaultKind.DELAY: {"ms": 3_000},
    FaultKind.PARTIAL: {"fraction": "0.4"},
}
PATIENT_S = 30.0
HASTY_S = 1.0
"""For a reply that comes too late: it is waited out."""


@pytest_asyncio.fixture(params=list(Venue))
async def direct(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(request.param, stack)


async def through_ccxt(desk: Desk, timeout_s: float = PATIENT_S) -> Exchange:
    exchange = create_exchange(
        desk.venue,
        adapter="ccxt",
        credentials=CREDENTIALS[desk.venue],
        endpoints=desk.endpoints,
        clock=desk.clock,
        timeout_s=timeout_s,
    )
    desk.stack.push_async_callback(exchange.aclose)
    await learn(exchange)
    return exchange


async def account(exchange: Exchange) -> Any:
    book = await exchange.book("BTC")
    return (
        await exchange.rules("BTC"),
        await exchange.balances(),
        await exchange.position("BTC"),
        (book.bids[:15], book.asks[:15], book.venue_time),
        list(await exchange.open_orders("BTC")),
        exchange.instrument("BTC"),
    )


async def test_rules_account_and_book_are_the_same(direct: Desk) -> None:
    other = await through_ccxt(direct)
    await direct.exchange.submit(direct.order("held", "0.023"))
    direct.clock.advance(1)  # two programs with one key sign nothing in the same millisecond
    await other.submit(direct.resting("resting"))

    assert await account(other) == await account(direct.exchange)


async def test_orders_and_fills_are_the_same(direct: Desk) -> None:
    other, start = await through_ccxt(direct), direct.clock.now()
    orders = [
        direct.order("bought", "0.023"),
        direct.order("sold", "0.011", Side.SELL),
        replace(direct.resting("missed"), time_in_force=TimeInForce.IOC),
        replace(direct.resting("resting"), time_in_force=TimeInForce.POST_ONLY),
    ]
    for number, order in enumerate(orders):
        direct.clock.advance(1)
        await (other if number % 2 else direct.exchange).submit(order)
    await other.cancel("BTC", "kimp-resting")

    for order in orders:
        one = await direct.exchange.order("BTC", order.client_order_id)
        assert told(await other.order("BTC", order.client_order_id)) == told(one)
    fills = await direct.exchange.fills("BTC", start)
    assert len(fills) == 2
    assert await other.fills("BTC", start) == fills


@pytest.mark.parametrize("kind", sorted(set(FaultKind) - EVENT_KINDS - CONDITIONS - NOT_ALIKE))
async def test_failing_order_means_the_same(direct: Desk, kind: FaultKind) -> None:
    timeout_s = HASTY_S if kind is FaultKind.DELAY else PATIENT_S
    ours = direct.connect(timeout_s=timeout_s)
    await learn(ours)
    outcomes = []
    for number, exchange in enumerate((ours, await through_ccxt(direct, timeout_s))):
        direct.fault(kind, **ARGUMENTS.get(kind, {}))
        outcomes.append(await outcome(exchange, direct.order(f"order-{number}")))
        direct.clock.advance(600)  # room again, whatever the venue has said
        direct.simulation.faults.clear()

    assert outcomes[0] == outcomes[1]


async def outcome(exchange: Exchange, order: Order) -> tuple[str, object]:
    """What became of sending ``order``, in the terms that the desk decides by."""
    try:
        report = await exchange.submit(order)
    except ExchangeError as error:
        return type(error).__name__, getattr(error, "code", None)
    return "reported", (report.is_terminal, report.filled)


def told(report: OrderReport) -> OrderReport:
    """Adapters differ in which of an order's times they take for the last change."""
    return replace(report, updated_at=NOON)
