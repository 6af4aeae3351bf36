"""Each kind of fault of a request as a client of the simulated Upbit sees it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal

import aiohttp
import pytest
from yarl import URL

from exchanges.simulator.faults import LONGEST_MS
from tests.exchanges.simulator.running import Reply, Running
from tests.exchanges.simulator.still_market import set_btc
from tests.exchanges.simulator.upbit_stream import public_stream

SELL = {"market": "KRW-BTC", "side": "ask", "ord_type": "market", "volume": "0.1"}


async def set_fault(
    venues: Running, kind: str, endpoint: str = "POST /v1/orders", **args: object
) -> None:
    reply = await venues.control(
        "POST", "/faults", {"venue": "upbit", "endpoint": endpoint, "kind": kind, "args": args}
    )
    assert reply.status == 201, reply.json


async def known(venues: Running, identifier: str) -> Reply:
    return await venues.upbit.get("/v1/order", ("identifier", identifier))


@dataclass(frozen=True)
class Seen:
    """What an order meets."""

    status: int | None
    """None: the connection breaks."""
    name: str = ""
    is_processed: bool = False
    retry_after: str | None = None


@pytest.mark.parametrize(
    ("kind", "args", "seen"),
    [
        ("reject", {}, Seen(400, "insufficient_funds_ask")),
        ("reject", {"code": "out_of_scope"}, Seen(403, "out_of_scope")),
        ("reject", {"code": "expired_access_key"}, Seen(401, "expired_access_key")),
        ("reject", {"code": "no_authorization_ip"}, Seen(401, "no_authorization_ip")),
        ("reject", {"code": "invalid_price_ask"}, Seen(400, "invalid_price_ask")),
        ("insufficient", {}, Seen(400, "insufficient_funds_ask")),
        ("lose_request", {}, Seen(None)),
        ("lose_reply", {}, Seen(None, is_processed=True)),
        ("delay", {"ms": 5}, Seen(201, is_processed=True)),
        ("http_500", {}, Seen(500, "server_error")),
        ("http_503_unknown", {}, Seen(500, "server_error", is_processed=True)),
        ("rate_limited", {"seconds": 2}, Seen(429, "too_many_requests", retry_after="2")),
        ("banned", {"seconds": 90}, Seen(418, "too_many_requests", retry_after="90")),
        ("partial", {"fraction": "0.5"}, Seen(201, is_processed=True)),
        ("maintenance", {}, Seen(503, "server_maintenance")),
        ("halt_market", {}, Seen(400, "market_offline")),
        ("halt_market", {"market": "KRW-BTC"}, Seen(400, "market_offline")),
        ("halt_market", {"market": "KRW-USDT"}, Seen(201, is_processed=True)),
    ],
)
async def test_an_order_meets_a_fault(
    venues: Running, kind: str, args: dict[str, object], seen: Seen
) -> None:
    endpoint = "*" if kind in ("maintenance", "halt_market") else "POST /v1/orders"
    await set_fault(venues, kind, endpoint, **args)

    try:
        reply = await venues.upbit.order(**SELL, identifier="f-1")
    except aiohttp.ClientConnectionError:
        assert seen.status is None
    else:
        assert reply.status == seen.status
        if reply.status != 201:
            assert reply.error == seen.name
        assert reply.headers.get("retry-after") == seen.retry_after

    await venues.control("DELETE", "/faults")
    assert ((await known(venues, "f-1")).status == 200) is seen.is_processed


async def test_a_refused_connection_reaches_nobody_for_a_while(venues: Running) -> None:
    await set_fault(venues, "refuse_connection", "*", ms=LONGEST_MS)

    with pytest.raises(aiohttp.ClientConnectionError):
        await venues.upbit.order(**SELL, identifier="f-2")

    await venues.control("DELETE", "/faults")
    async with asyncio.timeout(30):
        while True:
            try:
                found = await known(venues, "f-2")
                break
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.02)
    assert found.status == 404


async def test_nobody_listens_for_as_long_as_was_told_and_streams_are_cut(venues: Running) -> None:
    loop, address = asyncio.get_running_loop(), URL(venues.upbit_url)
    async with public_stream(venues) as stream:
        before = loop.time()
        await set_fault(venues, "refuse_connection", "*", ms=300)
        was_cut = await stream.is_cut()
        async with asyncio.timeout(30):
            while True:
                try:
                    _, writer = await asyncio.open_connection(address.host, address.port)
                    break
                except ConnectionRefusedError:
                    await asyncio.sleep(0.01)
        writer.close()

    assert was_cut
    assert loop.time() - before >= 0.3


@pytest.mark.parametrize("kind", ["reject", "insufficient"])
async def test_a_refused_attempt_uses_up_its_identifier(venues: Running, kind: str) -> None:
    await set_fault(venues, kind)

    refused = await venues.upbit.order(**SELL, identifier="f-3")
    again = await venues.upbit.order(**SELL, identifier="f-3")

    assert (refused.status, again.error) == (400, "validation_error")
    assert (await known(venues, "f-3")).status == 404


async def test_reject_says_what_it_is_told_to(venues: Running) -> None:
    await set_fault(venues, "reject", code="out_of_scope", message="no right")

    refused = await venues.upbit.order(**SELL)

    assert refused.json == {"error": {"name": "out_of_scope", "message": "no right"}}


async def test_a_reorder_is_refused_for_the_side_of_the_old_order(venues: Running) -> None:
    await venues.upbit.order(**SELL | {"ord_type": "limit", "price": "90000000"}, identifier="old")
    await set_fault(venues, "insufficient", "/v1/orders/cancel_and_new")
    body = (
        ("prev_order_identifier", "old"), ("new_ord_type", "market"), ("new_volume", "0.1"),
    )  # fmt: skip

    refused = await venues.upbit.send(
        "POST", "/v1/orders/cancel_and_new", body, venues.upbit.token(body)
    )

    assert (refused.status, refused.error) == (400, "insufficient_funds_ask")
    assert (await known(venues, "old")).json["state"] == "wait"


async def test_a_lost_request_is_in_the_log(venues: Running) -> None:
    await set_fault(venues, "lose_request")

    with pytest.raises(aiohttp.ClientConnectionError):
        await venues.upbit.order(**SELL, identifier="f-4")

    assert venues.simulation.requests.requests()[0].client_order_id == "f-4"


async def test_a_delayed_request_is_answered_late(venues: Running) -> None:
    await set_fault(venues, "delay", ms=150)
    loop = asyncio.get_running_loop()
    before = loop.time()

    reply = await venues.upbit.order(**SELL)

    assert reply.status == 201
    assert loop.time() - before >= 0.15


@pytest.mark.parametrize(
    ("order", "executed"),
    [
        (SELL, "0.04"),
        ({"market": "KRW-BTC", "side": "bid", "ord_type": "price", "price": "6001000"}, "0.04"),
        (SELL | {"ord_type": "limit", "price": "60000000"}, "0.04"),
        (SELL | {"ord_type": "limit", "price": "99000000"}, "0"),
    ],
)
async def test_a_partial_order_fills_its_share_and_ends(
    venues: Running, order: dict[str, str], executed: str
) -> None:
    await set_fault(venues, "partial", fraction="0.4")

    await venues.upbit.order(**order, identifier="f-6")

    final = (await known(venues, "f-6")).json
    assert (final["state"], final["executed_volume"], final["locked"]) == ("cancel", executed, "0")


async def test_what_a_partial_order_leaves_may_stay_open_until_it_is_cancelled(
    venues: Running,
) -> None:
    await set_fault(venues, "partial", fraction="0.4", rests=True)
    buy = {"market": "KRW-BTC", "side": "bid", "ord_type": "limit", "time_in_force": "ioc"}

    await venues.upbit.order(**buy, price="60010000", volume="0.1", identifier="f-7")
    set_btc(venues.simulation.market, "60000000", "60005000")  # it would trade now

    resting = (await known(venues, "f-7")).json
    assert (resting["state"], resting["executed_volume"]) == ("wait", "0.04")
    assert Decimal(resting["locked"]) > 0
    assert (await venues.upbit.delete("/v1/order", ("identifier", "f-7"))).status == 200
    ended = (await known(venues, "f-7")).json
    assert (ended["state"], ended["executed_volume"], ended["locked"]) == ("cancel", "0.04", "0")


async def test_a_fault_counts_down_and_is_gone(venues: Running) -> None:
    await venues.control(
        "POST", "/faults", {"venue": "upbit", "endpoint": "*", "kind": "http_500", "times": 2}
    )

    replies = [await venues.upbit.public("/v1/market/all") for _ in range(3)]

    assert [reply.status for reply in replies] == [500, 500, 200]
    assert replies[0].error == 500
    assert (await venues.control("GET", "/state")).json["faults"] == []


async def test_reject_reaches_reads_and_quotations_too(venues: Running) -> None:
    for _ in range(2):
        await set_fault(venues, "reject", "*")

    signed = await venues.upbit.get("/v1/accounts")
    public = await venues.upbit.public("/v1/market/all")

    assert (signed.status, signed.error) == (400, "validation_error")
    assert (public.status, public.error) == (400, 400)


@pytest.mark.parametrize(("kind", "status"), [("rate_limited", 429), ("banned", 418)])
async def test_quotations_name_limits_by_number(venues: Running, kind: str, status: int) -> None:
    await set_fault(venues, kind, "/v1/ticker")

    reply = await venues.upbit.public("/v1/ticker", ("markets", "KRW-BTC"))

    assert (reply.status, reply.error) == (status, status)
