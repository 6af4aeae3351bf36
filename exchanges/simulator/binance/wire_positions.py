"""Positions as Binance writes them (USDⓈ-M docs, account endpoints).

Version 3 lists only what is held or ordered and carries no leverage; version 2 lists every contract
and does.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.side import Side
from exchanges.simulator.binance.account import MARGIN_ASSET, VenueAccount
from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.leverage_brackets import maintenance_margin, max_notional
from exchanges.simulator.binance.margin import binding, liquidation_price, pending_value
from exchanges.simulator.binance.position import PositionSide
from exchanges.simulator.binance.wire_orders import money_text, quantity_text, text


def positions(
    engine: BinanceEngine, owner: VenueAccount, symbol: str | None, *, version: int
) -> list[dict[str, Any]]:
    """GET /fapi/v3/positionRisk and v2."""
    row = _position_v2 if version == 2 else _position_v3
    return [row(view) for view in _shown(engine, owner, symbol, version=version)]


def account_positions(
    engine: BinanceEngine, owner: VenueAccount, *, version: int
) -> list[dict[str, Any]]:
    """The positions of GET /fapi/v3/account and v2."""
    row = _account_position_v2 if version == 2 else _account_position_v3
    return [row(view) for view in _shown(engine, owner, None, version=version)]


def _shown(
    engine: BinanceEngine, owner: VenueAccount, symbol: str | None, *, version: int
) -> list[_View]:
    return [
        _View(engine, owner, name, side)
        for name in (engine.contracts if symbol is None else (symbol,))
        for side in owner.sides
        if version == 2 or _is_busy(owner, name, side)
    ]


def _is_busy(owner: VenueAccount, symbol: str, side: PositionSide) -> bool:
    return bool(owner.position(symbol, side).quantity) or any(
        order.position_side is side for order in owner.orders.open(symbol)
    )


class _View:
    """A position and everything that is reckoned from it; USDT."""

    def __init__(
        self, engine: BinanceEngine, owner: VenueAccount, symbol: str, side: PositionSide
    ) -> None:
        held, mark = owner.position(symbol, side), engine.mark(symbol)
        leverage = owner.leverage(symbol)
        self.owner, self.symbol, self.side = owner, symbol, side
        self.held, self.mark, self.leverage = held, mark, leverage
        self.step = engine.rules(symbol).step
        self.notional = held.quantity * mark
        self.unrealized = held.unrealized(mark)
        self.isolated = symbol in owner.isolated
        self.bids, self.asks = (
            pending_value(owner, symbol, wish, side) for wish in (Side.BUY, Side.SELL)
        )
        one_way = side is PositionSide.BOTH
        self.order_initial = (
            binding(owner, symbol, mark).orders if one_way else (self.bids + self.asks) / leverage
        )
        self.initial = abs(self.notional) / leverage
        self.maintenance = maintenance_margin(abs(self.notional))
        self.liquidation_price = liquidation_price(owner, symbol, side, engine.mark)
        self.adl = engine.adl_quantile(owner, symbol, side)

    @property
    def amount(self) -> str:
        held = self.held.quantity
        # One from before its contract's step was made coarser is not rounded.
        return text(held) if held % self.step else quantity_text(held, self.step)

    @property
    def isolated_margin(self) -> str:
        wallet = self.held.isolated_margin
        return money_text(wallet + self.unrealized) if self.isolated and wallet else "0"

    @property
    def isolated_wallet(self) -> str:
        wallet = self.held.isolated_margin
        return money_text(wallet) if self.isolated and wallet else "0"


def _position_v3(view: _View) -> dict[str, Any]:
    return {
        "symbol": view.symbol,
        "positionSide": view.side.value,
        "positionAmt": view.amount,
        "entryPrice": text(view.held.entry_price),
        "breakEvenPrice": text(view.held.break_even_price),
        "markPrice": money_text(view.mark),
        "unRealizedProfit": money_text(view.unrealized),
        "liquidationPrice": _price(view.liquidation_price),
        "isolatedMargin": view.isolated_margin,
        "notional": money_text(view.notional),
        "marginAsset": MARGIN_ASSET,
        "isolatedWallet": view.isolated_wallet,
        "initialMargin": money_text(view.initial + view.order_initial),
        "maintMargin": money_text(view.maintenance),
        "positionInitialMargin": money_text(view.initial),
        "openOrderInitialMargin": money_text(view.order_initial),
        "adl": view.adl,
        "bidNotional": money_text(view.bids),
        "askNotional": money_text(view.asks),
        "updateTime": view.held.updated_ms,
    }


def _position_v2(view: _View) -> dict[str, Any]:
    return {
        "symbol": view.symbol,
        "positionAmt": view.amount,
        "entryPrice": text(view.held.entry_price),
        "breakEvenPrice": text(view.held.break_even_price),
        "markPrice": money_text(view.mark),
        "unRealizedProfit": money_text(view.unrealized),
        "liquidationPrice": _price(view.liquidation_price),
        "leverage": str(view.leverage),
        "maxNotionalValue": text(max_notional(view.leverage)),
        "marginType": "isolated" if view.isolated else "cross",
        "isolatedMargin": view.isolated_margin,
        "isAutoAddMargin": "false",
        "positionSide": view.side.value,
        "notional": money_text(view.notional),
        "isolatedWallet": view.isolated_wallet,
        "updateTime": view.held.updated_ms,
    }


def _account_position_v3(view: _View) -> dict[str, Any]:
    return {
        "symbol": view.symbol,
        "positionSide": view.side.value,
        "positionAmt": view.amount,
        "unrealizedProfit": money_text(view.unrealized),
        "isolatedMargin": view.isolated_margin,
        "notional": money_text(view.notional),
        "isolatedWallet": view.isolated_wallet,
        "initialMargin": money_text(view.initial + view.order_initial),
        "maintMargin": money_text(view.maintenance),
        "updateTime": view.held.updated_ms,
    }


def _account_position_v2(view: _View) -> dict[str, Any]:
    return {
        "symbol": view.symbol,
        "initialMargin": money_text(view.initial + view.order_initial),
        "maintMargin": money_text(view.maintenance),
        "unrealizedProfit": money_text(view.unrealized),
        "positionInitialMargin": money_text(view.initial),
        "openOrderInitialMargin": money_text(view.order_initial),
        "leverage": str(view.leverage),
        "isolated": view.isolated,
        "entryPrice": text(view.held.entry_price),
        "breakEvenPrice": text(view.held.break_even_price),
        "maxNotional": text(max_notional(view.leverage)),
        "bidNotional": money_text(view.bids),
        "askNotional": money_text(view.asks),
        "positionSide": view.side.value,
        "positionAmt": view.amount,
        "notional": money_text(view.notional),
        "isolatedWallet": view.isolated_wallet,
        "updateTime": view.held.updated_ms,
    }


def adl_quantile(engine: BinanceEngine, owner: VenueAccount, symbol: str) -> dict[str, Any]:
    """An entry of GET /fapi/v1/adlQuantile: 0 (last) to 4 (first in the queue)."""
    quantile = {side.value: engine.adl_quantile(owner, symbol, side) for side in owner.sides}
    if owner.hedge_mode:
        quantile["HEDGE"] = 0
    else:
        quantile = {"LONG": 0, "SHORT": 0} | quantile
    return {"symbol": symbol, "adlQuantile": quantile}


def _price(value: Decimal) -> str:
    return money_text(value) if value else "0"
