"""Orders as the Hyperliquid adapter sends them, and what it makes of the answers."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from exchanges.errors import OrderDenied, OrderRejected, OutcomeUnknown, VenueUnavailable
from exchanges.hyperliquid.client import ORDER_LIFE_MS
from exchanges.order import Order, OrderStatus, TimeInForce
from exchanges.side import Side
from exchanges.transport import Interrupted, Response
from tests.exchanges.hyperliquid import samples
from tests.exchanges.hyperliquid.wired import AGENT, LIMIT, NOW_MS, SELL, body, build_ready, signer
from tests.exchanges.scripted_transport import reply


async def test_market_order_is_an_ioc_order_five_percent_through_the_book() -> None:
    exchange, wire, _ = await build_ready(reply(samples.BOOK), reply(samples.filled()))

    report = await exchange.submit(replace(SELL, reduce_only=True))

    question, sent = wire.requests
    assert body(question) == {"type": "l2Book", "coin": "BTC"}
    assert body(sent)["action"] == {
        "type": "order",
        "orders": [
            {
                "a": 2,
                "b": False,
                "p": "47501",
                "s": "0.01",
                "r": True,
                "t": {"limit": {"tif": "Ioc"}},
                "c": samples.CLOID,
            }
        ],
        "grouping": "na",
    }
    assert signer(sent) == AGENT
    assert (report.status, report.filled) == (OrderStatus.FILLED, Decimal("0.01"))
    assert (report.client_order_id, report.venue_order_id) == (samples.ID, str(samples.OID))
    assert report.fills == ()


async def test_keys_are_sent_in_the_order_that_is_signed() -> None:
    exchange, wire, _ = await build_ready(reply(samples.resting()))

    await exchange.submit(LIMIT)

    action = body(wire.requests[0])["action"]
    assert list(action) == ["type", "orders", "grouping"]
    assert list(action["orders"][0]) == ["a", "b", "p", "s", "r", "t", "c"]


async def test_order_dies_if_it_is_late() -> None:
    exchange, wire, _ = await build_ready(reply(samples.resting()))

    await exchange.submit(LIMIT)

    sent = body(wire.requests[0])
    assert (sent["nonce"], sent["expiresAfter"]) == (NOW_MS, NOW_MS + ORDER_LIFE_MS)


@pytest.mark.parametrize(
    ("time_in_force", "tif"),
    [
        (None, "Gtc"),
        (TimeInForce.GTC, "Gtc"),
        (TimeInForce.IOC, "Ioc"),
        (TimeInForce.POST_ONLY, "Alo"),
    ],
)
async def test_limit_order_names_price_and_time_in_force(
    time_in_force: TimeInForce | None, tif: str
) -> None:
    exchange, wire, _ = await build_ready(reply(samples.resting()))

    report = await exchange.submit(replace(LIMIT, side=Side.BUY, time_in_force=time_in_force))

    (row,) = body(wire.requests[0])["action"]["orders"]
    assert (row["b"], row["p"], row["t"]) == (True, "50010", {"limit": {"tif": tif}})
    assert (report.status, report.filled) == (OrderStatus.NEW, Decimal(0))


async def test_test_network_is_signed_for_as_such() -> None:
    rest = "https://api.hyperliquid-testnet.xyz"
    exchange, wire, _ = await build_ready(reply(samples.resting()), rest=rest)

    await exchange.submit(LIMIT)

    assert signer(wire.requests[0], is_mainnet=False) == AGENT


async def test_nonces_rise_within_a_millisecond_and_when_the_clock_steps_back() -> None:
    exchange, wire, clock = await build_ready(*[reply(samples.filled())] * 3)

    for number, step_s in enumerate((0, 0, -30)):
        clock.advance(step_s)
        await exchange.submit(replace(LIMIT, client_order_id=f"kimp-{number}"))

    assert [body(request)["nonce"] for request in wire.requests] == [NOW_MS, NOW_MS + 1, NOW_MS + 2]
    assert body(wire.requests[2])["expiresAfter"] == NOW_MS - 30_000 + ORDER_LIFE_MS


@pytest.mark.parametrize(
    ("order", "answer", "status", "filled"),
    [
        (SELL, samples.filled("0.006"), OrderStatus.EXPIRED, "0.006"),
        (LIMIT, samples.filled("0.006"), OrderStatus.PARTIALLY_FILLED, "0.006"),
        (LIMIT, samples.filled("0.010"), OrderStatus.FILLED, "0.01"),
        # An IOC order cannot rest; one that does is told as what it is.
        (SELL, samples.resting(), OrderStatus.NEW, "0"),
        (
            SELL,
            samples.refused(
                "Order could not immediately match against any resting orders. asset=2"
            ),
            OrderStatus.EXPIRED,
            "0",
        ),
    ],
)
async def test_order_that_was_taken(
    order: Order, answer: Any, status: OrderStatus, filled: str
) -> None:
    book = [] if order.price else [reply(samples.BOOK)]
    exchange, _, _ = await build_ready(*book, reply(answer))

    report = await exchange.submit(order)

    assert (report.status, report.filled) == (status, Decimal(filled))
    assert report.client_order_id == samples.ID


async def test_reply_of_more_than_was_ordered_is_unknown() -> None:
    exchange, _, _ = await build_ready(reply(samples.filled("0.02")))

    with pytest.raises(OutcomeUnknown):
        await exchange.submit(LIMIT)


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        (replace(SELL, quantity=Decimal("0.000001")), "quantity: expected a multiple of 0.00001"),
        (replace(LIMIT, price=Decimal("50010.1")), "price: expected a multiple of the tick 1"),
        (replace(LIMIT, price=Decimal("123456")), "price: expected a multiple of the tick 10"),
        (replace(LIMIT, quantity=Decimal("0.00019")), "value: expected at least 10"),
        (replace(LIMIT, client_order_id="UPPER"), "client_order_id: expected"),
        (replace(SELL, symbol="ETH"), "the rules of ETH have not been read"),
        (replace(LIMIT, time_in_force=TimeInForce.FOK), "Hyperliquid has no fill-or-kill"),
    ],
)
async def test_order_against_the_rules_is_denied_and_not_sent(order: Order, sentence: str) -> None:
    exchange, wire, _ = await build_ready()
    room = exchange.order_room()

    with pytest.raises(OrderDenied) as caught:
        await exchange.submit(order, exchange.book_order())

    assert sentence in str(caught.value)
    assert wire.requests == []
    assert exchange.order_room() == room


@pytest.mark.parametrize(
    "answer",
    [
        reply({**samples.BOOK, "levels": [[], []]}),
        reply(b"<html>"),
        reply(b"", 502),
        Interrupted("x"),
    ],
)
async def test_market_order_without_a_book_is_not_sent(answer: Any) -> None:
    exchange, wire, _ = await build_ready(answer)
    room = exchange.order_room()

    with pytest.raises(VenueUnavailable):
        await exchange.submit(SELL, exchange.book_order())

    assert [request.path for request in wire.requests] == ["/info"]
    assert room - exchange.order_room() == 2


async def test_market_order_uses_the_book_that_it_saw_a_moment_ago() -> None:
    answers = [reply(samples.BOOK), reply(samples.filled()), reply(samples.BOOK)]
    exchange, wire, clock = await build_ready(*answers, reply(samples.filled()))

    await exchange.book("BTC")
    await exchange.submit(SELL)
    clock.advance(1.5)
    await exchange.submit(replace(SELL, client_order_id="kimp-2"))

    assert [request.path for request in wire.requests] == [
        *("/info", "/exchange"),
        *("/info", "/exchange"),
    ]


async def test_every_error_of_a_rejected_order_leaves_it_out_of_the_tracked_ones() -> None:
    refused = samples.refused("Insufficient margin to place order. asset=2")
    answers: list[Response] = [reply(refused), reply(json.dumps(samples.resting()).encode())]
    exchange, _, _ = await build_ready(*answers)

    with pytest.raises(OrderRejected) as caught:
        await exchange.submit(LIMIT)
    report = await exchange.submit(LIMIT)

    assert caught.value.code == "perpMarginRejected"
    assert report.status is OrderStatus.NEW
