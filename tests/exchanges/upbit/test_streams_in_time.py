"""Streams over hours, in virtual time: keep-alive, tokens, and the pace of a gap's questions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from exchanges.credentials import Credentials
from exchanges.endpoints import Endpoints
from exchanges.instrument import Venue
from exchanges.memory_transport import MemoryTransport
from exchanges.memory_web_socket import MemoryConnector
from exchanges.order import Order, OrderReport, OrderType, TimeInForce
from exchanges.side import Side
from exchanges.simulator.faults import Fault, FaultKind
from exchanges.simulator.simulation import Simulation
from exchanges.upbit.adapter import UpbitSpot
from exchanges.virtual_time import VirtualClock, VirtualTimeLoop, run_virtually
from exchanges.web_socket import NO_HEADERS, Connection
from tests.exchanges.simulator.still_market import set_btc, still_path
from tests.exchanges.upbit.hearing import hearing
from tests.exchanges.upbit.wired import claims_of

T = TypeVar("T")
KEY = Credentials("access-key", "secret-key")


class Recording:
    """A connector that remembers the headers of each dial."""

    def __init__(self, inner: MemoryConnector) -> None:
        self._inner = inner
        self.headers: list[Mapping[str, str]] = []

    async def connect(
        self, url: str, *, headers: Mapping[str, str] = NO_HEADERS, timeout_s: float
    ) -> Connection:
        self.headers.append(headers)
        return await self._inner.connect(url, headers=headers, timeout_s=timeout_s)

    async def aclose(self) -> None:
        await self._inner.aclose()


@dataclass(slots=True)
class World:
    """The simulated venue and an adapter at it, in one process."""

    clock: VirtualClock
    simulation: Simulation
    exchange: UpbitSpot
    connector: Recording

    def fault(self, kind: FaultKind, endpoint: str = "myOrder", times: int = 1) -> None:
        self.simulation.faults.add(Fault(Venue.UPBIT, endpoint, kind, times))


def virtually(scenario: Callable[[VirtualClock], Awaitable[T]]) -> T:
    loop = VirtualTimeLoop()

    async def run() -> T:
        return await scenario(VirtualClock(loop, datetime(2026, 11, 2, 3, 4, 5, tzinfo=UTC)))

    return run_virtually(run(), loop)


async def open_world(clock: VirtualClock) -> World:
    simulation = Simulation(still_path(), clock)
    set_btc(simulation.market, "60000000", "60010000")
    simulation.upbit.add_account(
        KEY.access_key, KEY.secret_key, {"KRW": Decimal(10**11), "BTC": Decimal(1_000)}
    )
    front = simulation.fronts[Venue.UPBIT]
    connector = Recording(MemoryConnector(front, clock))
    exchange = UpbitSpot(
        MemoryTransport(front),
        connector,
        KEY,
        Endpoints("http://127.0.0.1:1"),
        clock,
        timeout_s=3,
    )
    await exchange.rules("BTC")
    return World(clock, simulation, exchange, connector)


def order(number: int, side: Side = Side.BUY, *, rests: bool = False) -> Order:
    price = Decimal(60_010_000 if (side is Side.BUY) is not rests else 60_000_000)
    tif = None if rests else TimeInForce.IOC
    return Order(f"kimp-{number}", "BTC", side, OrderType.LIMIT, Decimal("0.01"), price, tif)


def is_about(client_order_id: str, *, over: bool = False) -> Callable[[OrderReport], bool]:
    def holds(report: OrderReport) -> bool:
        is_over = report.is_terminal and report.fills_complete
        return report.client_order_id == client_order_id and (is_over or not over)

    return holds


def test_quiet_streams_stay_open() -> None:
    """The venue hangs up after two minutes without traffic."""

    async def scenario(clock: VirtualClock) -> tuple[int, float]:
        world = await open_world(clock)
        async with (
            hearing(world.exchange.stream_orders()) as orders,
            hearing(world.exchange.stream_books(["BTC"])) as books,
        ):
            await asyncio.sleep(600)
            await world.exchange.submit(order(1))
            await orders.until(is_about("kimp-1"))
            age_s = clock.monotonic() - books.items[-1].received
        await world.exchange.aclose()
        return len(world.connector.headers), age_s

    dials, age_s = virtually(scenario)

    assert dials == 2
    assert age_s <= 5


def test_each_connection_has_a_token_of_its_own_and_no_origin() -> None:
    async def scenario(clock: VirtualClock) -> list[Mapping[str, str]]:
        world = await open_world(clock)
        async with hearing(world.exchange.stream_orders()) as orders:
            for number in range(6):
                await asyncio.sleep(40)
                world.fault(FaultKind.DROP_STREAM)
                sent = await world.exchange.submit(order(number))
                await orders.until(is_about(sent.client_order_id), patience_s=60)
        await world.exchange.aclose()
        return world.connector.headers

    headers = virtually(scenario)

    nonces = [claims_of(each["authorization"])["nonce"] for each in headers]
    assert len(set(nonces)) == len(nonces) == 7
    assert all(set(each) == {"authorization"} for each in headers)
    assert all("query_hash" not in claims_of(each["authorization"]) for each in headers)


def test_many_orders_of_a_gap_are_read_at_the_pace_of_the_rate_limit() -> None:
    async def scenario(clock: VirtualClock) -> tuple[set[str], int, float]:
        world = await open_world(clock)
        for number in range(60):
            await world.exchange.submit(order(number))
            await asyncio.sleep(0.2)
        began = clock.monotonic()
        async with hearing(world.exchange.stream_orders()) as heard:
            await heard.until(is_about("kimp-59", over=True))
        took_s = clock.monotonic() - began
        await world.exchange.aclose()
        over = {report.client_order_id for report in heard.items if report.fills_complete}
        return over, len(world.connector.headers), took_s

    over, dials, took_s = virtually(scenario)

    assert over == {f"kimp-{number}" for number in range(60)}
    assert dials == 1
    assert 2 <= took_s <= 5


def test_what_is_known_is_not_taken_back_when_a_question_about_it_fails_late() -> None:
    """The end of an order whose trade was not told is asked about; that question hangs, and
    meanwhile another one is answered."""

    async def scenario(clock: VirtualClock) -> list[bool]:
        world = await open_world(clock)
        async with hearing(world.exchange.stream_orders()) as heard:
            await asyncio.sleep(1)
            world.fault(FaultKind.DROP_EVENT, times=2)
            late = Fault(Venue.UPBIT, "GET /v1/order", FaultKind.DELAY, 1, {"ms": 5_000})
            world.simulation.faults.add(late)
            await world.exchange.submit(order(1))
            await heard.until(is_about("kimp-1", over=True))
            await asyncio.sleep(5)
        await world.exchange.aclose()
        return [report.fills_complete for report in heard.items if report.is_terminal]

    complete = virtually(scenario)

    assert len(complete) > 1
    assert all(complete)
