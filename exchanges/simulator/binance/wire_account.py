"""Balances, positions and settings as Binance writes them (USDⓈ-M docs, account endpoints).

Version 3 lists only what is held or ordered and carries no leverage; version 2
lists every contract and does.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.simulator.binance.account import MARGIN_ASSET, VenueAccount
from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.leverage_brackets import (
    BRACKETS,
    max_notional,
)
from exchanges.simulator.binance.records import MarginChange
from exchanges.simulator.binance.wire_orders import money_text, text
from exchanges.simulator.binance.wire_positions import account_positions

ZERO = Decimal(0)


def balances(engine: BinanceEngine, account: VenueAccount) -> list[dict[str, Any]]:
    """GET /fapi/v3/balance and v2."""
    margin = engine.margin(account)
    rows = []
    for asset, amount in account.wallet.items():
        is_margin = asset == MARGIN_ASSET
        available = margin.available if is_margin else amount
        rows.append(
            {
                "accountAlias": "simulated",
                "asset": asset,
                "balance": money_text(amount),
                "crossWalletBalance": money_text(margin.cross_wallet if is_margin else amount),
                "crossUnPnl": money_text(margin.cross_unrealized if is_margin else ZERO),
                "availableBalance": money_text(available),
                "maxWithdrawAmount": money_text(min(available, amount)),
                "marginAvailable": is_margin,
                "updateTime": _updated(account),
            }
        )
    return rows


def account(engine: BinanceEngine, owner: VenueAccount, *, version: int) -> dict[str, Any]:
    """GET /fapi/v3/account and v2."""
    margin = engine.margin(owner)
    totals = {
        "totalInitialMargin": money_text(margin.initial),
        "totalMaintMargin": money_text(margin.maintenance),
        "totalWalletBalance": money_text(margin.wallet),
        "totalUnrealizedProfit": money_text(margin.unrealized),
        "totalMarginBalance": money_text(margin.balance),
        "totalPositionInitialMargin": money_text(margin.position_initial),
        "totalOpenOrderInitialMargin": money_text(margin.order_initial),
        "totalCrossWalletBalance": money_text(margin.cross_wallet),
        "totalCrossUnPnl": money_text(margin.cross_unrealized),
        "availableBalance": money_text(margin.available),
        "maxWithdrawAmount": money_text(min(margin.available, max(ZERO, margin.wallet))),
    }
    flags: dict[str, Any] = {}
    if version == 2:
        flags = {
            "feeTier": 0,
            "feeBurn": owner.pays_in_bnb,
            "canTrade": True,
            "canDeposit": True,
            "canWithdraw": True,
            "updateTime": 0,
            "multiAssetsMargin": False,
            "tradeGroupId": -1,
        }
    return (
        flags
        | totals
        | {
            "assets": [_asset(engine, owner, asset, version=version) for asset in owner.wallet],
            "positions": account_positions(engine, owner, version=version),
        }
    )


def _asset(
    engine: BinanceEngine, owner: VenueAccount, asset: str, *, version: int
) -> dict[str, Any]:
    margin, wallet = engine.margin(owner), owner.wallet[asset]
    is_margin = asset == MARGIN_ASSET
    unrealized = margin.unrealized if is_margin else ZERO
    available = margin.available if is_margin else wallet
    flags = {"marginAvailable": is_margin} if version == 2 else {}
    return flags | {
        "asset": asset,
        "walletBalance": money_text(wallet),
        "unrealizedProfit": money_text(unrealized),
        "marginBalance": money_text(wallet + unrealized),
        "maintMargin": money_text(margin.maintenance if is_margin else ZERO),
        "initialMargin": money_text(margin.initial if is_margin else ZERO),
        "positionInitialMargin": money_text(margin.position_initial if is_margin else ZERO),
        "openOrderInitialMargin": money_text(margin.order_initial if is_margin else ZERO),
        "crossWalletBalance": money_text(margin.cross_wallet if is_margin else wallet),
        "crossUnPnl": money_text(margin.cross_unrealized if is_margin else ZERO),
        "availableBalance": money_text(available),
        "maxWithdrawAmount": money_text(min(available, max(ZERO, wallet))),
        "updateTime": _updated(owner),
    }


def account_config(owner: VenueAccount) -> dict[str, Any]:
    """GET /fapi/v1/accountConfig."""
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "dualSidePosition": owner.hedge_mode,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }


def symbol_config(owner: VenueAccount, symbol: str) -> dict[str, Any]:
    """An entry of GET /fapi/v1/symbolConfig."""
    leverage = owner.leverage(symbol)
    return {
        "symbol": symbol,
        "marginType": "ISOLATED" if symbol in owner.isolated else "CROSSED",
        "isAutoAddMargin": False,
        "leverage": leverage,
        "maxNotionalValue": text(max_notional(leverage)),
    }


def brackets(symbol: str) -> dict[str, Any]:
    """An entry of GET /fapi/v1/leverageBracket; its numbers are JSON numbers."""
    return {
        "symbol": symbol,
        "notionalCoef": 1.0,
        "brackets": [
            {
                "bracket": bracket.number,
                "initialLeverage": bracket.max_leverage,
                "notionalCap": int(bracket.cap),
                "notionalFloor": int(bracket.floor),
                "maintMarginRatio": float(bracket.maintenance_rate),
                "cum": float(bracket.cumulative),
            }
            for bracket in BRACKETS
        ],
    }


def margin_change(one: MarginChange) -> dict[str, Any]:
    """An entry of GET /fapi/v1/positionMargin/history."""
    return {
        "symbol": one.symbol,
        "type": 1 if one.amount > 0 else 2,
        "deltaType": "USER_ADJUST",
        "amount": text(abs(one.amount)),
        "asset": MARGIN_ASSET,
        "time": one.time_ms,
        "positionSide": one.position_side.value,
    }


def _updated(owner: VenueAccount) -> int:
    """When the wallet last changed."""
    return owner.income[-1].time_ms if owner.income else owner.created_ms
