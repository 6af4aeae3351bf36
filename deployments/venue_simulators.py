"""The control API of the running simulators, as far as the desk's own commands use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deployments.http_json import HttpJson
from exchanges.instrument import Venue

ORDER_ENDPOINTS = {Venue.UPBIT: "POST /v1/orders", Venue.BINANCE: "POST /fapi/v1/order"}


@dataclass(frozen=True, slots=True)
class OrderArrival:
    """An order as it reached a venue."""

    venue: Venue
    arrival_ns: int
    """Unix time in nanoseconds."""
    client_order_id: str


class VenueSimulators:
    """Over an open connection to the control API."""

    def __init__(self, control: HttpJson) -> None:
        self._control = control

    async def set_speed(self, speed: float) -> None:
        """Market seconds per second."""
        await self._control.ask("PUT", "/speed", {"speed": speed})

    async def market_time(self) -> str:
        """The moment of the replayed market, ISO-8601."""
        state = await self._control.ask("GET", "/state")
        return str(state["market"]["time"])

    async def reject_next_order(self, venue: Venue) -> None:
        await self._control.ask(
            "POST",
            "/faults",
            {"venue": venue, "endpoint": ORDER_ENDPOINTS[venue], "kind": "reject", "times": 1},
        )

    async def pending_faults(self) -> list[dict[str, Any]]:
        state = await self._control.ask("GET", "/state")
        faults: list[dict[str, Any]] = state["faults"]
        return faults

    async def order_arrivals(self, pair_id: str) -> list[OrderArrival]:
        """Every order of ``pair_id`` that reached a venue, oldest first."""
        rows = await self._control.ask("GET", "/requests")
        return [
            OrderArrival(Venue(row["venue"]), row["arrival_ns"], row["client_order_id"])
            for row in rows
            if f"{row['method']} {row['path']}" == ORDER_ENDPOINTS[Venue(row["venue"])]
            and pair_id in (row["client_order_id"] or "")
        ]
