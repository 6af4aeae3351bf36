"""Changing orders, their finer options, and the dead man's switch at the simulated Binance."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from exchanges.simulator.faults import FaultKind
from tests.exchanges.simulator.binance_venue import (
    SYMBOL,
    Reply,
    RunningVenue,
    move_market,
    running_venue,
)

ORDER = "/fapi/v1/order"


async def read(venue: RunningVenue, name: str) -> Reply:
    return await venue.signed("GET", ORDER, symbol=SYMBOL, origClientOrderId=name)


async def amend(venue: RunningVenue, name: str, **params: object) -> Reply:
    wanted = {"symbol": SYMBOL, "side": "BUY", "quantity": "0.010"} | params
    return await venue.signed("PUT", ORDER, origClientOrderId=name, **wanted)


# ---- amendments


async def test_an_amended_order_keeps_its_ids_and_rests_at_the_new_price() -> None:
    async with running_venue() as venue:
        placed = await venue.limit("48000.0", newClientOrderId="mine")

        reply = await amend(venue, "mine", price="49000.0", quantity="0.020")

        assert reply.json["orderId"] == placed.json["orderId"]
        assert (reply.json["clientOrderId"], reply.json["status"]) == ("mine", "NEW")
        assert (reply.json["price"], reply.json["origQty"]) == ("49000.00", "0.020")
        assert "modifyId" not in reply.json
        assert "avgPrice" not in reply.json
        assert reply.headers["x-mbx-order-count-10s"] == "2"


async def test_an_amendment_is_answered_with_the_name_that_the_client_gave_it() -> None:
    async with running_venue() as venue:
        await venue.limit("48000.0", newClientOrderId="mine")

        named = await amend(venue, "mine", price="49000.0", modifyId=77)
        nameless = await amend(venue, "mine", price="49100.0")

        assert named.json["modifyId"] == 77
        assert "modifyId" not in nameless.json


async def test_only_a_change_that_says_reduce_only_may_make_a_reduce_only_order_tiny() -> None:
    async with running_venue() as venue:
        await venue.order(quantity="0.010")
        await venue.limit("51000.0", side="SELL", reduceOnly="true", newClientOrderId="target")
        await venue.limit("48000.0", newClientOrderId="plain")

        unsaid = await amend(venue, "target", side="SELL", price="49999.5", quantity="0.001")
        said = await amend(
            venue, "target", side="SELL", price="49999.5", quantity="0.001", reduceOnly="true"
        )
        untrue = await amend(venue, "plain", price="48100.0", reduceOnly="true")

        assert (unsaid.code, untrue.code) == (-5029, -5047)
        assert (said.status, said.json["reduceOnly"]) == (200, True)


async def test_an_amended_order_needs_margin_for_what_it_becomes_alone() -> None:
    async with running_venue(Decimal(1_000)) as venue:
        await venue.limit("48000.0", quantity="0.300", newClientOrderId="mine")

        dearer = await amend(venue, "mine", price="49000.0", quantity="0.300")
        too_dear = await amend(venue, "mine", price="49000.0", quantity="0.500")

        assert (dearer.status, too_dear.code) == (200, -2019)


async def test_an_amended_order_that_crosses_the_book_trades() -> None:
    async with running_venue() as venue:
        await venue.limit("48000.0", newClientOrderId="mine")

        reply = await amend(venue, "mine", price="50001.0")

        assert (reply.json["status"], reply.json["executedQty"]) == ("FILLED", "0.010")


async def test_a_post_only_order_that_would_cross_is_cancelled_by_its_amendment() -> None:
    async with running_venue() as venue:
        await venue.limit("48000.0", "GTX", newClientOrderId="mine")

        reply = await amend(venue, "mine", price="50001.0")

        assert (reply.json["status"], reply.json["executedQty"]) == ("CANCELED", "0.000")


async def test_an_order_amended_to_what_has_filled_already_is_cancelled() -> None:
    async with running_venue() as venue:
        await venue.limit("50000.0", quantity="0.500", newClientOrderId="mine")
        move_market(venue.simulation, Decimal("49990.0"), Decimal("50000.0"), Decimal("0.2"))
        filled = await read(venue, "mine")

        reply = await amend(venue, "mine", price="49000.0", quantity="0.100")

        assert (filled.json["status"], filled.json["executedQty"]) == ("PARTIALLY_FILLED", "0.200")
        assert (reply.json["status"], reply.json["executedQty"]) == ("CANCELED", "0.200")


async def test_an_amendment_that_is_refused_leaves_the_order_as_it_was() -> None:
    async with running_venue() as venue:
        await venue.limit("48000.0", newClientOrderId="mine")
        codes = [
            (await amend(venue, "mine", price="48000.0")).code,
            (await amend(venue, "mine", price="48000.05")).code,
            (await amend(venue, "mine", price="48000.0", quantity="60.000")).code,
            (await amend(venue, "mine", price="47000.0", side="SELL")).code,
            (await amend(venue, "mine")).code,
            (await amend(venue, "nobody's", price="47000.0")).code,
        ]

        untouched = await read(venue, "mine")
        assert codes == [-5027, -4014, -2019, -1117, -1102, -2013]
        assert (untouched.json["price"], untouched.json["origQty"]) == ("48000.00", "0.010")


async def test_batches_amend_and_cancel_each_order_for_itself() -> None:
    async with running_venue() as venue:
        first = (await venue.limit("48000.0", newClientOrderId="one")).json["orderId"]
        await venue.limit("48000.0", newClientOrderId="two")
        changes = [
            {"symbol": SYMBOL, "orderId": first, "side": "BUY", "quantity": "0.010",
             "price": "47000.0"},
            {"symbol": SYMBOL, "origClientOrderId": "no", "side": "BUY", "quantity": "0.010",
             "price": "47000.0"},
        ]  # fmt: skip

        amended = await venue.signed("PUT", "/fapi/v1/batchOrders", batchOrders=json.dumps(changes))
        by_number = await venue.signed(
            "DELETE", "/fapi/v1/batchOrders", symbol=SYMBOL, orderIdList=f"[{first},1]"
        )
        by_name = await venue.signed(
            "DELETE", "/fapi/v1/batchOrders", symbol=SYMBOL, origClientOrderIdList='["two"]'
        )

        assert [one.get("price") or one["code"] for one in amended.json] == ["47000.00", -2013]
        assert [one.get("status") or one["code"] for one in by_number.json] == ["CANCELED", -2011]
        assert [one["status"] for one in by_name.json] == ["CANCELED"]


# ---- options of an order


async def test_a_rehearsed_order_is_checked_and_not_placed() -> None:
    async with running_venue() as venue:
        good = await venue.signed(
            "POST", f"{ORDER}/test", symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.010"
        )
        bad = await venue.signed(
            "POST", f"{ORDER}/test", symbol=SYMBOL, side="BUY", type="MARKET", quantity="50"
        )

        assert (good.json["status"], good.json["avgPrice"]) == ("NEW", "0.00")
        assert good.json["cumQuote"] == "0.00000"
        assert bad.code == -2019
        assert (await venue.signed("GET", "/fapi/v1/allOrders", symbol=SYMBOL)).json == []


async def test_an_order_good_till_a_date_expires_then() -> None:
    async with running_venue() as venue:
        until = venue.now_ms() + 601_500
        placed = await venue.limit("49000.0", "GTD", goodTillDate=until, newClientOrderId="mine")
        venue.clock.advance(600)
        before = await read(venue, "mine")
        venue.clock.advance(2)
        after = await read(venue, "mine")

        assert placed.json["goodTillDate"] == until // 1_000 * 1_000
        assert (before.json["status"], after.json["status"]) == ("NEW", "EXPIRED")
        assert before.json["timeInForce"] == "GTD"


@pytest.mark.parametrize(
    ("match", "price"),
    [
        ("OPPONENT", "50001.00"),
        ("OPPONENT_5", "50005.40"),
        ("QUEUE", "49999.00"),
        ("QUEUE_10", "49990.00"),
    ],
)
async def test_a_price_match_takes_the_price_from_the_book(match: str, price: str) -> None:
    async with running_venue() as venue:
        reply = await venue.order(type="LIMIT", timeInForce="GTC", priceMatch=match)

        assert (reply.json["price"], reply.json["priceMatch"]) == (price, match)


async def test_a_price_match_goes_without_a_price() -> None:
    async with running_venue() as venue:
        assert (await venue.limit("50000.0", priceMatch="QUEUE")).code == -1106


@pytest.mark.parametrize(
    ("mode", "maker", "taker", "executed"),
    [
        ("EXPIRE_MAKER", "EXPIRED_IN_MATCH", "FILLED", "5.000"),
        ("EXPIRE_TAKER", "NEW", "EXPIRED_IN_MATCH", "4.000"),
        ("EXPIRE_BOTH", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH", "4.000"),
        ("NONE", "FILLED", "FILLED", "5.000"),
    ],
)
async def test_an_order_that_meets_one_of_its_own_account_does_as_it_was_told(
    mode: str, maker: str, taker: str, executed: str
) -> None:
    async with running_venue() as venue:
        await venue.limit("50003.0", side="SELL", quantity="0.500", newClientOrderId="maker")

        # Two at 50,001.0 and two at 50,002.1 are the market's; then comes the own order.
        reply = await venue.limit(
            "50005.0", quantity="5.000", selfTradePreventionMode=mode, newClientOrderId="taker"
        )

        assert (reply.json["status"], reply.json["executedQty"]) == (taker, executed)
        assert reply.json["selfTradePreventionMode"] == mode
        assert (await read(venue, "maker")).json["status"] == maker


async def test_a_trade_with_oneself_shows_both_sides_under_one_trade_id() -> None:
    async with running_venue() as venue:
        await venue.limit("50002.0", side="SELL", quantity="0.500")
        await venue.limit("50004.0", quantity="5.000", selfTradePreventionMode="NONE")

        trades = (await venue.signed("GET", "/fapi/v1/userTrades", symbol=SYMBOL)).json

        (maker,) = [one for one in trades if one["maker"]]
        same = [one for one in trades if one["id"] == maker["id"]]
        assert [(one["side"], one["qty"]) for one in same] == [("BUY", "0.500"), ("SELL", "0.500")]


async def test_a_post_only_order_inside_an_own_one_is_refused() -> None:
    async with running_venue() as venue:
        await venue.limit("50000.0", side="SELL")

        assert (await venue.limit("50000.5", "GTX")).code == -5022


# ---- countdown


async def test_a_countdown_cancels_the_orders_of_its_symbol_unless_it_is_put_off() -> None:
    async with running_venue() as venue:
        await venue.limit("49000.0", newClientOrderId="mine")
        started = await _count_down(venue, 10_000)
        venue.clock.advance(9)
        await _count_down(venue, 10_000)
        venue.clock.advance(9)
        put_off = await read(venue, "mine")
        venue.clock.advance(1)
        over = await read(venue, "mine")

        assert started.json == {"symbol": SYMBOL, "countdownTime": "10000"}
        assert started.headers["x-mbx-used-weight-1m"] == "10"
        assert (put_off.json["status"], over.json["status"]) == ("NEW", "CANCELED")


async def test_a_countdown_of_zero_ends_the_countdown() -> None:
    async with running_venue() as venue:
        await venue.limit("49000.0", newClientOrderId="mine")
        await _count_down(venue, 10_000)
        await _count_down(venue, 0)
        venue.clock.advance(60)

        assert (await read(venue, "mine")).json["status"] == "NEW"


async def _count_down(venue: RunningVenue, milliseconds: int) -> Reply:
    return await venue.signed(
        "POST", "/fapi/v1/countdownCancelAll", symbol=SYMBOL, countdownTime=milliseconds
    )


# ---- what is forgotten


async def test_an_order_that_ended_empty_can_be_read_for_three_days_only() -> None:
    async with running_venue() as venue:
        await venue.limit("49000.0", newClientOrderId="empty")
        await venue.signed("DELETE", ORDER, symbol=SYMBOL, origClientOrderId="empty")
        await venue.order(newClientOrderId="filled")
        venue.clock.advance(3 * 86_400 + 1)

        assert (await read(venue, "empty")).code == -2013
        assert (await read(venue, "filled")).json["status"] == "FILLED"


async def test_trades_and_income_are_shown_for_three_months() -> None:
    async with running_venue() as venue:
        since = venue.now_ms() - 1
        await venue.order()
        venue.clock.advance(90 * 86_400 - 1)
        early = await _history(venue, since)
        venue.clock.advance(2)
        late = await _history(venue, since)

        assert early == (1, 1)
        assert late == (0, 0)


async def _history(venue: RunningVenue, since: int) -> tuple[int, int]:
    """How many trades and commissions of that time are shown."""
    trades = await venue.signed("GET", "/fapi/v1/userTrades", symbol=SYMBOL, startTime=since)
    income = await venue.signed(
        "GET", "/fapi/v1/income", startTime=since, incomeType="COMMISSION", limit=1000
    )
    return len(trades.json), len(income.json)


async def test_a_partial_fault_still_cuts_an_order_short() -> None:
    async with running_venue() as venue:
        venue.fault(FaultKind.PARTIAL, f"POST {ORDER}", fraction="0.5")

        reply = await venue.limit("50001.0", "GTD", goodTillDate=venue.now_ms() + 700_000)

        assert (reply.json["status"], reply.json["executedQty"]) == ("EXPIRED", "0.005")
