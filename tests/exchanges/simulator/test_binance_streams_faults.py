"""Faults of streams as a client sees them."""

from __future__ import annotations

from decimal import Decimal

import aiohttp
import pytest

from exchanges.instrument import Venue
from exchanges.simulator.faults import Fault, FaultKind
from tests.exchanges.simulator.binance_streams import connected, listen_key
from tests.exchanges.simulator.binance_venue import (
    SYMBOL,
    RunningVenue,
    move_market,
    running_venue,
)
from tests.exchanges.simulator.simulator_process import until

DEPTH = "/public/ws/btcusdt@depth@100ms"
NO_GOODBYE = 1006


async def order_stream(venue: RunningVenue) -> str:
    return f"/private/ws?listenKey={await listen_key(venue)}&events=ORDER_TRADE_UPDATE"


async def test_a_doubled_event_comes_twice_to_the_letter() -> None:
    async with running_venue() as venue, connected(venue, await order_stream(venue)) as client:
        venue.fault(FaultKind.DUPLICATE_EVENT, "ORDER_TRADE_UPDATE")

        await venue.order(quantity="0.010")
        first, second, third = [await client.next() for _ in range(3)]

        assert first == second
        assert (first["o"]["x"], third["o"]["x"]) == ("NEW", "TRADE")


async def test_a_dropped_event_is_missing_and_the_next_one_comes() -> None:
    async with running_venue() as venue, connected(venue, await order_stream(venue)) as client:
        venue.fault(FaultKind.DROP_EVENT, "ORDER_TRADE_UPDATE")

        await venue.order(quantity="0.010")

        assert (await client.next())["o"]["x"] == "TRADE"


async def test_a_dropped_difference_breaks_the_chain_of_the_book() -> None:
    async with running_venue() as venue, connected(venue, DEPTH) as client:
        await client.ask("LIST_SUBSCRIPTIONS")
        move_market(venue.simulation, Decimal("49998.0"), Decimal("50001.0"))
        before = await client.event("depthUpdate")
        venue.fault(FaultKind.DROP_EVENT, "btcusdt@depth")
        move_market(venue.simulation, Decimal("49997.0"), Decimal("50001.0"))
        await until(lambda: not venue.simulation.faults.pending())
        move_market(venue.simulation, Decimal("49996.0"), Decimal("50001.0"))
        after = await client.event("depthUpdate")

        assert after["pu"] > before["u"]


@pytest.mark.parametrize("event", ["ORDER_TRADE_UPDATE", "*"])
async def test_a_dropped_stream_ends_without_a_goodbye_and_the_event_is_lost(event: str) -> None:
    async with running_venue() as venue, connected(venue, await order_stream(venue)) as client:
        venue.fault(FaultKind.DROP_STREAM, event)

        await venue.order(quantity="0.010")

        assert await client.close_code() in (None, NO_GOODBYE)


async def test_a_fault_of_one_event_leaves_the_others_alone() -> None:
    async with running_venue() as venue:
        path = f"/private/ws?listenKey={await listen_key(venue)}"
        async with connected(venue, path) as client:
            venue.fault(FaultKind.DROP_EVENT, "ACCOUNT_UPDATE")

            await venue.order(quantity="0.010")
            names = [(await client.next())["e"] for _ in range(3)]

            assert names == ["ORDER_TRADE_UPDATE", "TRADE_LITE", "ORDER_TRADE_UPDATE"]


async def test_a_stale_book_stands_still_over_rest_and_in_streams_while_trading_goes_on() -> None:
    path = "/public/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker/btcusdt@depth5@100ms"
    async with running_venue() as venue, connected(venue, path) as client:
        await client.until(lambda message: message.get("stream") == "btcusdt@depth5@100ms")
        before = (await venue.get("/fapi/v1/depth", symbol=SYMBOL, limit="5")).json
        venue.fault(FaultKind.STALE_BOOK, "*", market=SYMBOL)
        move_market(venue.simulation, Decimal("49000.0"), Decimal("49001.0"))
        during = (await venue.get("/fapi/v1/depth", symbol=SYMBOL, limit="5")).json
        filled = (await venue.order(quantity="0.010")).json
        was_quiet = await client.is_quiet()
        fills = (await venue.signed("GET", "/fapi/v1/userTrades", symbol=SYMBOL)).json

        assert during == before
        assert was_quiet
        assert filled["status"] == "FILLED"
        assert fills[0]["price"] == "49001.00"

        venue.simulation.faults.clear()
        change = await client.until(
            lambda message: message["stream"] == "btcusdt@depth@100ms",
        )
        assert change["data"]["pu"] == before["lastUpdateId"]
        after = (await venue.get("/fapi/v1/depth", symbol=SYMBOL, limit="5")).json
        assert after["bids"][0][0] == "49000.00"


async def test_a_book_is_stopped_as_it_was_when_it_was_stopped() -> None:
    async with running_venue() as venue:
        await venue.get("/fapi/v1/depth", symbol=SYMBOL, limit="5")
        move_market(venue.simulation, Decimal("49500.0"), Decimal("49501.0"))
        venue.fault(FaultKind.STALE_BOOK, "*")
        move_market(venue.simulation, Decimal("49000.0"), Decimal("49001.0"))

        book = (await venue.get("/fapi/v1/depth", symbol=SYMBOL, limit="5")).json

        assert book["bids"][0][0] == "49500.00"


@pytest.mark.parametrize("path", [DEPTH, "/private/ws?listenKey=x", "/ws-fapi/v1"])
async def test_maintenance_closes_what_is_open_and_opens_nothing(path: str) -> None:
    async with running_venue() as venue, connected(venue, path) as client:
        venue.fault(FaultKind.MAINTENANCE, "*")
        code = await client.close_code()
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with connected(venue, path):
                pass
        venue.simulation.faults.clear()
        async with connected(venue, path) as again:
            is_open = not again.socket.closed

        assert code == 1001
        assert refused.value.status == 503
        assert is_open


async def test_a_handshake_meets_the_faults_of_requests() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.RATE_LIMITED, "GET /private/ws")
        with pytest.raises(aiohttp.WSServerHandshakeError) as limited:
            async with connected(venue, "/private/ws?listenKey=x"):
                pass
        # Twice, because the client tries once more on a connection that was open already.
        lost = Fault(Venue.BINANCE, "/public", FaultKind.LOSE_REQUEST, 2)
        venue.simulation.faults.add(lost)
        with pytest.raises(aiohttp.ClientError):
            async with connected(venue, DEPTH):
                pass
        venue.simulation.faults.clear()
        async with connected(venue, DEPTH) as client:
            listed = await client.ask("LIST_SUBSCRIPTIONS")

        assert limited.value.status == 429
        assert listed["result"] == ["btcusdt@depth@100ms"]


async def test_each_client_takes_a_fault_of_its_own() -> None:
    async with running_venue() as venue:
        path = await order_stream(venue)
        async with connected(venue, path) as one, connected(venue, path) as other:
            venue.simulation.faults.add(
                Fault(Venue.BINANCE, "ORDER_TRADE_UPDATE", FaultKind.DROP_EVENT, 2)
            )
            await one.ask("LIST_SUBSCRIPTIONS")
            await other.ask("LIST_SUBSCRIPTIONS")

            await venue.limit("49000.0", quantity="0.100")
            await venue.limit("48000.0", quantity="0.100", newClientOrderId="second")

            assert (await one.next())["o"]["c"] == "second"
            assert (await other.next())["o"]["c"] == "second"
