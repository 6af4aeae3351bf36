"""An adapter at a simulated venue: real HTTP, a market and a clock that stand still."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import get_args

import pytest
from _pytest.mark import ParameterSet

from exchanges.adapter_names import AdapterName
from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.errors import OrderNotFound, VenueUnavailable
from exchanges.exchange import Exchange
from exchanges.factory import create_exchange
from exchanges.hyperliquid.client_order_ids import client_order_id_of
from exchanges.hyperliquid.signing import address_of, parse_key
from exchanges.instrument import Venue
from exchanges.order import Order, OrderType, TimeInForce
from exchanges.side import Side
from exchanges.simulator.faults import Fault, FaultKind
from exchanges.simulator.market import Quote
from exchanges.simulator.server import Address, Addresses, serve
from exchanges.simulator.simulation import Simulation
from tests.exchanges.manual_clock import ManualClock
from tests.exchanges.simulator.still_market import still_path


def _address_of(key: str) -> str:
    return address_of(parse_key(key))


WALLET_KEY, AGENT_KEY, SECOND_AGENT_KEY = ("0x" + pair * 32 for pair in ("11", "22", "33"))
"""Private keys of a Hyperliquid account's wallet and of its API wallets."""
CREDENTIALS = {
    Venue.UPBIT: Credentials("access-key", "secret-key"),
    Venue.BINANCE: Credentials("access-key", "secret-key"),
    Venue.HYPERLIQUID: Credentials(_address_of(WALLET_KEY), AGENT_KEY),
}
START_MONEY = {
    Venue.UPBIT: {"KRW": Decimal(100_000_000), "BTC": Decimal(1)},
    Venue.BINANCE: {"USDT": Decimal(100_000)},
    Venue.HYPERLIQUID: {"USDC": Decimal(100_000)},
}
DOLLAR = {Venue.BINANCE: "USDT", Venue.HYPERLIQUID: "USDC"}
QUOTE = {Venue.UPBIT: "KRW", **DOLLAR}
NATIVE = {Venue.UPBIT: "KRW-BTC", Venue.BINANCE: "BTCUSDT", Venue.HYPERLIQUID: "BTC"}
PLACE = {
    Venue.UPBIT: "POST /v1/orders",
    Venue.BINANCE: "POST /fapi/v1/order",
    Venue.HYPERLIQUID: "POST /exchange",
}
TOUCH = {
    Venue.UPBIT: Quote(Decimal(60_000_000), Decimal(60_010_000), Decimal("0.5")),
    Venue.BINANCE: Quote(Decimal("49999.0"), Decimal("50001.0"), Decimal("0.5")),
    Venue.HYPERLIQUID: Quote(Decimal(49_999), Decimal(50_001), Decimal("0.5")),
}
LEARNT_S = 30.0
LEAST_VALUE = {
    Venue.UPBIT: Decimal(5_000),
    Venue.BINANCE: Decimal(50),
    Venue.HYPERLIQUID: Decimal(10),
}


def choices(*venues: Venue) -> list[ParameterSet]:
    """Every adapter at each of ``venues``, for a fixture's ``params``: ``direct-upbit`` …"""
    adapters: tuple[AdapterName, ...] = get_args(AdapterName)
    return [
        pytest.param((venue, adapter), id=f"{adapter}-{venue}")
        for adapter in adapters
        for venue in venues
    ]


@dataclass(frozen=True, slots=True)
class Desk:
    """An adapter at a simulated venue, on one clock that stands still."""

    exchange: Exchange
    simulation: Simulation
    clock: ManualClock
    stack: AsyncExitStack
    endpoints: Endpoints
    adapter: AdapterName

    @property
    def venue(self) -> Venue:
        return self.exchange.venue

    def order(self, name: str, quantity: str = "0.01", side: Side = Side.BUY) -> Order:
        """A limit order that takes the touch at once, the rest ends."""
        touch = TOUCH[self.venue]
        return Order(
            f"kimp-{name}",
            "BTC",
            side,
            OrderType.LIMIT,
            Decimal(quantity),
            touch.ask if side is Side.BUY else touch.bid,
            TimeInForce.IOC,
        )

    def resting(self, name: str) -> Order:
        """A buy at the bid."""
        return replace(self.order(name), price=TOUCH[self.venue].bid, time_in_force=None)

    def fault(self, kind: FaultKind, **args: object) -> None:
        self.simulation.faults.add(Fault(self.venue, PLACE[self.venue], kind, 1, args))

    def connect(self, credentials: Credentials | None = None, timeout_s: float = 3.0) -> Exchange:
        """One more adapter at the same venue."""
        exchange = create_exchange(
            self.venue,
            adapter=self.adapter,
            credentials=credentials or CREDENTIALS[self.venue],
            endpoints=self.endpoints,
            clock=self.clock,
            timeout_s=timeout_s,
        )
        self.stack.push_async_callback(exchange.aclose)
        return exchange

    def actions(self) -> list[str | None]:
        """Client ids of all orders and cancels that reached the venue, in order."""
        seen = self.simulation.requests.requests()
        if self.venue is Venue.HYPERLIQUID:
            return [
                client_order_id_of(one.client_order_id)
                for one in seen
                if one.path == "/exchange" and one.client_order_id is not None
            ]
        return [one.client_order_id for one in seen if one.method in ("POST", "DELETE")]

    async def came_to_nothing(self, order: Order) -> bool:
        """The venue never had the order, or (Hyperliquid remembers refused ones) shows it ended
        without a trade."""
        try:
            report = await self.exchange.order(order.symbol, order.client_order_id)
        except OrderNotFound:
            return True
        return report.is_terminal and not report.filled

    async def money(self) -> dict[str, Decimal]:
        return {balance.currency: balance.total for balance in await self.exchange.balances()}


async def learn(exchange: Exchange) -> None:
    """The rules, asked for again where ``exchange`` gives the venue too little time for this
    machine."""
    async with asyncio.timeout(LEARNT_S):
        while True:
            with suppress(VenueUnavailable):
                await exchange.rules("BTC")
                return


def known_secret(venue: Venue, credentials: Credentials) -> str:
    """What a venue knows of the secret: Hyperliquid only the address of the key that signs."""
    if venue is Venue.HYPERLIQUID:
        return _address_of(credentials.secret_key)
    return credentials.secret_key


async def open_desk(
    venue: Venue,
    stack: AsyncExitStack,
    clock: ManualClock | None = None,
    adapter: AdapterName = "direct",
) -> Desk:
    """``clock``: None for one that stands still."""
    clock = ManualClock() if clock is None else clock
    simulation = Simulation(still_path(), clock)
    simulation.market.set_quote(venue, NATIVE[venue], TOUCH[venue])
    credentials = CREDENTIALS[venue]
    simulation.engines[venue].add_account(
        credentials.access_key, known_secret(venue, credentials), START_MONEY[venue]
    )
    free = Address("127.0.0.1", 0)
    urls = await serve(simulation, Addresses(free, free, free, free), stack)
    endpoints = Endpoints(getattr(urls, venue.value))
    exchange = create_exchange(
        venue, adapter=adapter, credentials=credentials, endpoints=endpoints, clock=clock
    )
    stack.push_async_callback(exchange.aclose)
    await exchange.rules("BTC")
    return Desk(exchange, simulation, clock, stack, endpoints, adapter)
