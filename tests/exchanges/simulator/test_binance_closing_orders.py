"""Orders that only close, beside others that close the same position at the simulated Binance."""

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

ORDER = "/fapi/v1/order"


async def test_what_rests_to_close_the_whole_position_leaves_nothing_to_reduce() -> None:
    async with running_venue() as venue:
        await venue.order(quantity="0.300")
        await venue.limit("51000.0", side="SELL", quantity="0.200", reduceOnly="true")
        beside = await venue.limit("52000.0", side="SELL", quantity="0.100", reduceOnly="true")

        refused = await venue.order(side="SELL", quantity="0.100", reduceOnly="true")
        plain = await venue.order(side="SELL", quantity="0.300")

        assert (beside.status, refused.status, refused.code) == (200, 400, -4118)
        assert plain.json["status"] == "FILLED"
        assert (await venue.signed("GET", "/fapi/v1/openOrders", symbol=SYMBOL)).json == []


async def test_what_only_closes_binds_no_margin_however_much_it_asks() -> None:
    async with running_venue() as venue:
        await venue.order(quantity="0.300")
        await venue.limit("51000.0", side="SELL", quantity="1.000", reduceOnly="true")

        position = await venue.position() or {}

        assert Decimal(position["openOrderInitialMargin"]) == 0
        assert Decimal(position["askNotional"]) == 0


async def test_a_reduce_only_order_may_not_leave_resting_ones_beyond_the_margin() -> None:
    async with running_venue(Decimal(1_000)) as venue:
        await venue.order(quantity="0.300")
        await venue.limit("51000.0", side="SELL", quantity="0.550")

        refused = await venue.order(side="SELL", quantity="0.300", reduceOnly="true")
        smaller = await venue.order(side="SELL", quantity="0.050", reduceOnly="true")

        assert (refused.status, refused.code) == (400, -4118)
        assert smaller.json["status"] == "FILLED"


async def _hedged(venue: RunningVenue, long: str, short: str) -> None:
    await venue.signed("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")
    await venue.order(positionSide="LONG", quantity=long)
    await venue.order(positionSide="SHORT", side="SELL", quantity=short)


async def _close_long(venue: RunningVenue, quantity: str, name: str | None = None) -> Reply:
    return await venue.limit(
        "50000.0",
        side="SELL",
        positionSide="LONG",
        quantity=quantity,
        newClientOrderId=name,
    )


async def test_in_hedge_mode_closing_orders_together_ask_for_no_more_than_is_held() -> None:
    async with running_venue() as venue:
        await _hedged(venue, "0.300", "0.500")
        first = await _close_long(venue, "0.200", "first")
        too_much = await _close_long(venue, "0.101")
        at_market = await venue.order(side="SELL", positionSide="LONG", quantity="0.200")
        second = await _close_long(venue, "0.100")
        widened = await venue.signed(
            "PUT",
            ORDER,
            symbol=SYMBOL,
            origClientOrderId="first",
            side="SELL",
            quantity="0.201",
            price="50000.0",
        )

        codes = (too_much.code, at_market.code, widened.code)

        assert (first.status, second.status, codes) == (200, 200, (-2022, -2022, -2022))


async def test_a_triggered_close_comes_beside_what_rests_and_ends_it() -> None:
    async with running_venue() as venue:
        await venue.order(quantity="0.300")
        await venue.limit("52000.0", side="SELL", quantity="0.300", reduceOnly="true")
        await venue.signed(
            "POST",
            "/fapi/v1/algoOrder",
            symbol=SYMBOL,
            algoType="CONDITIONAL",
            side="SELL",
            type="STOP_MARKET",
            closePosition="true",
            triggerPrice="49500.0",
        )

        move_market(venue.simulation, Decimal("49399.0"), Decimal("49401.0"))

        assert await venue.position() is None
        orders = (await venue.signed("GET", "/fapi/v1/allOrders", symbol=SYMBOL)).json
        assert [order["status"] for order in orders] == ["FILLED", "EXPIRED", "FILLED"]


async def test_a_maker_that_only_closes_never_turns_its_side_around() -> None:
    async with running_venue() as venue:
        await _hedged(venue, "0.300", "0.600")
        move_market(venue.simulation, Decimal("49990.0"), Decimal("50010.0"))
        await _close_long(venue, "0.300", "rest")
        await venue.signed(
            "POST",
            "/fapi/v1/algoOrder",
            symbol=SYMBOL,
            algoType="CONDITIONAL",
            side="SELL",
            positionSide="LONG",
            type="STOP_MARKET",
            closePosition="true",
            triggerPrice="49500.0",
        )
        thin = Decimal("0.001")  # a level: only a part of the position finds a buyer
        move_market(venue.simulation, Decimal("48900.0"), Decimal("50010.0"), thin)
        halved = (await venue.signed("GET", "/fapi/v3/positionRisk")).json

        met = await venue.limit(
            "50000.0",
            side="BUY",
            positionSide="SHORT",
            quantity="0.600",
            selfTradePreventionMode="NONE",
        )

        left = Decimal(halved[0]["positionAmt"])
        rows = (await venue.signed("GET", "/fapi/v3/positionRisk")).json
        maker = await venue.signed("GET", ORDER, symbol=SYMBOL, origClientOrderId="rest")
        assert 0 < left < Decimal("0.300")
        assert (met.status, Decimal(met.json["executedQty"])) == (200, left)
        assert [row["positionAmt"] for row in rows] == [str(left - Decimal("0.600"))]
        assert (maker.json["status"], Decimal(maker.json["executedQty"])) == ("EXPIRED", left)


@pytest.mark.parametrize(
    ("long", "short", "survives", "dies"),
    [("2.000", "0.500", "1.001", "0.999"), ("0.500", "2.000", "0.999", "1.001")],
)
async def test_long_and_short_have_one_liquidation_price_and_it_is_where_they_are_liquidated(
    long: str, short: str, survives: str, dies: str
) -> None:
    async with running_venue(Decimal(20_000)) as venue:
        await venue.signed("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=50)
        await _hedged(venue, long, short)
        rows = (await venue.signed("GET", "/fapi/v3/positionRisk")).json
        prices = {Decimal(row["liquidationPrice"]) for row in rows}
        (price,) = prices

        counts = []
        for factor in (survives, dies):
            middle = (price * Decimal(factor)).quantize(Decimal("0.1"))
            move_market(venue.simulation, middle - 1, middle + 1)
            counts.append(len((await venue.signed("GET", "/fapi/v3/positionRisk")).json))

        assert counts == [2, 0]
