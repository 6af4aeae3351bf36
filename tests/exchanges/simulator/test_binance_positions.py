"""Positions, reduce-only, modes, leverage and margin at the simulated Binance."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.exchanges.simulator.binance_venue import (
    START_USDT,
    SYMBOL,
    RunningVenue,
    move_market,
    running_venue,
)

ORDER = "/fapi/v1/order"


async def test_a_flat_account_has_no_position_row_in_version_three_but_one_in_version_two() -> None:
    async with running_venue() as venue:
        assert await venue.position() is None
        rows = (await venue.signed("GET", "/fapi/v2/positionRisk", symbol=SYMBOL)).json
        assert (rows[0]["positionAmt"], rows[0]["leverage"]) == ("0.000", "20")


async def test_a_short_is_negative_and_earns_when_the_price_falls() -> None:
    async with running_venue() as venue:
        await venue.order(side="SELL", quantity="1.000")
        move_market(venue.simulation, Decimal("48999.0"), Decimal("49001.0"))

        position = await venue.position() or {}

        assert position["positionAmt"] == "-1.000"
        assert Decimal(position["entryPrice"]) == Decimal("49999")
        assert Decimal(position["markPrice"]) == Decimal("49000")
        assert Decimal(position["unRealizedProfit"]) == Decimal("999")
        assert Decimal(position["notional"]) == Decimal("-49000")
        assert "leverage" not in position


async def test_closing_realises_the_difference_and_charges_both_fees() -> None:
    async with running_venue() as venue:
        await venue.order(side="SELL", quantity="1.000")  # at 49,999
        move_market(venue.simulation, Decimal("48999.0"), Decimal("49001.0"))
        await venue.order(side="BUY", quantity="1.000", reduceOnly="true")  # at 49,001

        profit = Decimal("49999") - Decimal("49001")
        fees = (Decimal("49999") + Decimal("49001")) * Decimal("0.0005")
        assert await venue.wallet() == START_USDT + profit - fees
        assert await venue.position() is None
        income = (await venue.signed("GET", "/fapi/v1/income", symbol=SYMBOL)).json
        assert [row["incomeType"] for row in income] == [
            "COMMISSION",
            "REALIZED_PNL",
            "COMMISSION",
        ]
        assert sum(Decimal(row["income"]) for row in income) == profit - fees


async def test_an_order_through_zero_turns_the_position_around() -> None:
    async with running_venue() as venue:
        await venue.order(side="BUY", quantity="0.300")
        await venue.order(side="SELL", quantity="0.500")

        position = await venue.position() or {}

        assert position["positionAmt"] == "-0.200"
        assert Decimal(position["entryPrice"]) == Decimal("49999")


async def test_reduce_only_never_opens_and_fills_no_more_than_is_held() -> None:
    async with running_venue() as venue:
        await venue.order(side="BUY", quantity="0.300")
        wrong_way = await venue.order(side="BUY", quantity="0.100", reduceOnly="true")
        too_much = await venue.order(side="SELL", quantity="0.500", reduceOnly="true")
        when_flat = await venue.order(side="SELL", quantity="0.100", reduceOnly="true")

        assert wrong_way.code == -2022
        assert (too_much.json["status"], too_much.json["executedQty"]) == ("EXPIRED", "0.300")
        assert when_flat.code == -2022
        assert await venue.position() is None


async def test_a_resting_reduce_only_order_expires_when_the_position_is_gone() -> None:
    async with running_venue() as venue:
        await venue.order(side="BUY", quantity="0.300")
        await venue.limit("51000.0", side="SELL", reduceOnly="true", newClientOrderId="target")

        await venue.order(side="SELL", quantity="0.300")

        order = await venue.signed("GET", ORDER, symbol=SYMBOL, origClientOrderId="target")
        assert order.json["status"] == "EXPIRED"


async def test_hedge_mode_holds_both_sides_and_has_its_own_rules() -> None:
    async with running_venue() as venue:
        await _hedge_mode(venue, "true")
        without_side = await venue.order()
        with_flag = await venue.order(positionSide="LONG", reduceOnly="false")
        await venue.order(positionSide="LONG", quantity="0.300")
        await venue.order(positionSide="SHORT", side="SELL", quantity="0.200")
        too_much = await venue.order(positionSide="LONG", side="SELL", quantity="0.301")
        closed = await venue.order(positionSide="SHORT", side="BUY", quantity="0.200")

        rows = (await venue.signed("GET", "/fapi/v3/positionRisk")).json
        assert without_side.code == -4061
        assert with_flag.code == -1106
        assert too_much.code == -2022
        assert closed.json["status"] == "FILLED"
        assert [(row["positionSide"], row["positionAmt"]) for row in rows] == [("LONG", "0.300")]


async def test_in_hedge_mode_each_side_has_its_own_largest_size() -> None:
    async with running_venue() as venue:
        await _hedge_mode(venue, "true")
        await venue.signed("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=150)

        long = await venue.order(positionSide="LONG", quantity="5.000")
        short = await venue.order(positionSide="SHORT", side="SELL", quantity="5.000")
        too_much = await venue.order(positionSide="LONG", quantity="2.000")

        assert (long.status, short.status, too_much.code) == (200, 200, -2027)


async def test_a_price_beyond_the_mark_costs_its_loss_besides_the_margin() -> None:
    async with running_venue(Decimal(1_000)) as venue:
        too_much = await venue.limit("52000.0", quantity="0.300")  # 780 margin, 600 at once
        enough = await venue.limit("52000.0", quantity="0.200")

        assert (too_much.code, enough.status) == (-2019, 200)


async def test_what_is_closed_of_an_isolated_position_frees_its_share_of_the_margin() -> None:
    async with running_venue() as venue:
        await _margin_type(venue, "ISOLATED")
        await venue.order(quantity="0.200")
        before = await venue.position() or {}
        await venue.order(side="SELL", quantity="0.050")

        after = await venue.position() or {}

        assert Decimal(after["isolatedWallet"]) == Decimal(before["isolatedWallet"]) * 3 / 4 > 0


async def test_a_large_position_is_liquidated_by_the_rate_of_its_bracket() -> None:
    async with running_venue() as venue:
        await venue.order(quantity="10.000")  # half a million: the second bracket

        position = await venue.position() or {}

        # Binance docs: (wallet + cumulative - size x entry) / (size x rate - size)
        cost, wallet = 10 * Decimal(position["entryPrice"]), await venue.wallet()
        expected = (wallet + 300 - cost) / (10 * Decimal("0.005") - 10)
        assert Decimal(position["liquidationPrice"]) == round(expected, 8)


async def test_the_position_mode_changes_only_when_there_is_nothing_to_lose() -> None:
    async with running_venue() as venue:
        same = await _hedge_mode(venue, "false")
        await venue.limit("49000.0", newClientOrderId="rest")
        with_order = await _hedge_mode(venue, "true")
        await venue.signed("DELETE", ORDER, symbol=SYMBOL, origClientOrderId="rest")
        await venue.order()
        with_position = await _hedge_mode(venue, "true")
        await venue.order(side="SELL")
        free = await _hedge_mode(venue, "true")

        assert (same, with_order, with_position, free) == (-4059, -4067, -4068, 200)
        mode = await venue.signed("GET", "/fapi/v1/positionSide/dual")
        assert mode.json == {"dualSidePosition": True}


async def test_the_margin_type_changes_only_when_there_is_nothing_to_lose() -> None:
    async with running_venue() as venue:
        same = await _margin_type(venue, "CROSSED")
        await venue.limit("49000.0", newClientOrderId="rest")
        with_order = await _margin_type(venue, "ISOLATED")
        await venue.signed("DELETE", ORDER, symbol=SYMBOL, origClientOrderId="rest")
        await venue.order()
        with_position = await _margin_type(venue, "ISOLATED")
        await venue.order(side="SELL")
        free = await _margin_type(venue, "ISOLATED")
        unknown = await _margin_type(venue, "BOTH")

        assert (same, with_order, with_position, free, unknown) == (
            -4046,
            -4047,
            -4048,
            200,
            -1130,
        )
        config = await venue.signed("GET", "/fapi/v1/symbolConfig", symbol=SYMBOL)
        assert config.json[0]["marginType"] == "ISOLATED"


async def test_leverage_decides_how_much_margin_a_position_binds() -> None:
    async with running_venue() as venue:
        await _leverage(venue, 10)
        await venue.order(side="SELL", quantity="1.000")

        account = (await venue.signed("GET", "/fapi/v3/account")).json

        assert Decimal(account["totalPositionInitialMargin"]) == Decimal("5000")
        free = Decimal(account["totalMarginBalance"]) - Decimal("5000")
        assert Decimal(account["availableBalance"]) == free
        assert (await venue.signed("GET", "/fapi/v3/balance")).json[0]["availableBalance"] == (
            account["availableBalance"]
        )


@pytest.mark.parametrize(("leverage", "code"), [(0, -4028), (151, -4028)])
async def test_leverage_out_of_range_is_refused(leverage: int, code: int) -> None:
    async with running_venue() as venue:
        assert await _leverage(venue, leverage) == code


async def test_leverage_cannot_fall_below_what_the_wallet_carries() -> None:
    async with running_venue(usdt=Decimal(10_000)) as venue:
        await venue.order(side="SELL", quantity="1.000")

        assert await _leverage(venue, 4) == -2028
        assert await _leverage(venue, 6) == 200


async def test_a_position_too_large_for_its_leverage_is_refused() -> None:
    async with running_venue(usdt=Decimal(10_000_000)) as venue:
        await _leverage(venue, 150)

        assert (await venue.order(quantity="7.000")).code == -2027
        await _leverage(venue, 50)
        assert (await venue.order(quantity="7.000")).status == 200
        assert await _leverage(venue, 150) == -2027


async def test_open_orders_bind_margin_and_a_cancel_frees_it() -> None:
    async with running_venue(usdt=Decimal(5_000)) as venue:
        await venue.limit("49000.0", quantity="2.000", newClientOrderId="rest")
        account = (await venue.signed("GET", "/fapi/v3/account")).json
        refused = await venue.limit("49000.0", quantity="0.100")
        await venue.signed("DELETE", ORDER, symbol=SYMBOL, origClientOrderId="rest")
        accepted = await venue.limit("49000.0", quantity="0.100")

        assert Decimal(account["totalOpenOrderInitialMargin"]) == Decimal("4900")
        assert refused.code == -2019
        assert accepted.status == 200


async def test_an_order_that_reduces_needs_no_margin() -> None:
    async with running_venue(usdt=Decimal(2_600)) as venue:
        await venue.order(side="SELL", quantity="1.000")  # binds 2,500
        more = await venue.order(side="SELL", quantity="0.100")
        back = await venue.order(side="BUY", quantity="1.000")

        assert more.code == -2019
        assert back.json["status"] == "FILLED"


async def test_at_the_liquidation_price_what_is_left_is_the_maintenance_margin() -> None:
    async with running_venue(usdt=Decimal(20_000)) as venue:
        await venue.order(side="SELL", quantity="1.000")
        position = await venue.position() or {}
        liquidation = Decimal(position["liquidationPrice"])
        price = liquidation.quantize(Decimal("0.1"))

        move_market(venue.simulation, price - 1, price + 1)

        account = (await venue.signed("GET", "/fapi/v3/account")).json
        assert liquidation > Decimal("50000")
        left = Decimal(account["totalMarginBalance"]) - Decimal(account["totalMaintMargin"])
        assert abs(left) < 1


async def test_an_isolated_position_is_liquidated_by_its_own_margin_alone() -> None:
    async with running_venue() as venue:
        await _leverage(venue, 10)
        await _margin_type(venue, "ISOLATED")
        await venue.order(side="SELL", quantity="1.000")

        position = await venue.position() or {}

        assert Decimal(position["isolatedWallet"]) == Decimal("4999.9")
        expected = (Decimal("4999.9") + Decimal("49999")) / Decimal("1.004")
        assert abs(Decimal(position["liquidationPrice"]) - expected) < Decimal("0.01")


async def test_settings_of_the_account_can_be_read() -> None:
    async with running_venue() as venue:
        config = (await venue.signed("GET", "/fapi/v1/accountConfig")).json
        fees = (await venue.signed("GET", "/fapi/v1/commissionRate", symbol=SYMBOL)).json
        brackets = (await venue.signed("GET", "/fapi/v1/leverageBracket", symbol=SYMBOL)).json
        assets = (await venue.signed("GET", "/fapi/v1/multiAssetsMargin")).json
        symbol = (await venue.signed("GET", "/fapi/v1/symbolConfig")).json

        assert config["dualSidePosition"] is False
        assert fees["takerCommissionRate"] == "0.0005"
        assert fees["makerCommissionRate"] == "0.0002"
        assert brackets[0]["brackets"][1]["cum"] == 300.0
        assert assets == {"multiAssetsMargin": False}
        assert symbol[0]["leverage"] == 20


async def _hedge_mode(venue: RunningVenue, on: str) -> int:
    reply = await venue.signed("POST", "/fapi/v1/positionSide/dual", dualSidePosition=on)
    return int(reply.json["code"])


async def _margin_type(venue: RunningVenue, kind: str) -> int:
    reply = await venue.signed("POST", "/fapi/v1/marginType", symbol=SYMBOL, marginType=kind)
    return int(reply.json["code"])


async def _leverage(venue: RunningVenue, leverage: int) -> int:
    reply = await venue.signed("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=leverage)
    return int(reply.json.get("code", reply.status))
