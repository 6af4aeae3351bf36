"""Balances, positions and settings as Binance writes them (USDⓈ-M docs, account endpoints).

Version 3 lists only what is held or ordered and carries no leverage; version 2
lists every contract and does.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.side import Side
from exchanges.simulator.binance.account import MARGIN_ASSET, VenueAccount
from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.leverage_brackets import (
    BRACKETS,
    maintenance_margin,
    max_notional,
)
from exchanges.simulator.binance.margin import (
    binding,
    isolated_wallet,
    liquidation_price,
    pending_value,
)
from exchanges.simulator.binance.position import PositionSide
from exchanges.simulator.binance.wire_orders import money_text, quantity_text, text

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
                "crossWalletBalance": money_text(amount),
                "crossUnPnl": money_text(margin.unrealized if is_margin else ZERO),
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
        "totalCrossWalletBalance": money_text(margin.wallet),
        "totalCrossUnPnl": money_text(margin.unrealized),
        "availableBalance": money_text(margin.available),
        "maxWithdrawAmount": money_text(min(margin.available, max(ZERO, margin.wallet))),
    }
    flags: dict[str, Any] = {}
    if version == 2:
        flags = {
            "feeTier": 0,
            "canTrade": True,
            "canDeposit": True,
            "canWithdraw": True,
            "multiAssetsMargin": False,
            "updateTime": _updated(owner),
        }
    return (
        flags
        | totals
        | {
            "assets": [_asset(engine, owner, asset) for asset in owner.wallet],
            "positions": [
                row | {"unrealizedProfit": row.pop("unRealizedProfit")}
                for row in positions(engine, owner, None, version=version)
            ],
        }
    )


def positions(
    engine: BinanceEngine, owner: VenueAccount, symbol: str | None, *, version: int
) -> list[dict[str, Any]]:
    """GET /fapi/v3/positionRisk and v2, and the positions of the account."""
    rows = []
    for name in engine.contracts if symbol is None else (symbol,):
        for side in _sides(owner):
            busy = owner.position(name, side).quantity or any(
                order.position_side is side for order in owner.orders.open(name)
            )
            if version == 2 or busy:
                rows.append(_position(engine, owner, name, side, version=version))
    return rows


def _position(
    engine: BinanceEngine, owner: VenueAccount, symbol: str, side: PositionSide, *, version: int
) -> dict[str, Any]:
    held, mark = owner.position(symbol, side), engine.mark(symbol)
    notional = held.quantity * mark
    unrealized = held.unrealized(mark)
    leverage = owner.leverage(symbol)
    wallet = isolated_wallet(owner, symbol, held)
    bids, asks = (pending_value(owner, symbol, wish, side) for wish in (Side.BUY, Side.SELL))
    one_way = side is PositionSide.BOTH
    ordered = binding(owner, symbol, mark).orders if one_way else (bids + asks) / leverage
    own_initial = abs(notional) / leverage
    row: dict[str, Any] = {
        "symbol": symbol,
        "positionSide": side.value,
        "positionAmt": quantity_text(held.quantity, engine.rules(symbol).step),
        "entryPrice": text(held.entry_price),
        "breakEvenPrice": text(held.break_even_price),
        "markPrice": money_text(mark),
        "unRealizedProfit": money_text(unrealized),
        "liquidationPrice": _price(liquidation_price(owner, symbol, side, engine.mark)),
        "isolatedMargin": money_text(wallet + unrealized) if wallet else "0",
        "notional": money_text(notional),
        "marginAsset": MARGIN_ASSET,
        "isolatedWallet": money_text(wallet) if wallet else "0",
        "initialMargin": money_text(own_initial + ordered),
        "maintMargin": money_text(maintenance_margin(abs(notional))),
        "positionInitialMargin": money_text(own_initial),
        "openOrderInitialMargin": money_text(ordered),
        "adl": 2 if held.quantity else 0,
        "bidNotional": money_text(bids),
        "askNotional": money_text(asks),
        "updateTime": held.updated_ms,
    }
    if version == 2:
        row |= {
            "leverage": str(leverage),
            "maxNotionalValue": text(max_notional(leverage)),
            "marginType": "isolated" if symbol in owner.isolated else "cross",
            "isAutoAddMargin": "false",
            "isolated": symbol in owner.isolated,
        }
    return row


def _asset(engine: BinanceEngine, owner: VenueAccount, asset: str) -> dict[str, Any]:
    margin, wallet = engine.margin(owner), owner.wallet[asset]
    is_margin = asset == MARGIN_ASSET
    unrealized = margin.unrealized if is_margin else ZERO
    available = margin.available if is_margin else wallet
    return {
        "asset": asset,
        "walletBalance": money_text(wallet),
        "unrealizedProfit": money_text(unrealized),
        "marginBalance": money_text(wallet + unrealized),
        "maintMargin": money_text(margin.maintenance if is_margin else ZERO),
        "initialMargin": money_text(margin.initial if is_margin else ZERO),
        "positionInitialMargin": money_text(margin.position_initial if is_margin else ZERO),
        "openOrderInitialMargin": money_text(margin.order_initial if is_margin else ZERO),
        "crossWalletBalance": money_text(wallet),
        "crossUnPnl": money_text(unrealized),
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


def _sides(owner: VenueAccount) -> tuple[PositionSide, ...]:
    if owner.hedge_mode:
        return (PositionSide.LONG, PositionSide.SHORT)
    return (PositionSide.BOTH,)


def _price(value: Decimal) -> str:
    return money_text(value) if value else "0"


def _updated(owner: VenueAccount) -> int:
    """When the wallet last changed."""
    return owner.income[-1].time_ms if owner.income else owner.created_ms
