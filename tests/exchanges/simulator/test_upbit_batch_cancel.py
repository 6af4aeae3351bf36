"""Many orders cancelled at once at the simulated Upbit."""

from __future__ import annotations

from typing import Any

import pytest

from tests.exchanges.simulator.running import Reply, Running


async def rest(venues: Running, *identifiers: str, side: str = "ask", market: str = "BTC") -> None:
    """Open orders far from the touch, ten a second."""
    price = {"askBTC": "90000000", "bidBTC": "50000000", "bidUSDT": "1000"}[side + market]
    volume = {"BTC": "0.001", "USDT": "10"}[market]
    for place, identifier in enumerate(identifiers):
        if place % 10 == 0:
            venues.clock.advance(1)
        created = await venues.upbit.order(
            market=f"KRW-{market}", side=side, ord_type="limit", volume=volume, price=price,
            identifier=identifier,
        )  # fmt: skip
        assert created.status == 201, created.json


def names(part: Any) -> list[str]:
    assert part["count"] == len(part["orders"])
    return [row["identifier"] for row in part["orders"]]


async def cancel_open(venues: Running, *params: tuple[str, str]) -> Reply:
    venues.clock.advance(2)
    return await venues.upbit.delete("/v1/orders/open", *params)


async def still_open(venues: Running) -> list[str]:
    venues.clock.advance(1)
    reply = await venues.upbit.get("/v1/orders/open", ("order_by", "asc"))
    return [row["identifier"] for row in reply.json]


async def test_orders_named_are_cancelled_and_ended_ones_fail(venues: Running) -> None:
    await rest(venues, "a", "b", "c")
    await venues.upbit.delete("/v1/order", ("identifier", "b"))

    reply = await venues.upbit.delete(
        "/v1/orders/uuids", ("identifiers[]", "a"), ("identifiers[]", "b"), ("identifiers[]", "no")
    )

    assert reply.status == 200
    assert (names(reply.json["success"]), names(reply.json["failed"])) == (["a"], ["b"])
    assert set(reply.json["success"]["orders"][0]) == {"uuid", "market", "identifier"}
    assert await still_open(venues) == ["c"]


async def test_orders_are_named_by_uuid_too(venues: Running) -> None:
    await rest(venues, "a", "b")
    rows = (await venues.upbit.get("/v1/orders/open")).json

    reply = await venues.upbit.delete(
        "/v1/orders/uuids", *(("uuids[]", row["uuid"]) for row in rows)
    )

    assert reply.json["success"]["count"] == 2
    assert await still_open(venues) == []


@pytest.mark.parametrize(
    "params",
    [
        (),
        (("uuids[]", "u"), ("identifiers[]", "i")),
        tuple(("identifiers[]", str(number)) for number in range(21)),
    ],
)
async def test_one_kind_of_id_and_twenty_at_most(
    venues: Running, params: tuple[tuple[str, str], ...]
) -> None:
    reply = await venues.upbit.delete("/v1/orders/uuids", *params)

    assert (reply.status, reply.error) == (400, "validation_error")


async def test_without_a_word_the_newest_twenty_go(venues: Running) -> None:
    identifiers = [f"o-{number:02}" for number in range(23)]
    await rest(venues, *identifiers)

    reply = await cancel_open(venues)

    assert names(reply.json["success"]) == identifiers[:2:-1]
    assert await still_open(venues) == identifiers[:3]


@pytest.mark.parametrize(
    ("params", "left"),
    [
        ((("cancel_side", "ask"),), ["bid", "usdt"]),
        ((("cancel_side", "bid"),), ["ask"]),
        ((("pairs", "KRW-USDT,KRW-USDC"),), ["ask", "bid"]),
        ((("excluded_pairs", "KRW-BTC"),), ["ask", "bid"]),
        ((("quote_currencies", "KRW"),), []),
        ((("quote_currencies", "BTC,USDT"),), ["ask", "bid", "usdt"]),
        ((("count", "1"),), ["ask", "bid"]),
        ((("count", "2"), ("order_by", "asc")), ["usdt"]),
    ],
)
async def test_filters_choose_what_goes(
    venues: Running, params: tuple[tuple[str, str], ...], left: list[str]
) -> None:
    await rest(venues, "ask")
    await rest(venues, "bid", side="bid")
    await rest(venues, "usdt", side="bid", market="USDT")

    reply = await cancel_open(venues, *params)

    assert reply.status == 200
    assert await still_open(venues) == left


@pytest.mark.parametrize(
    "params",
    [
        (("pairs", "KRW-BTC"), ("quote_currencies", "KRW")),
        (("count", "301"),),
        (("cancel_side", "both"),),
        (("order_by", "random"),),
        (("pairs", ",".join(["KRW-BTC"] * 21)),),
    ],
)
async def test_filters_that_cannot_be_cancel_nothing(
    venues: Running, params: tuple[tuple[str, str], ...]
) -> None:
    await rest(venues, "ask")

    reply = await cancel_open(venues, *params)

    assert (reply.status, reply.error) == (400, "validation_error")
    assert await still_open(venues) == ["ask"]


async def test_it_goes_once_in_two_seconds(venues: Running) -> None:
    first = await cancel_open(venues)
    venues.clock.advance(1.5)
    second = await venues.upbit.delete("/v1/orders/open")
    third = await cancel_open(venues)

    assert first.headers["remaining-req"].startswith("group=order-cancel-all;")
    assert (first.status, second.status, third.status) == (200, 429, 200)
