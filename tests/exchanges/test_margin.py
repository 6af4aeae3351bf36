"""One suite for every adapter's change of a position's margin, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from decimal import Decimal
from typing import get_args

import pytest
import pytest_asyncio

from exchanges.adapter_names import AdapterName
from exchanges.errors import OrderDenied, OrderRejected, OutcomeUnknown, VenueUnavailable
from exchanges.instrument import Venue
from exchanges.side import Side
from exchanges.simulator.faults import Fault, FaultKind
from tests.exchanges.simulated_desk import CREDENTIALS, Desk, choices, open_desk

MOVE = {Venue.BINANCE: "POST /fapi/v1/positionMargin", Venue.HYPERLIQUID: "POST /exchange"}


@pytest_asyncio.fixture(params=choices(Venue.BINANCE, Venue.HYPERLIQUID))
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        venue, adapter = request.param
        yield await open_desk(venue, stack, adapter=adapter)


def isolate(desk: Desk, leverage: int = 20) -> None:
    """As the account's owner would set it, out of the desk's sight."""
    name = CREDENTIALS[desk.venue].access_key
    if desk.venue is Venue.BINANCE:
        at_binance = desk.simulation.binance.account(name)
        at_binance.isolated.add("BTCUSDT")
        at_binance.leverages["BTCUSDT"] = leverage
    else:
        at_hyperliquid = desk.simulation.hyperliquid.account(name)
        assert at_hyperliquid is not None
        at_hyperliquid.isolated.add(0)
        at_hyperliquid.leverages[0] = leverage


def fault(desk: Desk, kind: FaultKind) -> None:
    desk.simulation.faults.add(Fault(desk.venue, MOVE[desk.venue], kind, 1, {}))


async def short(desk: Desk) -> None:
    await desk.exchange.submit(desk.order("short", "0.1", Side.SELL))


async def test_margin_added_moves_the_liquidation_price_away(desk: Desk) -> None:
    isolate(desk)
    await short(desk)
    before = await desk.exchange.position("BTC")

    await desk.exchange.add_margin("BTC", Decimal("123.45"))

    after = await desk.exchange.position("BTC")
    assert before.isolated_margin is not None
    assert after.isolated_margin == before.isolated_margin + Decimal("123.45")
    assert before.liquidation_price is not None
    assert after.liquidation_price is not None
    # The short is of 0.1 BTC: a dollar of margin bears 10 dollars more, less upkeep.
    assert 1_200 < after.liquidation_price - before.liquidation_price < 1_234.5


async def test_position_that_the_whole_account_stands_behind_has_no_margin_of_its_own(
    desk: Desk,
) -> None:
    await short(desk)

    assert (await desk.exchange.position("BTC")).isolated_margin is None
    with pytest.raises((OrderRejected, OutcomeUnknown)):
        await desk.exchange.add_margin("BTC", Decimal(10))


async def test_more_than_the_wallet_has_is_rejected(desk: Desk) -> None:
    isolate(desk)
    await short(desk)

    with pytest.raises(OrderRejected):
        await desk.exchange.add_margin("BTC", Decimal(1_000_000))


@pytest.mark.parametrize("amount", ["0", "-5", "0.0000001", "NaN", "Infinity"])
async def test_amount_that_is_none_is_not_sent(desk: Desk, amount: str) -> None:
    sent = len(desk.simulation.requests.requests())

    with pytest.raises(OrderDenied):
        await desk.exchange.add_margin("BTC", Decimal(amount))

    assert len(desk.simulation.requests.requests()) == sent


@pytest.mark.parametrize("kind", [FaultKind.LOSE_REPLY, FaultKind.LOSE_REQUEST])
async def test_without_an_answer_it_may_have_been_moved_and_is_not_sent_again(
    desk: Desk, kind: FaultKind
) -> None:
    isolate(desk)
    await short(desk)
    before = (await desk.exchange.position("BTC")).isolated_margin
    assert before is not None
    fault(desk, kind)

    with pytest.raises(OutcomeUnknown):
        await desk.exchange.add_margin("BTC", Decimal(7))

    moved = Decimal(7) if kind is FaultKind.LOSE_REPLY else Decimal(0)
    assert (await desk.exchange.position("BTC")).isolated_margin == before + moved


async def test_what_the_venue_has_no_time_for_is_not_moved(desk: Desk) -> None:
    isolate(desk)
    await short(desk)
    before = await desk.exchange.position("BTC")
    fault(desk, FaultKind.RATE_LIMITED)

    with pytest.raises(VenueUnavailable):
        await desk.exchange.add_margin("BTC", Decimal(7))

    desk.clock.advance(120)
    assert await desk.exchange.position("BTC") == before


@pytest.mark.parametrize("adapter", get_args(AdapterName))
async def test_spot_venue_has_no_margin(adapter: AdapterName) -> None:
    async with AsyncExitStack() as stack:
        desk = await open_desk(Venue.UPBIT, stack, adapter=adapter)

        with pytest.raises(OrderDenied, match="spot"):
            await desk.exchange.add_margin("BTC", Decimal(1))
