"""Liquidation, isolated margin and funding by the clock at the simulated Binance."""

from __future__ import annotations

from decimal import Decimal

from exchanges.simulator.faults import FaultKind
from tests.exchanges.simulator.binance_venue import (
    KEY,
    SYMBOL,
    Reply,
    RunningVenue,
    move_market,
    running_venue,
)

EIGHT_HOURS = 8 * 3_600


def move_to(venue: RunningVenue, price: Decimal) -> None:
    tick = Decimal("0.1")
    middle = price // tick * tick
    move_market(venue.simulation, middle - tick, middle + tick)


async def incomes(venue: RunningVenue, kind: str) -> list[Decimal]:
    rows = (await venue.signed("GET", "/fapi/v1/income", incomeType=kind)).json
    return [Decimal(row["income"]) for row in rows]


async def isolate(venue: RunningVenue) -> None:
    await venue.signed("POST", "/fapi/v1/marginType", symbol=SYMBOL, marginType="ISOLATED")


# ---- liquidation


async def test_a_position_whose_margin_is_used_up_is_liquidated_at_the_mark() -> None:
    async with running_venue(usdt=Decimal(6_000)) as venue:
        await venue.order(side="SELL", quantity="1.000")
        await venue.limit("45000.0", newClientOrderId="rest", quantity="0.002")
        price = Decimal((await venue.position() or {})["liquidationPrice"])

        move_to(venue, price - 10)
        held = await venue.position()
        move_to(venue, price + 10)

        assert (held or {})["positionAmt"] == "-1.000"
        assert await venue.position() is None
        (order,) = (await venue.signed("GET", "/fapi/v1/forceOrders", symbol=SYMBOL)).json
        assert order["clientOrderId"].startswith("autoclose-")
        assert (order["status"], order["side"], order["origQty"]) == ("FILLED", "BUY", "1.000")
        assert (await venue.signed("GET", "/fapi/v1/openOrders", symbol=SYMBOL)).json == []


async def test_a_liquidation_takes_its_fee_out_of_what_is_left_and_no_more() -> None:
    async with running_venue(usdt=Decimal(6_000)) as venue:
        await venue.order(side="SELL", quantity="1.000")
        price = Decimal((await venue.position() or {})["liquidationPrice"])
        move_to(venue, price + 10)

        (fee,) = await incomes(venue, "INSURANCE_CLEAR")
        assert fee < 0
        assert await venue.wallet() == 0


async def test_the_insurance_fund_pays_what_a_jump_of_the_price_has_cost_too_much() -> None:
    async with running_venue(usdt=Decimal(6_000)) as venue:
        await venue.order(side="SELL", quantity="1.000")
        move_to(venue, Decimal(60_000))

        (paid,) = await incomes(venue, "INSURANCE_CLEAR")
        assert paid > Decimal(3_000)
        assert await venue.wallet() == 0


async def test_a_halted_market_liquidates_nobody() -> None:
    async with running_venue(usdt=Decimal(6_000)) as venue:
        await venue.order(side="SELL", quantity="1.000")
        venue.fault(FaultKind.HALT_MARKET, "*")
        move_to(venue, Decimal(60_000))
        halted = await venue.position()
        venue.simulation.faults.clear()
        move_to(venue, Decimal(60_001))

        assert halted is not None
        assert await venue.position() is None


async def test_a_hedged_account_is_liquidated_on_both_sides_and_settled_once() -> None:
    async with running_venue(usdt=Decimal(10_000)) as venue:
        await venue.signed("POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")
        await venue.order(side="SELL", positionSide="SHORT", quantity="1.000")
        await venue.order(side="BUY", positionSide="LONG", quantity="0.100")
        move_to(venue, Decimal(62_000))

        assert (await venue.signed("GET", "/fapi/v3/positionRisk")).json == []
        assert len(await incomes(venue, "INSURANCE_CLEAR")) == 1
        assert await venue.wallet() == 0


async def test_an_isolated_position_loses_its_own_margin_and_nothing_else() -> None:
    async with running_venue() as venue:
        await isolate(venue)
        await venue.order(side="SELL", quantity="1.000")
        before = await venue.wallet()
        margin = Decimal((await venue.position() or {})["isolatedWallet"])
        price = Decimal((await venue.position() or {})["liquidationPrice"])
        move_to(venue, price + 10)

        assert margin == Decimal("2499.95")
        assert await venue.position() is None
        assert await venue.wallet() == before - margin


