"""What the desk's own commands see and set at the simulators' control API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from deployments.http_json import HttpJson
from deployments.venue_simulators import VenueSimulators
from exchanges.adapter_names import OrderEntry
from exchanges.binance.adapter import BinancePerpetual
from exchanges.clock import SystemClock
from exchanges.errors import OrderRejected
from exchanges.exchange import Exchange
from exchanges.instrument import Venue
from exchanges.order import Order, OrderType
from exchanges.side import Side
from tasks.client_order_id import client_order_id, pair_id_for
from tasks.pair import LegName
from tasks.venue_connections import connect
from tests.deployments.served_venues import served_venues

PAIR = pair_id_for("signal-1")
WAYS: list[tuple[Venue, OrderEntry]] = [
    (Venue.BINANCE, "rest"),
    (Venue.BINANCE, "websocket"),
    (Venue.HYPERLIQUID, "rest"),
]


def sale(number: int) -> Order:
    name = client_order_id(PAIR, LegName.PERPETUAL, number)
    return Order(name, "BTC", Side.SELL, OrderType.MARKET, Decimal("0.010"))


@asynccontextmanager
async def trading(
    home: Path, perpetual: Venue, entry: OrderEntry
) -> AsyncIterator[tuple[Exchange, VenueSimulators]]:
    """The perpetual leg's adapter, ready to send, and the control API."""
    async with served_venues(home) as served:
        settings = served.settings(perpetual).model_copy(update={"binance_order_entry": entry})
        exchanges = connect(settings, served.accounts.credentials, SystemClock())
        exchange = exchanges[LegName.PERPETUAL]
        try:
            await exchange.rules("BTC")
            if isinstance(exchange, BinancePerpetual):
                await _until_ready(exchange)
            async with HttpJson("the simulators", served.desk.control_url) as control:
                yield exchange, VenueSimulators(control)
        finally:
            for one in exchanges.values():
                await one.aclose()


async def _until_ready(exchange: BinancePerpetual) -> None:
    async with asyncio.timeout(10):
        while not exchange.order_entry_ready:  # noqa: ASYNC110 - it is a property
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(("perpetual", "entry"), WAYS)
async def test_orders_are_found_by_their_pair_whatever_the_venue_calls_them(
    tmp_path: Path, perpetual: Venue, entry: OrderEntry
) -> None:
    async with trading(tmp_path, perpetual, entry) as (exchange, simulators):
        for number in (1, 2):
            await exchange.submit(sale(number))

        arrivals = await simulators.order_arrivals(PAIR)

        assert [(one.venue, one.client_order_id) for one in arrivals] == [
            (perpetual, f"kimp-{PAIR}-p001"),
            (perpetual, f"kimp-{PAIR}-p002"),
        ]
        assert arrivals[0].arrival_ns < arrivals[1].arrival_ns
        assert await simulators.order_arrivals("p000000000000") == []


@pytest.mark.parametrize(("perpetual", "entry"), WAYS)
async def test_one_order_is_refused_whichever_way_it_comes_and_no_other(
    tmp_path: Path, perpetual: Venue, entry: OrderEntry
) -> None:
    async with trading(tmp_path, perpetual, entry) as (exchange, simulators):
        async with simulators.rejecting_an_order(perpetual):
            with pytest.raises(OrderRejected):
                await exchange.submit(sale(1))
            await exchange.submit(sale(2))
        await exchange.submit(sale(3))

        position = await exchange.position("BTC")

        assert position.quantity == Decimal("-0.020")
