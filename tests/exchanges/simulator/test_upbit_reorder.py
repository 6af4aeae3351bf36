"""cancel_and_new at the simulated Upbit. KRW-BTC stands at 60.00 M / 60.01 M."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.exchanges.simulator.running import Reply, Running

PATH = "/v1/orders/cancel_and_new"


async def old_order(venues: Running, volume: str = "0.1", price: str = "59000000") -> Any:
    created = await venues.upbit.order(
        market="KRW-BTC", side="bid", ord_type="limit", volume=volume, price=price,
        identifier="old",
    )  # fmt: skip
    return created.json


async def reorder(venues: Running, **body: str) -> Reply:
    fields = tuple(body.items())
    return await venues.upbit.send("POST", PATH, fields, venues.upbit.token(fields))


async def read(venues: Running, identifier: str) -> Any:
    return (await venues.upbit.get("/v1/order", ("identifier", identifier))).json


async def test_the_old_order_is_shown_and_the_new_one_named(venues: Running) -> None:
    old = await old_order(venues)

    reply = await reorder(
        venues, prev_order_uuid=old["uuid"], new_ord_type="limit", new_price="58000000",
        new_volume="0.2", new_identifier="new", new_smp_type="reduce",
    )  # fmt: skip

    new = await read(venues, "new")
    assert reply.status == 201
    assert reply.json == old | {
        "new_order_uuid": new["uuid"], "new_order_identifier": "new",
    }  # fmt: skip
    assert (await read(venues, "old"))["state"] == "cancel"
    assert (new["side"], new["price"], new["volume"]) == ("bid", "58000000", "0.2")
    assert (new["state"], new["smp_type"]) == ("wait", "reduce")
    assert reply.headers["remaining-req"].startswith("group=order;")


async def test_what_the_old_order_has_left_can_be_taken_over(venues: Running) -> None:
    await old_order(venues, volume="0.7", price="60010000")  # 0.5 of it trades at once

    reply = await reorder(
        venues, prev_order_identifier="old", new_ord_type="limit", new_price="59000000",
        new_volume="remain_only",
    )  # fmt: skip
    new = await venues.upbit.get("/v1/order", ("uuid", reply.json["new_order_uuid"]))

    assert "new_order_identifier" not in reply.json
    assert (await read(venues, "old"))["executed_volume"] == "0.5"
    assert new.json["volume"] == "0.2"


async def test_the_money_of_the_old_order_pays_for_the_new_one(venues: Running) -> None:
    await old_order(venues, volume="1.6", price="59000000")

    reply = await reorder(
        venues, prev_order_identifier="old", new_ord_type="price", new_price="90000000"
    )
    new = await venues.upbit.get("/v1/order", ("uuid", reply.json["new_order_uuid"]))

    assert Decimal(new.json["executed_volume"]) > Decimal("1.4")


@pytest.mark.parametrize("new_volume", ["0.1", "remain_only"])
async def test_an_order_that_filled_first_has_no_successor(
    venues: Running, new_volume: str
) -> None:
    await old_order(venues, price="61000000")

    reply = await reorder(
        venues, prev_order_identifier="old", new_ord_type="limit", new_price="59000000",
        new_volume=new_volume, new_identifier="new",
    )  # fmt: skip

    assert (reply.status, reply.json["state"]) == (201, "done")
    assert "new_order_uuid" not in reply.json
    assert (await venues.upbit.get("/v1/order", ("identifier", "new"))).status == 404


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("validation_error", {"new_ord_type": "limit"}),
        ("order_not_found", {"prev_order_identifier": "no", "new_ord_type": "limit"}),
        ("create_bid_error", {"prev_order_identifier": "old", "new_ord_type": "limit"}),
        (
            "create_bid_error",
            {
                "prev_order_identifier": "old",
                "new_ord_type": "price",
                "new_price": "9000",
                "new_volume": "remain_only",
            },
        ),
        (
            "validation_error",
            {
                "prev_order_identifier": "old",
                "new_ord_type": "limit",
                "new_price": "58000000",
                "new_volume": "0.1",
                "new_identifier": "old",
            },
        ),
        (
            "insufficient_funds_bid",
            {"prev_order_identifier": "old", "new_ord_type": "price", "new_price": "100000000"},
        ),
    ],
)
async def test_what_cannot_be_leaves_the_old_order_alone(
    venues: Running, name: str, body: dict[str, str]
) -> None:
    await old_order(venues)

    reply = await reorder(venues, **body)

    assert (reply.status, reply.error) == (404 if name == "order_not_found" else 400, name)
    assert (await read(venues, "old"))["state"] == "wait"


async def test_a_cancelled_order_is_not_found(venues: Running) -> None:
    await old_order(venues)
    await venues.upbit.delete("/v1/order", ("identifier", "old"))

    reply = await reorder(
        venues, prev_order_identifier="old", new_ord_type="price", new_price="9000"
    )

    assert (reply.status, reply.error) == (404, "order_not_found")
