"""Markets as the venue writes them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from exchanges.simulator.hyperliquid.asset import Asset
from exchanges.simulator.hyperliquid.books import BookView, grouped, level_row
from exchanges.simulator.hyperliquid.candles import INTERVALS_MS, Candle
from exchanges.simulator.hyperliquid.engine import HOURLY_FUNDING, HyperliquidEngine
from exchanges.simulator.hyperliquid.numbers import rounded, shown
from exchanges.simulator.hyperliquid.records import FundingRate
from exchanges.simulator.hyperliquid.tape import Print
from exchanges.simulator.hyperliquid.wire_orders import side_of

Json = dict[str, Any]
USDC_TOKEN = {
    "name": "USDC",
    "szDecimals": 8,
    "weiDecimals": 8,
    "index": 0,
    "tokenId": "0x6d1e7cde53ba9467b783cb7c530ce054",
    "isCanonical": True,
    "evmContract": None,
    "fullName": None,
}
SPOT_META: Json = {"universe": [], "tokens": [USDC_TOKEN]}
"""No spot market is simulated."""
NOBODY = "0x0000000000000000000000000000000000000000"


def meta(engine: HyperliquidEngine, is_halted: Callable[[str], bool]) -> Json:
    """A halted coin is shown as delisted, the one flag that says that nobody can trade it."""
    return {
        "universe": [_universe(asset, is_halted) for asset in engine.assets.values()],
        "marginTables": [
            [
                asset.margin_table_id,
                {
                    "description": f"tiered {asset.max_leverage}x",
                    "marginTiers": [
                        {"lowerBound": shown(tier.lower_bound), "maxLeverage": tier.max_leverage}
                        for tier in asset.tiers
                    ],
                },
            ]
            for asset in engine.assets.values()
        ],
        "collateralToken": 0,
    }


def _universe(asset: Asset, is_halted: Callable[[str], bool]) -> Json:
    row: Json = {
        "szDecimals": asset.size_decimals,
        "name": asset.coin,
        "maxLeverage": asset.max_leverage,
        "marginTableId": asset.margin_table_id,
    }
    return {**row, "isDelisted": True} if is_halted(asset.coin) else row


def asset_context(engine: HyperliquidEngine, asset: Asset, view: BookView) -> Json:
    """Book, mark and oracle stand together here, so that the premium is 0."""
    mark = engine.book.mark(asset)
    day = engine.tape(asset).day(engine.now_ms())
    bid, ask = view.bids[0][0], view.asks[0][0]
    volume = sum((one.size for one in day), Decimal(0))
    value = sum((one.size * one.price for one in day), Decimal(0))
    return {
        "funding": shown(HOURLY_FUNDING),
        "openInterest": shown(engine.open_interest(asset)),
        "prevDayPx": shown(day[0].price if day else mark),
        "dayNtlVlm": shown(rounded(value, 6)),
        "premium": "0.0",
        "oraclePx": shown(mark),
        "markPx": shown(mark),
        "midPx": shown(middle(view)),
        "impactPxs": [shown(bid), shown(ask)],
        "dayBaseVlm": shown(volume),
    }


def middle(view: BookView) -> Decimal:
    return (view.bids[0][0] + view.asks[0][0]) / 2


def l2_book(asset: Asset, view: BookView, figures: int | None, mantissa: int | None) -> Json:
    """``figures`` 2 to 5 puts levels together; None shows them all."""
    bids, asks = view.bids, view.asks
    if figures is not None:
        bids = grouped(bids, figures, mantissa or 1, bids=True)
        asks = grouped(asks, figures, mantissa or 1, bids=False)
    return {
        "coin": asset.coin,
        "time": view.time_ms,
        "levels": [[level_row(level) for level in side] for side in (bids, asks)],
    }


def bbo(asset: Asset, view: BookView) -> Json:
    touch = [level_row(side[0]) for side in (view.bids, view.asks)]
    return {"coin": asset.coin, "time": view.time_ms, "bbo": touch}


def trade_row(coin: str, one: Print) -> Json:
    return {
        "coin": coin,
        "side": side_of(one.side),
        "px": shown(one.price),
        "sz": shown(one.size),
        "time": one.time_ms,
        "hash": one.transaction,
        "tid": one.tid,
        "users": [NOBODY, NOBODY],
    }


def candle_row(coin: str, interval: str, candle: Candle) -> Json:
    return {
        "t": candle.start_ms,
        "T": candle.start_ms + INTERVALS_MS[interval] - 1,
        "s": coin,
        "i": interval,
        "o": shown(candle.open),
        "c": shown(candle.close),
        "h": shown(candle.high),
        "l": shown(candle.low),
        "v": shown(candle.volume),
        "n": candle.trades,
    }


def funding_rate(rate: FundingRate) -> Json:
    """A row of ``fundingHistory``."""
    return {
        "coin": rate.coin,
        "fundingRate": shown(rate.rate),
        "premium": shown(rate.premium),
        "time": rate.time_ms,
    }
