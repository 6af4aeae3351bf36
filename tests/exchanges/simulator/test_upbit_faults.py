"""Each kind of fault as a client of the simulated Upbit sees it."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from tests.exchanges.simulator.running import Reply, Running

SELL = {"market": "KRW-BTC", "side": "ask", "ord_type": "market", "volume": "0.1"}


async def set_fault(venues: Running, kind: str, **args: object) -> None:
    reply = await venues.control(
        "POST",
        "/faults",
        {"venue": "upbit", "endpoint": "POST /v1/orders", "kind": kind, "args": args},
    )
    assert reply.status == 201


async def known(venues: Running, identifier: str) -> Reply:
    return await venues.upbit.get("/v1/order", ("identifier", identifier))


async def test_reject_is_a_definite_no_in_the_venues_words(venues: Running) -> None:
    await set_fault(venues, "reject")

    refused = await venues.upbit.order(**SELL, identifier="f-1")
    again = await venues.upbit.order(**SELL, identifier="f-1")

    assert (refused.status, refused.error) == (400, "insufficient_funds_ask")
    assert again.error == "validation_error"  # the attempt used the identifier up
    assert (await known(venues, "f-1")).status == 404


async def test_reject_says_what_it_is_told_to(venues: Running) -> None:
    await set_fault(venues, "reject", code="out_of_scope", message="no right")

    refused = await venues.upbit.order(**SELL)

    assert refused.json == {"error": {"name": "out_of_scope", "message": "no right"}}


async def test_a_lost_request_was_never_processed(venues: Running) -> None:
    await set_fault(venues, "lose_request")

    with pytest.raises(aiohttp.ClientConnectionError):
        await venues.upbit.order(**SELL, identifier="f-2")

    assert (await known(venues, "f-2")).status == 404
    assert venues.simulation.requests.requests()[0].client_order_id == "f-2"


async def test_a_lost_reply_was_processed(venues: Running) -> None:
    await set_fault(venues, "lose_reply")

    with pytest.raises(aiohttp.ClientConnectionError):
        await venues.upbit.order(**SELL, identifier="f-3")

    assert (await known(venues, "f-3")).json["executed_volume"] == "0.1"


async def test_a_delayed_request_is_answered_late(venues: Running) -> None:
    await set_fault(venues, "delay", ms=150)
    loop = asyncio.get_running_loop()
    before = loop.time()

    reply = await venues.upbit.order(**SELL)

    assert reply.status == 201
    assert loop.time() - before >= 0.15


async def test_a_server_error_does_not_process(venues: Running) -> None:
    await set_fault(venues, "http_500")

    reply = await venues.upbit.order(**SELL, identifier="f-5")

    assert reply.status == 500
    assert (await known(venues, "f-5")).status == 404


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


async def test_a_fault_counts_down_and_is_gone(venues: Running) -> None:
    await venues.control(
        "POST", "/faults", {"venue": "upbit", "endpoint": "*", "kind": "http_500", "times": 2}
    )

    statuses = [(await venues.upbit.public("/v1/market/all")).status for _ in range(3)]

    assert statuses == [500, 500, 200]
    assert (await venues.control("GET", "/state")).json["faults"] == []


async def test_reject_reaches_reads_and_quotations_too(venues: Running) -> None:
    for _ in range(2):
        await venues.control("POST", "/faults", {"venue": "upbit", "kind": "reject"})

    signed = await venues.upbit.get("/v1/accounts")
    public = await venues.upbit.public("/v1/market/all")

    assert (signed.status, signed.error) == (400, "validation_error")
    assert (public.status, public.error) == (400, 400)