# ---- isolated margin


async def test_an_isolated_position_has_its_margin_set_aside() -> None:
    async with running_venue() as venue:
        await isolate(venue)
        await venue.order(quantity="1.000")
        move_to(venue, Decimal(51_000))

        row = await venue.position() or {}
        account = (await venue.signed("GET", "/fapi/v3/account")).json
        wallet = Decimal(account["totalWalletBalance"])

        assert Decimal(row["isolatedWallet"]) == Decimal("2500.05")
        assert Decimal(row["isolatedMargin"]) == Decimal("2500.05") + 999
        assert Decimal(account["totalCrossWalletBalance"]) == wallet - Decimal("2500.05")
        assert Decimal(account["totalCrossUnPnl"]) == 0
        assert Decimal(account["availableBalance"]) == wallet - Decimal("2500.05")


async def test_closing_half_frees_half_of_the_margin() -> None:
    async with running_venue() as venue:
        await isolate(venue)
        await venue.order(quantity="1.000")
        await venue.order(side="SELL", quantity="0.500")

        assert Decimal((await venue.position() or {})["isolatedWallet"]) == Decimal("1250.025")


async def test_margin_is_added_and_taken_back() -> None:
    async with running_venue() as venue:
        await isolate(venue)
        flat = await _change_margin(venue, 1, "100")
        await venue.order(quantity="1.000")
        near = Decimal((await venue.position() or {})["liquidationPrice"])
        added = await _change_margin(venue, 1, "1000")
        far = Decimal((await venue.position() or {})["liquidationPrice"])
        too_much = await _change_margin(venue, 2, "1001")
        taken = await _change_margin(venue, 2, "900")
        more_than_there_is = await _change_margin(venue, 1, "1000000")
        history = await venue.signed("GET", "/fapi/v1/positionMargin/history", symbol=SYMBOL)

        assert flat.code == -4054
        assert added.json == {
            "amount": 1000.0,
            "code": 200,
            "msg": "Successfully modify position margin.",
            "type": 1,
        }
        assert far < near - 999
        assert (too_much.code, taken.status, more_than_there_is.code) == (-4051, 200, -4050)
        assert [(row["type"], row["amount"]) for row in history.json] == [(1, "1000"), (2, "900")]


async def test_cross_margin_takes_no_margin_by_hand_and_isolated_no_lower_leverage() -> None:
    async with running_venue() as venue:
        cross = await _change_margin(venue, 1, "100")
        await isolate(venue)
        await venue.order()
        lower = await venue.signed("POST", "/fapi/v1/leverage", symbol=SYMBOL, leverage=5)

        assert (cross.code, lower.code) == (-4049, -4161)


async def _change_margin(venue: RunningVenue, kind: int, amount: str) -> Reply:
    return await venue.signed(
        "POST", "/fapi/v1/positionMargin", symbol=SYMBOL, amount=amount, type=kind
    )


# ---- funding


async def test_funding_is_settled_every_eight_hours_of_the_venues_time() -> None:
    async with running_venue() as venue:
        await venue.order(side="SELL", quantity="1.000")
        index = (await venue.get("/fapi/v1/premiumIndex", symbol=SYMBOL)).json
        due_ms = index["nextFundingTime"]
        venue.clock.advance((due_ms - venue.now_ms()) / 1_000 - 1)
        early = await incomes(venue, "FUNDING_FEE")
        venue.clock.advance(1 + EIGHT_HOURS)
        late = await incomes(venue, "FUNDING_FEE")
        rates = (await venue.get("/fapi/v1/fundingRate", symbol=SYMBOL)).json

        assert due_ms % (EIGHT_HOURS * 1_000) == 0
        assert early == []
        assert late == [Decimal("5"), Decimal("5")]
        assert [row["fundingTime"] for row in rates] == [due_ms, due_ms + EIGHT_HOURS * 1_000]
        assert {row["rateType"] for row in rates} == {"Regular"}


async def test_an_isolated_position_pays_its_funding_out_of_its_own_margin() -> None:
    async with running_venue() as venue:
        await isolate(venue)
        await venue.order(quantity="1.000")
        venue.simulation.binance.settle_funding(Decimal("0.001"))

        assert Decimal((await venue.position() or {})["isolatedWallet"]) == Decimal("2450.05")
        assert venue.simulation.binance.account(KEY).income[-1].amount == Decimal(-50)
