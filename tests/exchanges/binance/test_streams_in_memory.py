"""The same streams in one process with the venue, on a clock that jumps: as drills run them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from decimal import Decimal

from exchanges.binance.adapter import BinancePerpetual
from exchanges.binance.book_stream import SILENCE_S
from exchanges.endpoints import Endpoints
from exchanges.instrument import Venue
from exchanges.memory_transport import MemoryTransport
from exchanges.memory_web_socket import MemoryConnector
from exchanges.order import Order, OrderReport, OrderStatus, OrderType
from exchanges.side import Side
from exchanges.simulator.faults import Fault, FaultKind
from exchanges.simulator.market import Quote
from exchanges.simulator.simulation import Simulation
from exchanges.virtual_time import VirtualClock, VirtualTimeLoop, run_virtually
from exchanges.web_socket import NO_HEADERS, Connection
from tests.exchanges.binance import samples
from tests.exchanges.binance.scripted_connection import ScriptedConnection
from tests.exchanges.binance.wired import CREDENTIALS, adapter
from tests.exchanges.scripted_transport import ScriptedTransport, reply
from tests.exchanges.simulator.still_market import still_path


def test_orders_and_books_are_streamed_in_virtual_time() -> None:
    loop = VirtualTimeLoop()
    clock = VirtualClock(loop, datetime(2026, 1, 1, tzinfo=UTC))
    simulation = Simulation(still_path(), clock)
    quote = Quote(Decimal("49999.0"), Decimal("50001.0"), Decimal("0.5"))
    simulation.market.set_quote(Venue.BINANCE, "BTCUSDT", quote)
    simulation.binance.add_account(
        CREDENTIALS.access_key, CREDENTIALS.secret_key, {"USDT": Decimal(10_000)}
    )

    async def scenario() -> tuple[OrderReport, int]:
        front = simulation.fronts[Venue.BINANCE]
        exchange = BinancePerpetual(
            MemoryTransport(front),
            MemoryConnector(front, clock),
            CREDENTIALS,
            Endpoints("http://simulated"),
            clock,
            timeout_s=3,
            order_entry="websocket",
        )
        rules = await exchange.rules("BTC")
        await asyncio.sleep(1)
        simulation.faults.add(
            Fault(Venue.BINANCE, "ORDER_TRADE_UPDATE", FaultKind.DROP_STREAM, times=1)
        )
        async with (
            aclosing(exchange.stream_books(["BTC"])) as books,
            aclosing(exchange.stream_orders()) as orders,
        ):
            book = await anext(books)
            order = Order("kimp-1", "BTC", Side.SELL, OrderType.MARKET, rules.min_quantity)
            first = asyncio.ensure_future(anext(orders))
            await asyncio.sleep(1)
            await exchange.submit(order)
            report = await first
            while not (report.is_terminal and report.fills_complete):
                report = await anext(orders)
        await exchange.aclose()
        return report, len(book.bids)

    report, levels = run_virtually(scenario(), loop)

    assert report.status is OrderStatus.FILLED
    assert report.value == Decimal("49.9990")
    assert levels >= 5
    assert [one.method for one in simulation.requests.requests() if "order.place" in one.path] == [
        "WS"
    ]


def test_books_that_are_connected_and_mute_count_as_dead() -> None:
    class Connector:
        dials = 0

        async def connect(
            self, url: str, *, headers: Mapping[str, str] = NO_HEADERS, timeout_s: float
        ) -> Connection:
            self.dials += 1
            return ScriptedConnection(mute=True)

        async def aclose(self) -> None:
            """Nothing to close."""

    loop, connector = VirtualTimeLoop(), Connector()
    clock = VirtualClock(loop, datetime(2026, 1, 1, tzinfo=UTC))

    async def scenario() -> float:
        wire = ScriptedTransport(reply(samples.DEPTH), reply(samples.DEPTH))
        exchange = adapter(wire, None, clock, connector)
        async with aclosing(exchange.stream_books(["BTC"])) as books:
            began = (await anext(books)).received
            return (await anext(books)).received - began

    assert SILENCE_S <= run_virtually(scenario(), loop) < SILENCE_S + 1
    assert connector.dials == 2
