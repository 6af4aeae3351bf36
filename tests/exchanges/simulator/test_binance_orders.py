"""Placing, matching, reading and cancelling orders at the simulated Binance."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tests.exchanges.simulator.binance_venue import (
    SYMBOL,
    RunningVenue,
    move_market,
    running_venue,
)

ORDER = "/fapi/v1/order"


async def test_a_market_order_is_acknowledged_before_it_fills() -> None:
    async with running_venue() as venue:
        reply = await venue.order(newOrderRespType=None, newClientOrderId="mine-1")

        assert (reply.json["status"], reply.json["executedQty"]) == ("NEW", "0.000")
        read = await venue.signed("GET", ORDER, symbol=SYMBOL, origClientOrderId="mine-1")
        assert (read.json["status"], read.json["executedQty"]) == ("FILLED", "0.010")
        assert read.json["orderId"] == reply.json["orderId"]


async def test_a_result_carries_no_average_price_but_reading_the_order_does() -> None:
    async with running_venue() as venue:
        reply = await venue.order(newClientOrderId="mine-1")

        assert reply.json["status"] == "FILLED"
        assert (reply.json["executedQty"], reply.json["cumQty"]) == ("0.010", "0.010")
        assert not {"avgPrice", "cumQuote"} & reply.json.keys()
        read = await venue.signed("GET", ORDER, symbol=SYMBOL, orderId=reply.json["orderId"])
        assert (read.json["avgPrice"], read.json["cumQuote"]) == ("50001.00000", "500.01000")


async def test_a_market_order_walks_the_book_level_by_level() -> None:
    async with running_venue(usdt=Decimal(1_000_000)) as venue:
        reply = await venue.order(quantity="5.000")

        trades = await _trades(venue, reply.json["orderId"])
        assert [(t["price"], t["qty"]) for t in trades] == [
            ("50001.00", "2.000"),
            ("50002.10", "2.000"),
            ("50003.20", "1.000"),
        ]
        assert [t["commission"] for t in trades] == ["50.00100000", "50.00210000", "25.00160000"]
        assert {t["commissionAsset"] for t in trades} == {"USDT"}
        assert not any(t["maker"] for t in trades)


async def test_a_market_order_that_outgrows_the_book_expires_with_its_rest() -> None:
    async with running_venue(usdt=Decimal(1_000_000)) as venue:
        move_market(venue.simulation, Decimal("49999.0"), Decimal("50001.0"), Decimal("0.1"))

        reply = await venue.order(quantity="4.000")

        assert (reply.json["status"], reply.json["executedQty"]) == ("EXPIRED", "3.000")


async def test_a_market_order_is_refused_when_the_best_price_is_too_far_from_the_mark() -> None:
    async with running_venue() as venue:
        move_market(venue.simulation, Decimal("40000.0"), Decimal("60000.0"))

        assert (await venue.order()).code == -4131


async def test_a_passive_limit_order_rests_and_fills_as_maker_at_its_own_price() -> None:
    async with running_venue() as venue:
        reply = await venue.limit("49500.0", newClientOrderId="rest")
        assert reply.json["status"] == "NEW"
        open_now = await venue.signed("GET", "/fapi/v1/openOrders", symbol=SYMBOL)
        assert [o["clientOrderId"] for o in open_now.json] == ["rest"]

        move_market(venue.simulation, Decimal("49400.0"), Decimal("49450.0"))

        trades = await _trades(venue, reply.json["orderId"])
        assert [(t["price"], t["qty"], t["maker"]) for t in trades] == [("49500.00", "0.010", True)]
        assert trades[0]["commission"] == "0.09900000"  # 495 × 0.02 %
        assert (await venue.signed("GET", "/fapi/v1/openOrders")).json == []


async def test_a_resting_order_fills_in_parts_as_far_as_the_market_reaches() -> None:
    async with running_venue() as venue:
        await venue.limit("49500.0", quantity="1.000", newClientOrderId="rest")

        move_market(venue.simulation, Decimal("49400.0"), Decimal("49500.0"), Decimal("0.3"))

        order = await venue.signed("GET", ORDER, symbol=SYMBOL, origClientOrderId="rest")
        assert (order.json["status"], order.json["executedQty"]) == ("PARTIALLY_FILLED", "0.300")


async def test_an_aggressive_limit_order_takes_up_to_its_price_and_rests_with_the_rest() -> None:
    async with running_venue(usdt=Decimal(1_000_000)) as venue:
        reply = await venue.limit("50002.0", quantity="3.000")

        assert (reply.json["status"], reply.json["executedQty"]) == ("PARTIALLY_FILLED", "2.000")


@pytest.mark.parametrize(
    ("price", "quantity", "status", "executed"),
    [
        ("50001.0", "1.000", "FILLED", "1.000"),
        ("50001.0", "3.000", "EXPIRED", "2.000"),
        ("50000.9", "1.000", "EXPIRED", "0.000"),
    ],
)
async def test_immediate_or_cancel_takes_what_it_can_and_ends(
    price: str, quantity: str, status: str, executed: str
) -> None:
    async with running_venue(usdt=Decimal(1_000_000)) as venue:
        reply = await venue.limit(price, "IOC", quantity=quantity)

        assert (reply.json["status"], reply.json["executedQty"]) == (status, executed)


async def test_fill_or_kill_fills_whole_or_is_refused_without_a_trace() -> None:
    async with running_venue(usdt=Decimal(1_000_000)) as venue:
        whole = await venue.limit("50001.0", "FOK", quantity="2.000")
        too_much = await venue.limit("50001.0", "FOK", quantity="2.001", newClientOrderId="gone")

        assert whole.json["status"] == "FILLED"
        assert too_much.code == -5021
        read = await venue.signed("GET", ORDER, symbol=SYMBOL, origClientOrderId="gone")
        assert read.code == -2013


async def test_post_only_rests_or_is_refused_without_a_trace() -> None:
    async with running_venue() as venue:
        resting = await venue.limit("50000.9", "GTX")
        crossing = await venue.limit("50001.0", "GTX", newClientOrderId="gone")

        assert resting.json["status"] == "NEW"
        assert crossing.code == -5022
        read = await venue.signed("GET", ORDER, symbol=SYMBOL, origClientOrderId="gone")
        assert read.code == -2013


async def test_a_cancel_ends_the_order_and_a_second_one_finds_nothing() -> None:
    async with running_venue() as venue:
        await venue.limit("49500.0", newClientOrderId="rest")

        first = await venue.signed("DELETE", ORDER, symbol=SYMBOL, origClientOrderId="rest")
        second = await venue.signed("DELETE", ORDER, symbol=SYMBOL, origClientOrderId="rest")

        assert first.json["status"] == "CANCELED"
        assert not {"avgPrice", "cumQuote"} & first.json.keys()
        assert (second.status, second.code) == (400, -2011)


async def test_an_order_that_was_never_placed_does_not_exist() -> None:
    async with running_venue() as venue:
        by_client_id = await venue.signed("GET", ORDER, symbol=SYMBOL, origClientOrderId="never")
        by_id = await venue.signed("GET", ORDER, symbol=SYMBOL, orderId=1)
        unnamed = await venue.signed("GET", ORDER, symbol=SYMBOL)

        assert (by_client_id.code, by_id.code, unnamed.code) == (-2013, -2013, -1102)


async def test_a_client_id_is_taken_only_while_its_order_is_open() -> None:
    async with running_venue() as venue:
        await venue.limit("49500.0", newClientOrderId="same")
        while_open = await venue.limit("49400.0", newClientOrderId="same")
        await venue.signed("DELETE", ORDER, symbol=SYMBOL, origClientOrderId="same")

        again = await venue.order(newClientOrderId="same")
        once_more = await venue.order(newClientOrderId="same")

        assert while_open.code == -4116
        assert again.json["status"] == once_more.json["status"] == "FILLED"
        latest = await venue.signed("GET", ORDER, symbol=SYMBOL, origClientOrderId="same")
        assert latest.json["orderId"] == once_more.json["orderId"]


async def test_cancel_all_ends_every_open_order_of_the_symbol() -> None:
    async with running_venue() as venue:
        for price in ("49500.0", "49400.0"):
            await venue.limit(price)

        reply = await venue.signed("DELETE", "/fapi/v1/allOpenOrders", symbol=SYMBOL)

        assert reply.json["code"] == 200
        assert (await venue.signed("GET", "/fapi/v1/openOrders", symbol=SYMBOL)).json == []
        every = await venue.signed("GET", "/fapi/v1/allOrders", symbol=SYMBOL)
        assert [o["status"] for o in every.json] == ["CANCELED", "CANCELED"]


async def test_an_open_order_can_be_asked_for_and_an_ended_one_cannot() -> None:
    async with running_venue() as venue:
        await venue.limit("49500.0", newClientOrderId="rest")
        path = "/fapi/v1/openOrder"

        found = await venue.signed("GET", path, symbol=SYMBOL, origClientOrderId="rest")
        await venue.signed("DELETE", ORDER, symbol=SYMBOL, origClientOrderId="rest")
        gone = await venue.signed("GET", path, symbol=SYMBOL, origClientOrderId="rest")

        assert found.json["status"] == "NEW"
        assert gone.code == -2013


async def test_each_order_of_a_batch_gets_its_own_answer() -> None:
    async with running_venue() as venue:
        good = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "0.010"}
        bad = good | {"type": "STOP"}

        reply = await venue.signed(
            "POST", "/fapi/v1/batchOrders", batchOrders=json.dumps([good, bad])
        )

        assert [answer.get("code") for answer in reply.json] == [None, -4120]
        assert (await venue.position() or {})["positionAmt"] == "0.010"


@pytest.mark.parametrize(
    ("batch", "code"),
    [("", -1130), ("{}", -1130), ("[]", -4082), ("[1]", -1130), (json.dumps([{}] * 6), -4082)],
)
async def test_a_malformed_batch_is_refused(batch: str, code: int) -> None:
    async with running_venue() as venue:
        reply = await venue.signed("POST", "/fapi/v1/batchOrders", batchOrders=batch)

        assert reply.code == code


async def test_own_trades_are_found_by_time_by_order_and_onwards_from_an_id() -> None:
    async with running_venue() as venue:
        first = await venue.order()
        venue.clock.advance(10)
        middle_ms = venue.now_ms() - 5_000
        await venue.order()
        path = "/fapi/v1/userTrades"

        everything = (await venue.signed("GET", path, symbol=SYMBOL)).json
        later = (await venue.signed("GET", path, symbol=SYMBOL, startTime=middle_ms)).json
        onwards = (await venue.signed("GET", path, symbol=SYMBOL, fromId=everything[1]["id"])).json
        too_wide = await venue.signed(
            "GET", path, symbol=SYMBOL, startTime=0, endTime=venue.now_ms()
        )

        assert len(everything) == 2
        assert later == onwards == everything[1:]
        assert await _trades(venue, first.json["orderId"]) == everything[:1]
        assert too_wide.code == -1127


async def _trades(venue: RunningVenue, order_id: int) -> list[dict[str, object]]:
    reply = await venue.signed("GET", "/fapi/v1/userTrades", symbol=SYMBOL, orderId=order_id)
    return list(reply.json)
