"""Conditional orders at the simulated Binance: taken, read, cancelled, triggered."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.exchanges.simulator.binance_venue import (
    SYMBOL,
    Reply,
    RunningVenue,
    move_market,
    running_venue,
)

ALGO = "/fapi/v1/algoOrder"


async def place(venue: RunningVenue, **params: object) -> Reply:
    defaults: dict[str, object] = {
        "algoType": "CONDITIONAL",
        "symbol": SYMBOL,
        "side": "SELL",
        "type": "STOP_MARKET",
        "quantity": "0.100",
        "triggerPrice": "49000.0",
        "clientAlgoId": "stop",
    }
    wanted = {name: value for name, value in (defaults | params).items() if value is not None}
    return await venue.signed("POST", ALGO, **wanted)


async def status(venue: RunningVenue, name: str = "stop") -> str:
    reply = await venue.signed("GET", ALGO, clientAlgoId=name)
    return str(reply.json["algoStatus"])


def move_to(venue: RunningVenue, price: int) -> None:
    move_market(venue.simulation, Decimal(price) - 1, Decimal(price) + 1)


async def test_a_conditional_order_waits_outside_the_book_and_can_be_read() -> None:
    async with running_venue() as venue:
        placed = await place(venue)
        read = await venue.signed("GET", ALGO, algoId=placed.json["algoId"])
        waiting = await venue.signed("GET", "/fapi/v1/openAlgoOrders", symbol=SYMBOL)
        ever = await venue.signed("GET", "/fapi/v1/allAlgoOrders", symbol=SYMBOL)
        in_book = await venue.signed("GET", "/fapi/v1/openOrders", symbol=SYMBOL)

        assert set(placed.json) == {
            "algoId", "clientAlgoId", "algoType", "orderType", "symbol", "side", "positionSide",
            "timeInForce", "quantity", "algoStatus", "triggerPrice", "price", "icebergQuantity",
            "selfTradePreventionMode", "workingType", "priceMatch", "closePosition",
            "priceProtect", "reduceOnly", "createTime", "updateTime", "triggerTime",
            "goodTillDate",
        }  # fmt: skip
        assert placed.json["algoStatus"] == "NEW"
        assert placed.json["triggerPrice"] == "49000.00"
        assert placed.headers["x-mbx-order-count-10s"] == "1"
        assert (read.json["actualOrderId"], read.json["actualPrice"]) == ("", "0")
        listed = {"tpTriggerPrice": "0", "tpPrice": "0", "slTriggerPrice": "0", "slPrice": "0"}
        alone = {"actualType": "", "actualQty": "0"}
        assert waiting.json == ever.json
        assert waiting.json[0] | alone == read.json | listed
        assert not set(waiting.json[0]) & set(alone)
        assert not set(read.json) & set(listed)
        assert in_book.json == []


@pytest.mark.parametrize(
    ("type_", "side", "trigger", "not_yet", "there"),
    [
        ("STOP_MARKET", "SELL", "49000.0", 49001, 49000),
        ("STOP_MARKET", "BUY", "51000.0", 50999, 51000),
        ("TAKE_PROFIT_MARKET", "SELL", "51000.0", 50999, 51000),
        ("TAKE_PROFIT_MARKET", "BUY", "49000.0", 49001, 49000),
    ],
)
@pytest.mark.parametrize("working", ["CONTRACT_PRICE", "MARK_PRICE"])
async def test_the_price_triggers_an_order_that_carries_the_conditional_ones_name(
    working: str, type_: str, side: str, trigger: str, not_yet: int, there: int
) -> None:
    async with running_venue() as venue:
        await place(venue, side=side, type=type_, triggerPrice=trigger, workingType=working)
        move_to(venue, not_yet)
        before = await status(venue)
        move_to(venue, there)

        read = await venue.signed("GET", ALGO, clientAlgoId="stop")
        order = await venue.signed(
            "GET", "/fapi/v1/order", symbol=SYMBOL, orderId=read.json["actualOrderId"]
        )

        assert before == "NEW"
        assert (read.json["algoStatus"], read.json["actualQty"]) == ("FINISHED", "0.100")
        assert read.json["triggerTime"] == venue.now_ms()
        assert (order.json["clientOrderId"], order.json["status"]) == ("stop", "FILLED")
        assert (order.json["type"], order.json["side"]) == ("MARKET", side)


async def test_a_stop_with_a_price_places_a_limit_order_and_is_finished_with_it() -> None:
    async with running_venue() as venue:
        await place(venue, type="STOP", price="49500.0")
        move_to(venue, 49000)
        triggered = await status(venue)
        resting = await venue.signed("GET", "/fapi/v1/openOrders", symbol=SYMBOL)
        move_to(venue, 49600)
        finished = await status(venue)

        assert (triggered, finished) == ("TRIGGERED", "FINISHED")
        assert [(one["type"], one["price"]) for one in resting.json] == [("LIMIT", "49500.00")]


async def test_a_trailing_stop_follows_the_price_and_triggers_when_it_comes_back() -> None:
    async with running_venue() as venue:
        placed = await place(
            venue, type="TRAILING_STOP_MARKET", triggerPrice=None, callbackRate="1",
            activatePrice="51000.0",
        )  # fmt: skip
        seen = []
        for price in (49000, 51000, 52000, 51481, 51480):
            move_to(venue, price)
            seen.append(await status(venue))

        assert (placed.json["callbackRate"], placed.json["activatePrice"]) == ("1", "51000.00")
        assert seen == ["NEW", "NEW", "NEW", "NEW", "FINISHED"]


async def test_a_stop_of_the_whole_position_closes_what_is_held_then() -> None:
    async with running_venue() as venue:
        await place(venue, quantity=None, closePosition="true")
        await venue.order(quantity="0.300")
        move_to(venue, 49000)

        assert await venue.position() is None
        assert await status(venue) == "FINISHED"


async def test_a_stop_of_the_whole_position_expires_when_nothing_is_held() -> None:
    async with running_venue() as venue:
        await place(venue, quantity=None, closePosition="true")
        move_to(venue, 49000)

        assert await status(venue) == "EXPIRED"


async def test_a_triggered_order_that_the_venue_refuses_ends_rejected() -> None:
    async with running_venue() as venue:
        await place(venue, reduceOnly="true")
        move_to(venue, 49000)

        assert await status(venue) == "REJECTED"
        assert (await venue.signed("GET", "/fapi/v1/allOrders", symbol=SYMBOL)).json == []


async def test_conditional_orders_are_cancelled_one_by_one_and_all_at_once() -> None:
    async with running_venue() as venue:
        placed = await place(venue)
        await place(venue, clientAlgoId="other")
        await venue.limit("48000.0", newClientOrderId="regular")

        one = await venue.signed("DELETE", ALGO, clientAlgoId="stop")
        again = await venue.signed("DELETE", ALGO, clientAlgoId="stop")
        rest = await venue.signed("DELETE", "/fapi/v1/algoOpenOrders", symbol=SYMBOL)
        regular = await venue.signed("GET", "/fapi/v1/openOrders", symbol=SYMBOL)

        assert one.json == {
            "algoId": placed.json["algoId"],
            "clientAlgoId": "stop",
            "code": "200",
            "msg": "success",
        }
        assert again.code == -2011
        assert rest.json["code"] == 200
        assert [await status(venue), await status(venue, "other")] == ["CANCELED", "CANCELED"]
        assert [order["clientOrderId"] for order in regular.json] == ["regular"]


async def test_cancelling_all_orders_leaves_conditional_ones() -> None:
    async with running_venue() as venue:
        await place(venue)
        await venue.signed("DELETE", "/fapi/v1/allOpenOrders", symbol=SYMBOL)

        assert await status(venue) == "NEW"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"algoType": "VP"}, -1130),
        ({"type": "MARKET"}, -1116),
        ({"triggerPrice": None}, -1102),
        ({"triggerPrice": "50001.0"}, -2021),
        ({"triggerPrice": "49000.05"}, -4014),
        ({"quantity": "0.0001"}, -1111),
        ({"closePosition": "true"}, -4137),
        ({"closePosition": "true", "type": "STOP", "price": "49000.0"}, -4136),
        ({"closePosition": "true", "quantity": None, "reduceOnly": "true"}, -1106),
        ({"workingType": "INDEX"}, -4031),
        ({"type": "TRAILING_STOP_MARKET", "callbackRate": "11"}, -2007),
        ({"priceMatch": "QUEUE"}, -5038),
        ({"positionSide": "LONG"}, -4061),
        ({"symbol": "DOGEUSDT"}, -1121),
    ],
)
async def test_a_conditional_order_that_makes_no_sense_is_refused(
    params: dict[str, object], code: int
) -> None:
    async with running_venue() as venue:
        assert (await place(venue, **params)).code == code


async def test_a_name_may_be_used_again_when_its_order_waits_no_longer() -> None:
    async with running_venue() as venue:
        await place(venue)
        twice = await place(venue)
        await venue.signed("DELETE", ALGO, clientAlgoId="stop")
        later = await place(venue)

        assert twice.code == -4116
        assert later.json["algoStatus"] == "NEW"
