"""Field by field: what the simulated Binance answers with (Binance docs, USDⓈ-M endpoints)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.exchanges.simulator.binance_venue import SYMBOL, RunningVenue, running_venue

ORDER = (
    "clientOrderId cumQty executedQty orderId origQty price reduceOnly side positionSide status "
    "stopPrice closePosition symbol timeInForce type origType updateTime workingType priceProtect "
    "priceMatch selfTradePreventionMode goodTillDate"
)
READ = ORDER.replace("cumQty ", "") + " avgPrice cumQuote time"
FORCED = (
    "orderId symbol status clientOrderId price avgPrice origQty executedQty cumQuote timeInForce "
    "type reduceOnly closePosition side positionSide stopPrice workingType origType time updateTime"
)
RISK_V3 = (
    "symbol positionSide positionAmt entryPrice breakEvenPrice markPrice unRealizedProfit "
    "liquidationPrice isolatedMargin notional marginAsset isolatedWallet initialMargin maintMargin "
    "positionInitialMargin openOrderInitialMargin adl bidNotional askNotional updateTime"
)
RISK_V2 = (
    "entryPrice breakEvenPrice marginType isAutoAddMargin isolatedMargin leverage liquidationPrice "
    "markPrice maxNotionalValue positionAmt notional isolatedWallet symbol unRealizedProfit "
    "positionSide updateTime"
)
TOTALS = (
    "totalInitialMargin totalMaintMargin totalWalletBalance totalUnrealizedProfit "
    "totalMarginBalance totalPositionInitialMargin totalOpenOrderInitialMargin "
    "totalCrossWalletBalance totalCrossUnPnl availableBalance maxWithdrawAmount assets positions"
)
CONFIG = "feeTier canTrade canDeposit canWithdraw updateTime multiAssetsMargin tradeGroupId"
ASSET = (
    "asset walletBalance unrealizedProfit marginBalance maintMargin initialMargin "
    "positionInitialMargin openOrderInitialMargin crossWalletBalance crossUnPnl availableBalance "
    "maxWithdrawAmount updateTime"
)
ACCOUNT_POSITION_V3 = (
    "symbol positionSide positionAmt unrealizedProfit isolatedMargin notional isolatedWallet "
    "initialMargin maintMargin updateTime"
)
BALANCE = (
    "accountAlias asset balance crossWalletBalance crossUnPnl availableBalance maxWithdrawAmount "
    "marginAvailable updateTime"
)
TRADE = (
    "buyer commission commissionAsset id maker orderId price qty quoteQty baseQty marginAsset "
    "realizedPnl side positionSide symbol pair time"
)
INCOME = "symbol incomeType income asset info time tranId tradeId"
MARK = (
    "symbol markPrice indexPrice estimatedSettlePrice lastFundingRate interestRate "
    "nextFundingTime time"
)
LIMIT = "rateLimitType interval intervalNum limit"


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("v1/openOrders", READ),
        ("v1/allOrders", READ),
        ("v1/userTrades", TRADE),
        ("v1/income", INCOME),
        ("v2/positionRisk", RISK_V2),
        ("v3/positionRisk", RISK_V3),
        ("v2/balance", BALANCE),
        ("v3/balance", BALANCE),
        ("v2/account", f"{CONFIG} feeBurn {TOTALS}"),
        ("v3/account", TOTALS),
        ("v1/accountConfig", f"{CONFIG} dualSidePosition"),
        ("v1/symbolConfig", "symbol marginType isAutoAddMargin leverage maxNotionalValue"),
        ("v1/leverageBracket", "symbol notionalCoef brackets"),
        (
            "v1/commissionRate",
            "symbol makerCommissionRate takerCommissionRate rpiCommissionRate",
        ),
        ("v1/adlQuantile", "symbol adlQuantile"),
        ("v1/rateLimit/order", LIMIT),
        ("v1/apiTradingStatus", "indicators updateTime"),
        ("v1/positionSide/dual", "dualSidePosition"),
        ("v1/multiAssetsMargin", "multiAssetsMargin"),
        ("v1/premiumIndex", MARK),
        ("v1/ticker/bookTicker", "symbol bidPrice bidQty askPrice askQty time"),
        ("v1/ticker/price", "symbol price time"),
        ("v1/depth", "lastUpdateId E T bids asks"),
        ("v1/trades", "id price qty quoteQty time isBuyerMaker isRPITrade"),
        ("v1/aggTrades", "a p q nq f l T m"),
        ("v1/openInterest", "openInterest symbol time"),
        ("v1/fundingRate", "symbol fundingTime fundingRate markPrice rateType"),
    ],
)
async def test_an_answer_has_the_fields_of_the_venues_and_no_others(path: str, fields: str) -> None:
    async with running_venue() as venue:
        await _fill_the_account(venue)

        answer = (await venue.signed("GET", f"/fapi/{path}", symbol=SYMBOL)).json

        first = answer[0] if isinstance(answer, list) else answer
        assert set(first) == set(fields.split())


@pytest.mark.parametrize(
    ("method", "path", "params", "fields"),
    [
        ("POST", "order", {"side": "BUY", "type": "MARKET", "quantity": "0.010"}, ORDER),
        (
            "POST",
            "order/test",
            {"side": "BUY", "type": "MARKET", "quantity": "0.010"},
            f"{ORDER} avgPrice cumQuote",
        ),
        (
            "PUT",
            "order",
            {
                "side": "BUY",
                "quantity": "0.010",
                "price": "47000.0",
                "origClientOrderId": "resting",
            },
            f"{ORDER} pair",
        ),
        ("GET", "order", {"origClientOrderId": "resting"}, READ),
        ("GET", "openOrder", {"origClientOrderId": "resting"}, READ),
        ("DELETE", "order", {"origClientOrderId": "resting"}, ORDER),
        ("DELETE", "batchOrders", {"origClientOrderIdList": '["resting"]'}, ORDER),
        (
            "POST",
            "batchOrders",
            {
                "batchOrders": json.dumps(
                    [{"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "0.010"}]
                )
            },
            ORDER,
        ),
        ("DELETE", "allOpenOrders", {}, "code msg"),
        ("POST", "leverage", {"leverage": 7}, "leverage maxNotionalValue symbol"),
    ],
)
async def test_what_is_done_is_answered_with_the_fields_of_the_venues(
    method: str, path: str, params: dict[str, Any], fields: str
) -> None:
    async with running_venue() as venue:
        await venue.limit("48000.0", newClientOrderId="resting")

        answer = (await venue.signed(method, f"/fapi/v1/{path}", symbol=SYMBOL, **params)).json

        first = answer[0] if isinstance(answer, list) else answer
        assert set(first) == set(fields.split())


async def test_the_parts_of_the_account_have_the_fields_of_their_version() -> None:
    async with running_venue() as venue:
        await _fill_the_account(venue)

        old = (await venue.signed("GET", "/fapi/v2/account")).json
        new = (await venue.signed("GET", "/fapi/v3/account")).json

        assert set(old["assets"][0]) == {*ASSET.split(), "marginAvailable"}
        assert set(new["assets"][0]) == set(ASSET.split())
        assert set(new["positions"][0]) == set(ACCOUNT_POSITION_V3.split())
        assert {"leverage", "isolated", "maxNotional", "bidNotional"} <= set(old["positions"][0])


async def test_forced_orders_have_fields_of_their_own() -> None:
    async with running_venue() as venue:
        await _fill_the_account(venue)
        account = venue.simulation.binance
        account.force_close("binance-key", SYMBOL, abs(next(_held(venue))), "ADL")

        (row,) = (await venue.signed("GET", "/fapi/v1/forceOrders")).json

        assert set(row) == set(FORCED.split())
        assert row["clientOrderId"] == "adl_autoclose"


def _held(venue: RunningVenue) -> Any:
    account = venue.simulation.binance.account("binance-key")
    return (position.quantity for _, _, position in account.held())


async def _fill_the_account(venue: RunningVenue) -> None:
    await venue.order(quantity="0.100")
    await venue.limit("48000.0", newClientOrderId="resting")
    venue.simulation.binance.settle_funding(venue.simulation.binance.funding.rate(SYMBOL))
