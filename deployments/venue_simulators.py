"""The control API of the running simulators, as far as the desk's own commands use it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from deployments.http_json import HttpJson
from exchanges.hyperliquid.client_order_ids import client_order_id_of
from exchanges.instrument import Venue

ORDER_ENDPOINTS = {
    Venue.UPBIT: ("POST /v1/orders",),
    Venue.BINANCE: ("POST /fapi/v1/order", "WS order.place"),
    Venue.HYPERLIQUID: ("POST /exchange",),
}
"""Every way that the desk's orders may take."""


@dataclass(frozen=True, slots=True)
class OrderArrival:
    """An order as it reached a venue."""

    venue: Venue
    arrival_ns: int
    """Unix time in nanoseconds."""
    client_order_id: str


@dataclass(frozen=True, slots=True)
class ReplayedMarket:
    """The moment that the simulated venues show."""

    time: datetime
    ended: bool
    """The history is used up: prices stand still."""

    def __str__(self) -> str:
        """``2021-04-01 06:04 UTC``"""
        return f"{self.time:%Y-%m-%d %H:%M} UTC"


class VenueSimulators:
    """Over an open connection to the control API."""

    def __init__(self, control: HttpJson) -> None:
        self._control = control

    async def set_speed(self, speed: float) -> None:
        """Market seconds per second."""
        await self._control.ask("PUT", "/speed", {"speed": speed})

    async def market(self) -> ReplayedMarket:
        """Where the replay is."""
        state = await self._control.ask("GET", "/state")
        market = state["market"]
        return ReplayedMarket(datetime.fromisoformat(market["time"]), bool(market["ended"]))

    @asynccontextmanager
    async def rejecting_an_order(self, venue: Venue) -> AsyncIterator[None]:
        """``venue`` refuses the next order, whichever way it comes. No fault outlasts this."""
        for endpoint in ORDER_ENDPOINTS[venue]:
            fault = {"venue": venue, "endpoint": endpoint, "kind": "reject", "times": 1}
            await self._control.ask("POST", "/faults", fault)
        try:
            yield
        finally:
            await self._control.ask("DELETE", "/faults")

    async def order_arrivals(self, pair_id: str) -> list[OrderArrival]:
        """Every order of ``pair_id`` that reached a venue, oldest first."""
        rows = await self._control.ask("GET", "/requests")
        arrivals = [
            # Hyperliquid knows our ids as numbers; any other id is left as it is.
            OrderArrival(Venue(row["venue"]), row["arrival_ns"], client_order_id_of(named))
            for row in rows
            if f"{row['method']} {row['path']}" in ORDER_ENDPOINTS[Venue(row["venue"])]
            and (named := row["client_order_id"])
        ]
        return [arrival for arrival in arrivals if pair_id in arrival.client_order_id]
