"""How a market is doing, as every adapter reads it from its simulated venue."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from exchanges.errors import VenueUnavailable
from exchanges.instrument import Venue
from exchanges.simulator.faults import Fault, FaultKind
from tests.exchanges.simulated_desk import NATIVE, TOUCH, Desk

HOUR_S = 3_600
OF_A_MOVE = {
    Venue.UPBIT: Decimal("0.005"),
    Venue.BINANCE: Decimal("0.001"),
    Venue.HYPERLIQUID: Decimal("0.00001"),
}
"""What is traded when the simulated price moves."""


def trade_elsewhere(desk: Desk, times: int = 1) -> None:
    """Others move the price there and back."""
    touch, native = TOUCH[desk.venue], NATIVE[desk.venue]
    up = replace(touch, bid=touch.bid + 1_000, ask=touch.ask + 1_000)
    for _ in range(times):
        desk.simulation.market.set_quote(desk.venue, native, up)
        desk.simulation.market.set_quote(desk.venue, native, touch)


async def test_market_that_is_well_trades(desk: Desk) -> None:
    state = await desk.exchange.market_state("BTC")

    assert (state.symbol, state.is_trading) == ("BTC", True)
    assert state.wallet_open is (True if desk.venue is Venue.UPBIT else None)
    assert state.as_of == desk.clock.now()


async def test_halted_market_does_not_trade_until_the_halt_is_over(desk: Desk) -> None:
    desk.simulation.faults.add(Fault(desk.venue, "*", FaultKind.HALT_MARKET, 1))

    halted = await desk.exchange.market_state("BTC")
    desk.simulation.faults.clear()
    resumed = await desk.exchange.market_state("BTC")

    assert not halted.is_trading
    assert resumed.is_trading


async def test_wallet_is_that_of_the_coin(upbit: Desk) -> None:
    upbit.simulation.faults.add(
        Fault(Venue.UPBIT, "*", FaultKind.WALLET_CLOSED, 1, {"currency": "USDT"})
    )
    another = await upbit.exchange.market_state("BTC")
    upbit.simulation.faults.add(
        Fault(Venue.UPBIT, "*", FaultKind.WALLET_CLOSED, 1, {"currency": "BTC"})
    )

    closed = await upbit.exchange.market_state("BTC")

    assert another.wallet_open is True
    assert closed.wallet_open is False


async def test_volume_has_no_normal_before_a_day_of_trading(desk: Desk) -> None:
    trade_elsewhere(desk)
    desk.clock.advance(22 * HOUR_S)
    trade_elsewhere(desk)

    state = await desk.exchange.market_state("BTC")

    assert state.volume_24h is None
    assert state.volume_recent > 0


async def test_volume_of_the_day_and_of_the_last_minutes(desk: Desk) -> None:
    trade_elsewhere(desk, times=3)
    for _ in range(24):
        desk.clock.advance(HOUR_S)
        trade_elsewhere(desk)
    busy = await desk.exchange.market_state("BTC")
    desk.clock.advance(HOUR_S / 2)

    quiet = await desk.exchange.market_state("BTC")

    assert busy.volume_recent == 2 * OF_A_MOVE[desk.venue]
    assert busy.volume_24h == 24 * busy.volume_recent
    assert quiet.volume_recent == 0


async def test_state_of_a_venue_in_maintenance_cannot_be_read(desk: Desk) -> None:
    desk.simulation.faults.add(Fault(desk.venue, "*", FaultKind.MAINTENANCE, 1))

    with pytest.raises(VenueUnavailable):
        await desk.exchange.market_state("BTC")
