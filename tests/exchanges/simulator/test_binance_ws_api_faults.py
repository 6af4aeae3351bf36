"""Faults of requests over the WebSocket API as a client sees them."""

from __future__ import annotations

import pytest

from exchanges.simulator.faults import FaultKind
from tests.exchanges.simulator.binance_streams import StreamClient, connected
from tests.exchanges.simulator.binance_venue import KEY, SYMBOL, RunningVenue, running_venue
from tests.exchanges.simulator.simulator_process import until
from tests.exchanges.simulator.test_binance_ws_api import ORDER, PATH, signed

PLACE = "WS order.place"


async def place(venue: RunningVenue, client: StreamClient) -> None:
    """Send an order under the id ``mine``; nothing is waited for."""
    params = signed(venue, **ORDER, newClientOrderId="mine")
    await client.socket.send_json({"id": "mine", "method": "order.place", "params": params})


def trades(venue: RunningVenue) -> int:
    return len(venue.simulation.binance.account(KEY).trades)


async def test_a_lost_request_is_never_answered_nor_carried_out() -> None:
    async with running_venue() as venue, connected(venue, PATH) as client:
        venue.fault(FaultKind.LOSE_REQUEST, PLACE)

        await place(venue, client)

        assert await client.is_quiet()
        assert trades(venue) == 0


async def test_a_lost_reply_belongs_to_an_order_that_is_there() -> None:
    async with running_venue() as venue, connected(venue, PATH) as client:
        venue.fault(FaultKind.LOSE_REPLY, PLACE)

        await place(venue, client)

        assert await client.is_quiet()
        found = await venue.signed("GET", "/fapi/v1/order", symbol=SYMBOL, origClientOrderId="mine")
        assert found.json["status"] == "FILLED"


async def test_a_delayed_request_lets_others_pass() -> None:
    async with running_venue() as venue, connected(venue, PATH) as client:
        venue.fault(FaultKind.DELAY, PLACE, ms=300)

        await place(venue, client)
        await client.socket.send_json(
            {"id": "price", "method": "ticker.price", "params": {"symbol": SYMBOL}}
        )
        first, second = await client.next(), await client.next()

        assert (first["id"], second["id"]) == ("price", "mine")
        assert second["result"]["status"] == "FILLED"


@pytest.mark.parametrize(
    ("kind", "status", "code", "carried_out"),
    [
        (FaultKind.REJECT, 400, -2019, 0),
        (FaultKind.INSUFFICIENT, 400, -2019, 0),
        (FaultKind.HTTP_500, 500, -1000, 0),
        (FaultKind.HTTP_503_UNKNOWN, 503, -1007, 1),
    ],
)
async def test_an_error_says_what_it_says_whatever_became_of_the_order(
    kind: FaultKind, status: int, code: int, carried_out: int
) -> None:
    async with running_venue() as venue, connected(venue, PATH) as client:
        venue.fault(kind, PLACE)

        await place(venue, client)
        reply = await client.next()

        assert (reply["status"], reply["error"]["code"]) == (status, code)
        assert trades(venue) == carried_out


@pytest.mark.parametrize(
    ("kind", "status"), [(FaultKind.RATE_LIMITED, 429), (FaultKind.BANNED, 418)]
)
async def test_a_limit_says_when_to_come_back(kind: FaultKind, status: int) -> None:
    async with running_venue() as venue, connected(venue, PATH) as client:
        venue.fault(kind, PLACE, seconds=30)

        await place(venue, client)
        reply = await client.next()

        assert (reply["status"], reply["error"]["code"]) == (status, -1003)
        assert reply["error"]["data"]["retryAfter"] == venue.now_ms() + 30_000
        assert trades(venue) == 0


async def test_a_partial_fill_is_a_share_of_the_order() -> None:
    async with running_venue() as venue, connected(venue, PATH) as client:
        venue.fault(FaultKind.PARTIAL, PLACE, fraction="0.4")

        await place(venue, client)
        reply = await client.next()

        assert (reply["result"]["status"], reply["result"]["executedQty"]) == ("EXPIRED", "0.004")


async def test_a_connection_that_breaks_with_the_reply_leaves_the_order_in_place() -> None:
    async with running_venue() as venue, connected(venue, PATH) as client:
        venue.fault(FaultKind.DROP_STREAM, PLACE)

        await place(venue, client)

        assert await client.close_code() in (None, 1006)
        assert trades(venue) == 1


async def test_a_halted_market_takes_no_order() -> None:
    async with running_venue() as venue, connected(venue, PATH) as client:
        venue.fault(FaultKind.HALT_MARKET, "*", market=SYMBOL)

        await place(venue, client)
        reply = await client.next()

        assert reply["error"]["code"] == -4108
        assert trades(venue) == 0


async def test_a_request_is_logged_under_its_method() -> None:
    async with running_venue() as venue, connected(venue, PATH) as client:
        await place(venue, client)
        await client.next()

        logged = [one for one in venue.simulation.requests.requests() if one.client_order_id]

        assert [(one.method, one.path) for one in logged] == [("WS", "order.place")]


async def test_a_request_that_has_arrived_is_carried_out_though_its_connection_ends() -> None:
    async with running_venue() as venue:
        async with connected(venue, PATH) as client:
            venue.fault(FaultKind.DELAY, PLACE, ms=200)
            await place(venue, client)
            await until(lambda: not venue.simulation.faults.pending())

        await until(lambda: trades(venue) == 1)
