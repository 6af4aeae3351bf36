"""The same over real HTTP and WebSockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from decimal import Decimal

import pytest
import pytest_asyncio

from exchanges.credentials import Credentials
from exchanges.errors import AuthenticationFailed, ExchangeError
from exchanges.instrument import Venue
from exchanges.order import OrderReport, OrderStatus
from exchanges.simulator.faults import Fault, FaultKind
from exchanges.simulator.market import Quote
from tests.exchanges.hyperliquid.in_memory import is_over
from tests.exchanges.simulated_desk import CREDENTIALS, TOUCH, Desk, open_desk
from tests.exchanges.upbit.hearing import hearing, until

HIGHER = Quote(Decimal(51_000), Decimal(51_002), Decimal("0.3"))


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(Venue.HYPERLIQUID, stack)


def fault(desk: Desk, kind: FaultKind, endpoint: str) -> None:
    desk.simulation.faults.add(Fault(Venue.HYPERLIQUID, endpoint, kind, 1))


def dialled(desk: Desk) -> int:
    return sum(seen.path == "/ws" for seen in desk.simulation.requests.requests())


async def test_books_come_and_come_back(desk: Desk) -> None:
    async with hearing(desk.exchange.stream_books(["BTC"])) as heard:
        first = await heard.until(lambda book: book.symbol == "BTC")
        fault(desk, FaultKind.DROP_STREAM, "l2Book")
        desk.clock.advance(1)  # a book is sent every half second of the venue's
        desk.simulation.market.set_quote(Venue.HYPERLIQUID, "BTC", HIGHER)
        await heard.until(
            lambda book: book.best_bid is not None and book.best_bid.price == HIGHER.bid
        )

    assert first.best_bid is not None
    assert first.best_bid.price == TOUCH[Venue.HYPERLIQUID].bid
    assert dialled(desk) == 2


@pytest.mark.parametrize("channel", ["orderUpdates", "userFills"])
async def test_order_is_told_though_the_wire_breaks(desk: Desk, channel: str) -> None:
    async with hearing(desk.exchange.stream_orders()) as heard:
        first = desk.resting("first")
        await desk.exchange.submit(first)
        await heard.until(lambda report: report.client_order_id == first.client_order_id)
        fault(desk, FaultKind.DROP_STREAM, channel)
        order = desk.order("told")
        await desk.exchange.submit(order)
        told: OrderReport = await heard.until(is_over(order.client_order_id))
        await until(lambda: dialled(desk) == 2)

    assert (told.status, told.filled) == (OrderStatus.FILLED, order.quantity)


async def test_key_that_signs_for_nobody_is_refused(desk: Desk) -> None:
    right = CREDENTIALS[Venue.HYPERLIQUID]
    stranger = desk.connect(Credentials(right.access_key, "0x" + "33" * 32))
    await stranger.rules("BTC")

    errors: list[ExchangeError] = []
    for attempt in (
        stranger.submit(desk.order("forged")),
        stranger.cancel("BTC", "kimp-forged"),
    ):
        with pytest.raises(AuthenticationFailed) as caught:
            await attempt
        errors.append(caught.value)

    assert {getattr(error, "code", None) for error in errors} == {"unknownWallet"}
    assert await desk.money() == {"USDC": Decimal(100_000)}


async def test_account_that_never_traded_is_empty(desk: Desk) -> None:
    right = CREDENTIALS[Venue.HYPERLIQUID]
    nobody = desk.connect(replace(right, access_key="0x" + "44" * 20))

    (balance,) = await nobody.balances()

    assert (balance.total, balance.available) == (Decimal(0), Decimal(0))
