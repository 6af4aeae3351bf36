"""One suite for what every adapter tells of positions that the venue closes, over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from decimal import Decimal

import pytest
import pytest_asyncio

from exchanges.forced_close import ForcedClose
from exchanges.instrument import Venue
from exchanges.order import OrderReport
from exchanges.side import Side
from exchanges.simulator.front import PerpetualEngine
from tests.exchanges.running_clock import RunningClock
from tests.exchanges.simulated_desk import CREDENTIALS, NATIVE, Desk, choices, open_desk
from tests.exchanges.upbit.hearing import hearing

ENGINE_NAMES = {ForcedClose.ADL: "ADL", ForcedClose.LIQUIDATION: "liquidation"}


@pytest_asyncio.fixture(params=choices(Venue.BINANCE, Venue.HYPERLIQUID))
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        venue, adapter = request.param
        desk = await open_desk(venue, stack, RunningClock(), adapter)
        yield desk


async def short(desk: Desk, quantity: str = "0.05") -> None:
    await desk.exchange.submit(desk.order("short", quantity, Side.SELL))


def force(desk: Desk, quantity: str, why: ForcedClose) -> None:
    engines: dict[Venue, PerpetualEngine] = {
        Venue.BINANCE: desk.simulation.binance,
        Venue.HYPERLIQUID: desk.simulation.hyperliquid,
    }
    engines[desk.venue].force_close(
        CREDENTIALS[desk.venue].access_key,
        NATIVE[desk.venue],
        Decimal(quantity),
        ENGINE_NAMES[why],
    )


def traded(quantity: str) -> Callable[[OrderReport], bool]:
    """A report that tells of a forced close with all its trades."""

    def told(report: OrderReport) -> bool:
        is_whole = report.fills_complete and report.filled == Decimal(quantity)
        return report.forced is not None and is_whole

    return told


@pytest.mark.parametrize("why", ForcedClose)
async def test_stream_tells_who_closed_the_position(desk: Desk, why: ForcedClose) -> None:
    await short(desk)
    async with hearing(desk.exchange.stream_orders()) as heard:
        await heard.until(lambda report: report.client_order_id == "kimp-short")

        force(desk, "0.02", why)
        report = await heard.until(traded("0.02"))

    assert report.forced is why
    assert report.side is Side.BUY
    assert [fill.forced for fill in report.fills] == [why]
    assert (await desk.exchange.position("BTC")).quantity == Decimal("-0.03")


@pytest.mark.parametrize("why", ForcedClose)
async def test_list_of_trades_tells_who_closed_the_position(desk: Desk, why: ForcedClose) -> None:
    await short(desk)
    began = desk.clock.now() - timedelta(minutes=1)
    force(desk, "0.02", why)

    fills = await desk.exchange.fills("BTC", began)

    assert [(fill.quantity, fill.forced) for fill in fills] == [
        (Decimal("0.05"), None),
        (Decimal("0.02"), why),
    ]


async def test_each_of_several_closes_is_told_with_its_own_trade(desk: Desk) -> None:
    """Binance gives every order of auto-deleveraging the same client order id."""
    await short(desk)
    async with hearing(desk.exchange.stream_orders()) as heard:
        await heard.until(lambda report: report.client_order_id == "kimp-short")

        force(desk, "0.02", ForcedClose.ADL)
        force(desk, "0.01", ForcedClose.ADL)
        first = await heard.until(traded("0.02"))
        second = await heard.until(traded("0.01"))

    assert first.venue_order_id != second.venue_order_id
    assert {fill.trade_id for fill in first.fills}.isdisjoint(
        fill.trade_id for fill in second.fills
    )


async def test_a_close_while_the_stream_was_down_is_in_the_list_of_trades(desk: Desk) -> None:
    await short(desk)
    async with hearing(desk.exchange.stream_orders()) as heard:
        await heard.until(lambda report: report.client_order_id == "kimp-short")
    force(desk, "0.05", ForcedClose.LIQUIDATION)

    [_, fill] = await desk.exchange.fills("BTC", desk.clock.now() - timedelta(minutes=1))

    assert fill.forced is ForcedClose.LIQUIDATION
    assert (await desk.exchange.position("BTC")).quantity == 0
