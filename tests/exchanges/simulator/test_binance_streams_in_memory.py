"""The same streams in one process on a virtual clock: hours pass in moments."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from exchanges.instrument import Venue
from exchanges.memory_web_socket import MemoryConnector
from exchanges.simulator.simulation import Simulation
from exchanges.simulator.walk import walk
from exchanges.virtual_time import VirtualClock, VirtualTimeLoop, run_virtually
from exchanges.web_socket import Connection

HOUR_S = 3_600.0
Drill = Callable[[Simulation, MemoryConnector, VirtualClock], Awaitable[None]]


def run(drill: Drill) -> None:
    """``drill`` on a market that moves."""
    loop = VirtualTimeLoop()
    clock = VirtualClock(loop, datetime(2026, 11, 2, tzinfo=UTC))

    async def main() -> None:
        simulation = Simulation(walk(3), clock)
        simulation.binance.add_account("key", "secret", {"USDT": Decimal(100_000)})
        connector = MemoryConnector(simulation.fronts[Venue.BINANCE], clock)
        await drill(simulation, connector, clock)
        await connector.aclose()

    run_virtually(main(), loop)


async def opened(connector: MemoryConnector, path: str) -> Connection:
    return await connector.connect(f"ws://venue{path}", timeout_s=1)


async def heard(connection: Connection) -> Any:
    return json.loads(await connection.receive())


def test_differences_come_ten_times_a_second_without_a_gap() -> None:
    async def drill(_: Simulation, connector: MemoryConnector, clock: VirtualClock) -> None:
        connection = await opened(connector, "/public/ws/btcusdt@depth@100ms")
        first = last = await heard(connection)
        started, count = clock.monotonic(), 0
        while clock.monotonic() < started + 60:
            diff = await heard(connection)
            assert diff["pu"] == last["u"]
            last, count = diff, count + 1

        assert last["u"] > first["u"]
        assert 60 <= count <= 600

    run(drill)


def test_a_listen_key_that_nobody_extends_ends_after_its_hour() -> None:
    async def drill(
        simulation: Simulation, connector: MemoryConnector, clock: VirtualClock
    ) -> None:
        key = simulation.binance.listen_keys.start("key")
        started = clock.monotonic()
        connection = await opened(connector, f"/private/ws?listenKey={key}")

        event = await heard(connection)

        assert event["e"] == "listenKeyExpired"
        assert clock.monotonic() - started == pytest.approx(HOUR_S, abs=1)

    run(drill)
