"""Money, margin and positions of the simulated Hyperliquid."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges.simulator.hyperliquid.asset import BTC, TAKER_FEE
from exchanges.simulator.hyperliquid.candles import HOUR_MS
from exchanges.simulator.hyperliquid.position import VenuePosition, direction
from tests.exchanges.simulator.hyperliquid_venue import MAIN, limit, running_venue, trigger

trades = st.tuples(
    st.integers(-300_000, 300_000).filter(bool).map(lambda lots: Decimal(lots).scaleb(-5)),
    st.integers(40_000, 60_000).map(Decimal),
)


@given(st.lists(trades, min_size=1, max_size=20))
@settings(deadline=None)
def test_profit_and_cost_add_up_to_the_cash_that_moved(done: list[tuple[Decimal, Decimal]]) -> None:
    position = VenuePosition()

    realized = sum((position.trade(size, price) for size, price in done), Decimal(0))

    paid = sum((size * price for size, price in done), Decimal(0))
    assert position.size == sum((size for size, _ in done), Decimal(0))
    assert realized == position.cost - paid
    if not position.size:
        assert position.cost == 0


@pytest.mark.parametrize(
    ("before", "signed", "name"),
    [
        ("0", "1", "Open Long"),
        ("1", "1", "Open Long"),
        ("2", "-1", "Close Long"),
        ("0", "-1", "Open Short"),
        ("-1", "1", "Close Short"),
        ("1", "-2", "Long > Short"),
        ("-1", "2", "Short > Long"),
    ],
)
def test_a_fill_is_named_after_what_it_does(before: str, signed: str, name: str) -> None:
    assert direction(Decimal(before), Decimal(signed)) == name


async def test_a_fresh_account_has_its_money_and_an_unknown_one_has_none() -> None:
    async with running_venue() as venue:
        state = await venue.state()
        nobody = await venue.info("clearinghouseState", user="0x" + "00" * 20)

        summary = {
            "accountValue": "100000.0",
            "totalNtlPos": "0.0",
            "totalRawUsd": "100000.0",
            "totalMarginUsed": "0.0",
        }
        assert state == {
            "marginSummary": summary,
            "crossMarginSummary": summary,
            "crossMaintenanceMarginUsed": "0.0",
            "withdrawable": "100000.0",
            "assetPositions": [],
            "time": venue.now_ms(),
        }
        assert nobody["marginSummary"]["accountValue"] == "0.0"


async def test_a_position_shows_price_value_margin_and_where_it_ends() -> None:
    async with running_venue() as venue:
        await venue.buy("1")
        venue.move("50499", "50501")

        state = await venue.state()
        position = await venue.position()

        fee = Decimal(50_001) * TAKER_FEE
        assert position["szi"] == "1.0"
        assert position["entryPx"] == "50001.0"
        assert position["positionValue"] == "50500.0"
        assert position["unrealizedPnl"] == "499.0"
        assert position["marginUsed"] == "2525.0"
        assert position["leverage"] == {"type": "cross", "value": 20}
        assert position["maxLeverage"] == 40
        assert position["liquidationPx"] is None
        assert Decimal(position["returnOnEquity"]) == pytest.approx(Decimal("0.19959601"))
        value = Decimal(100_000) - fee + 499
        assert Decimal(state["marginSummary"]["accountValue"]) == round(value, 6)
        assert Decimal(state["marginSummary"]["totalRawUsd"]) == round(value - 50_500, 6)
        assert Decimal(state["withdrawable"]) == round(value - 5_050, 6)
        assert state["crossMaintenanceMarginUsed"] == "631.25"


async def test_a_round_trip_costs_the_spread_and_two_fees_and_nothing_else() -> None:
    async with running_venue() as venue:
        await venue.buy("0.12345")
        await venue.sell("0.12345")

        last, first = await venue.info("userFills", user=MAIN)
        state = await venue.state()

        cash = Decimal(100_000) + Decimal(last["closedPnl"])
        cash -= Decimal(first["fee"]) + Decimal(last["fee"])
        assert (first["closedPnl"], last["closedPnl"]) == ("0.0", "-0.2469")
        assert (first["fee"], last["fee"]) == ("2.777681", "2.777569")
        assert Decimal(state["marginSummary"]["accountValue"]) == cash
        assert state["assetPositions"] == []


async def test_an_order_through_the_position_turns_it_round() -> None:
    async with running_venue() as venue:
        await venue.buy("0.5")
        await venue.sell("1.5")

        (fill, *_) = await venue.info("userFills", user=MAIN)
        position = await venue.position()

        assert (fill["dir"], fill["startPosition"], fill["closedPnl"]) == (
            "Long > Short",
            "0.5",
            "-1.0",
        )
        assert (position["szi"], position["entryPx"]) == ("-1.0", "49999.0")


async def test_leverage_decides_how_much_may_be_held() -> None:
    async with running_venue(Decimal(1_000)) as venue:
        await venue.act({"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": 1})
        refused = await venue.order(limit("buy", "50001", "0.02", "Ioc"))
        taken = await venue.order(limit("buy", "50001", "0.0199", "Ioc"))
        wanted = {"type": "updateLeverage", "asset": 0, "isCross": True}
        out_of_range = [await venue.act({**wanted, "leverage": times}) for times in (0, 41)]
        higher = await venue.act({**wanted, "leverage": 40})
        more = await venue.order(limit("buy", "50001", "0.5", "Ioc"))
        lower = await venue.act({**wanted, "leverage": 3})

        assert refused.error == "Insufficient margin to place order. asset=0"
        assert "filled" in taken.statuses[0]
        assert [reply.json["response"] for reply in out_of_range] == ["Invalid leverage value"] * 2
        assert higher.json["status"] == "ok"
        assert "filled" in more.statuses[0]
        assert lower.json["response"].startswith("Cross position does not have sufficient margin")
        assert (await venue.position())["leverage"]["value"] == 40


async def test_resting_orders_bind_margin_and_opposite_ones_do_not_add_up() -> None:
    async with running_venue(Decimal(3_000)) as venue:
        first = await venue.order(limit("buy", "49000", "1"))
        opposite = await venue.order(limit("sell", "51000", "1"))
        second = await venue.order(limit("buy", "49000", "1"))

        assert "resting" in first.statuses[0]
        assert "resting" in opposite.statuses[0]
        assert second.error.startswith("Insufficient margin")


async def test_a_resting_order_without_margin_behind_it_ends_when_it_is_met() -> None:
    async with running_venue(Decimal(6_000)) as venue:
        await venue.buy("1")
        placed = await venue.order(limit("buy", "47000", "1"))

        venue.move("46999", "47000")

        assert (await venue.status(placed.oid))["status"] == "marginCanceled"
        assert (await venue.position())["szi"] == "1.0"


async def test_a_position_above_its_tier_needs_the_tier_s_leverage() -> None:
    async with running_venue(Decimal(50_000_000)) as venue:
        await venue.act({"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": 40})
        venue.move("49999", "50001", Decimal(2_000))

        too_much = await venue.order(limit("buy", "50003", "3001", "Ioc"))
        within = await venue.order(limit("buy", "50001", "1999", "Ioc"))

        assert too_much.error == (
            "Order would cause position to exceed margin tier limit at current leverage asset=0"
        )
        assert "filled" in within.statuses[0]


@pytest.mark.parametrize(("value", "margin"), [(100_000, 1_250), (160_000_000, 2_125_000)])
def test_maintenance_takes_each_tier_s_rate_on_its_own_part(value: int, margin: int) -> None:
    assert BTC.maintenance(Decimal(value)) == margin


async def test_an_isolated_position_has_its_own_margin() -> None:
    async with running_venue() as venue:
        await venue.act({"type": "updateLeverage", "asset": 0, "isCross": False, "leverage": 10})
        await venue.sell("1")
        position = await venue.position()
        switched = await venue.act(
            {"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": 10}
        )
        added = await venue.act(
            {"type": "updateIsolatedMargin", "asset": 0, "isBuy": False, "ntli": 1_000_000_000}
        )
        richer, state = await venue.position(), await venue.state()
        removed = await venue.act(
            {"type": "updateIsolatedMargin", "asset": 0, "isBuy": False, "ntli": -5_000_000_000}
        )
        await venue.buy("1")
        flat = await venue.act(
            {"type": "updateIsolatedMargin", "asset": 0, "isBuy": False, "ntli": 1_000_000}
        )

        assert position["leverage"] == {"type": "isolated", "value": 10, "rawUsd": "54998.9"}
        assert position["marginUsed"] == "4998.9"
        assert Decimal(position["liquidationPx"]) == pytest.approx(Decimal("54319.9"), abs=1)
        assert switched.json["response"] == "Cannot switch leverage type with open position."
        assert added.json["status"] == "ok"
        assert richer["marginUsed"] == "5998.9"
        assert Decimal(richer["liquidationPx"]) > Decimal(position["liquidationPx"])
        assert Decimal(state["crossMarginSummary"]["accountValue"]) < Decimal(94_000)
        assert removed.json["status"] == flat.json["status"] == "err"


async def test_an_isolated_position_pays_funding_and_gives_margin_back_by_its_share() -> None:
    async with running_venue() as venue:
        await venue.act({"type": "updateLeverage", "asset": 0, "isCross": False, "leverage": 10})
        await venue.buy("1")
        await venue.sell("0.5")
        half = await venue.position()
        venue.engine.settle_funding(Decimal("0.001"))
        funded = await venue.position()
        await venue.sell("0.5")
        state = await venue.state()

        assert half["marginUsed"] == "2499.55"  # 50001 / 10 / 2, and half a dollar lost
        assert funded["marginUsed"] == "2474.55"
        assert state["crossMarginSummary"] == state["marginSummary"]


async def test_funding_is_paid_every_hour_on_the_venue_s_clock() -> None:
    async with running_venue() as venue:
        await venue.sell("2")
        start = venue.now_ms()

        venue.advance(2 * 3_600)
        payments = await venue.info("userFunding", user=MAIN, startTime=start)
        rates = await venue.info("fundingHistory", coin="BTC", startTime=start)
        elsewhere = await venue.info("fundingHistory", coin="DOGE", startTime=start)
        position = await venue.position()

        hours = [(start // HOUR_MS + number) * HOUR_MS for number in (1, 2)]
        assert [payment["time"] for payment in payments] == hours
        assert [rate["time"] for rate in rates] == hours
        assert elsewhere == []
        assert {rate["fundingRate"] for rate in rates} == {"0.0000125"}
        assert [payment["delta"] for payment in payments] == [
            {
                "type": "funding",
                "coin": "BTC",
                "usdc": "1.25",
                "szi": "-2.0",
                "fundingRate": "0.0000125",
                "nSamples": None,
            }
        ] * 2
        assert position["cumFunding"] == {
            "allTime": "-2.5",
            "sinceOpen": "-2.5",
            "sinceChange": "-2.5",
        }


async def test_funding_is_settled_on_demand_and_a_shifted_clock_settles_none() -> None:
    async with running_venue() as venue:
        await venue.buy("2")
        venue.engine.settle_funding(Decimal("0.001"))
        venue.engine.set_clock_offset(5 * HOUR_MS)

        (payment,) = await venue.info("userFunding", user=MAIN)

        assert payment["delta"]["usdc"] == "-100.0"


@pytest.mark.parametrize(
    ("key", "secret", "balances", "said"),
    [
        ("me", "0x" + "01" * 20, {}, "account: expected an address"),
        ("0x" + "01" * 20, "private", {}, "API wallet: expected an address"),
        ("0x" + "01" * 20, "0x" + "01" * 20, {"USDT": "1"}, "hold USDC only"),
        ("0x" + "01" * 20, "0x" + "01" * 20, {"USDC": "-1"}, "0 or more"),
        (MAIN, "0x" + "05" * 20, {}, "exists already"),
    ],
)
async def test_accounts_are_wallets_with_usdc(
    key: str, secret: str, balances: dict[str, str], said: str
) -> None:
    async with running_venue() as venue:
        with pytest.raises(ValueError, match=said):
            venue.engine.add_account(
                key, secret, {name: Decimal(amount) for name, amount in balances.items()}
            )


async def test_what_may_be_traded_follows_from_money_and_leverage() -> None:
    async with running_venue() as venue:
        before = await venue.info("activeAssetData", user=MAIN, coin="BTC")
        await venue.sell("10")
        after = await venue.info("activeAssetData", user=MAIN, coin="BTC")

        assert before == {
            "user": MAIN,
            "coin": "BTC",
            "leverage": {"type": "cross", "value": 20},
            "maxTradeSzs": ["40.0", "40.0"],
            "availableToTrade": ["100000.0", "100000.0"],
            "markPx": "50000.0",
        }
        buy, sell = map(Decimal, after["maxTradeSzs"])
        assert buy - sell == pytest.approx(Decimal(20), abs=Decimal("0.0001"))


async def test_the_state_shows_everything_but_keys() -> None:
    async with running_venue() as venue:
        await venue.buy("1")
        await venue.order(trigger("sell", "40000", "1", "45000", "sl", r=True))
        venue.engine.settle_funding(Decimal("0.0001"))

        (account,) = venue.engine.state()["accounts"].values()

        assert account["balances"]["USDC"]["total"] == "99972.49955"
        assert account["positions"][0]["quantity"] == "1"
        assert [order["trigger_price"] for order in account["orders"]] == [None, "45000"]
        assert account["fills"][0]["direction"] == "Open Long"
        assert account["income"][0]["amount"] == "-5"
