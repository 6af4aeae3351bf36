"""Public market data as Binance writes it (USDⓈ-M docs, market data endpoints)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.side import Side
from exchanges.simulator.binance.account import MARGIN_ASSET
from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.funding_rate import FundingRate
from exchanges.simulator.binance.order import VenueTimeInForce
from exchanges.simulator.binance.order_request import CONDITIONAL_TYPES
from exchanges.simulator.binance.rate_limits import (
    ORDERS_PER_10_SECONDS,
    ORDERS_PER_MINUTE,
    WEIGHT_PER_MINUTE,
)
from exchanges.simulator.binance.rules import (
    MARKET_TAKE_BOUND,
    MAX_OPEN_ORDERS,
    PERCENT_PRICE_DOWN,
    PERCENT_PRICE_UP,
    SymbolRules,
)
from exchanges.simulator.binance.tape import DAY_MS, Print
from exchanges.simulator.binance.wire_orders import money_text, price_text, quantity_text, text

FUNDING_INTERVAL_MS = 8 * 3_600_000
_NEVER_DELIVERED_MS = 4_133_404_800_000
_LISTED_MS = 1_569_398_400_000


def exchange_info(engine: BinanceEngine) -> dict[str, Any]:
    """GET /fapi/v1/exchangeInfo."""
    return {
        "timezone": "UTC",
        "serverTime": engine.now_ms(),
        "futuresType": "U_MARGINED",
        "rateLimits": [
            _limit("REQUEST_WEIGHT", "MINUTE", 1, WEIGHT_PER_MINUTE),
            _limit("ORDERS", "MINUTE", 1, ORDERS_PER_MINUTE),
            _limit("ORDERS", "SECOND", 10, ORDERS_PER_10_SECONDS),
        ],
        "exchangeFilters": [],
        "assets": [{"asset": MARGIN_ASSET, "marginAvailable": True, "autoAssetExchange": "-10000"}],
        "symbols": [_symbol(rules) for rules in engine.contracts.values()],
    }


def _limit(kind: str, interval: str, number: int, limit: int) -> dict[str, Any]:
    return {
        "rateLimitType": kind,
        "interval": interval,
        "intervalNum": number,
        "limit": limit,
    }


def _symbol(rules: SymbolRules) -> dict[str, Any]:
    return {
        "symbol": rules.symbol,
        "pair": rules.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": _NEVER_DELIVERED_MS,
        "onboardDate": _LISTED_MS,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": rules.base,
        "quoteAsset": MARGIN_ASSET,
        "marginAsset": MARGIN_ASSET,
        "pricePrecision": rules.price_precision,
        "quantityPrecision": rules.quantity_precision,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": text(MARKET_TAKE_BOUND),
        "maxMoveOrderLimit": 10000,
        "filters": _filters(rules),
        "orderTypes": ["LIMIT", "MARKET", *sorted(CONDITIONAL_TYPES)],
        "timeInForce": [one.value for one in VenueTimeInForce],
    }


def _filters(rules: SymbolRules) -> list[dict[str, Any]]:
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": text(rules.min_price),
            "maxPrice": text(rules.max_price),
            "tickSize": text(rules.tick),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": text(rules.min_quantity),
            "maxQty": text(rules.max_quantity),
            "stepSize": text(rules.step),
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": text(rules.min_quantity),
            "maxQty": text(rules.max_market_quantity),
            "stepSize": text(rules.step),
        },
        {"filterType": "MAX_NUM_ORDERS", "limit": MAX_OPEN_ORDERS},
        {"filterType": "MIN_NOTIONAL", "notional": text(rules.min_notional)},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": text(PERCENT_PRICE_UP),
            "multiplierDown": text(PERCENT_PRICE_DOWN),
            "multiplierDecimal": "4",
        },
        {"filterType": "POSITION_RISK_CONTROL", "positionControlSide": "NONE"},
    ]


def depth(engine: BinanceEngine, symbol: str, count: int) -> dict[str, Any]:
    """GET /fapi/v1/depth."""
    rules, now_ms = engine.rules(symbol), engine.now_ms()
    return {
        "lastUpdateId": now_ms,
        "E": now_ms,
        "T": now_ms,
        "bids": _levels(engine.levels(symbol, Side.BUY, count), rules),
        "asks": _levels(engine.levels(symbol, Side.SELL, count), rules),
    }


def _levels(levels: list[tuple[Decimal, Decimal]], rules: SymbolRules) -> list[list[str]]:
    return [
        [price_text(price, rules), quantity_text(quantity, rules.step)]
        for price, quantity in levels
    ]


def book_ticker(engine: BinanceEngine, symbol: str) -> dict[str, Any]:
    """GET /fapi/v1/ticker/bookTicker."""
    quote, rules = engine.quote(symbol), engine.rules(symbol)
    size = quantity_text(rules.round_quantity(quote.size), rules.step)
    return {
        "symbol": symbol,
        "bidPrice": price_text(quote.bid, rules),
        "bidQty": size,
        "askPrice": price_text(quote.ask, rules),
        "askQty": size,
        "time": engine.now_ms(),
    }


def price_ticker(engine: BinanceEngine, symbol: str) -> dict[str, Any]:
    """GET /fapi/v1/ticker/price and v2."""
    last = engine.tape(symbol).recent(1)[0]
    return {
        "symbol": symbol,
        "price": price_text(last.price, engine.rules(symbol)),
        "time": last.time_ms,
    }


def day_ticker(engine: BinanceEngine, symbol: str) -> dict[str, Any]:
    """GET /fapi/v1/ticker/24hr, over the prints that are still kept."""
    rules, now_ms = engine.rules(symbol), engine.now_ms()
    day = engine.tape(symbol).day(now_ms)
    change = day.last.price - day.open
    average = day.value / day.volume
    return {
        "symbol": symbol,
        "priceChange": text(change),
        "priceChangePercent": text((change / day.open * 100).quantize(Decimal("0.001"))),
        "weightedAvgPrice": text(average.quantize(rules.tick)),
        "lastPrice": price_text(day.last.price, rules),
        "lastQty": quantity_text(day.last.quantity, rules.step),
        "openPrice": price_text(day.open, rules),
        "highPrice": price_text(day.high, rules),
        "lowPrice": price_text(day.low, rules),
        "volume": quantity_text(day.volume, rules.step),
        "quoteVolume": text(day.value.quantize(rules.tick)),
        "openTime": now_ms - DAY_MS,
        "closeTime": now_ms,
        "firstId": day.first.trade_id,
        "lastId": day.last.trade_id,
        "count": day.count,
    }


def public_trade(one: Print, rules: SymbolRules) -> dict[str, Any]:
    """An entry of GET /fapi/v1/trades."""
    return {
        "id": one.trade_id,
        "price": price_text(one.price, rules),
        "qty": quantity_text(one.quantity, rules.step),
        "quoteQty": text((one.price * one.quantity).quantize(Decimal("0.01"))),
        "time": one.time_ms,
        "isBuyerMaker": one.buyer_is_maker,
    }


def aggregate_trade(one: Print, rules: SymbolRules) -> dict[str, Any]:
    """An entry of GET /fapi/v1/aggTrades; every print is an aggregate of its own."""
    quantity = quantity_text(one.quantity, rules.step)
    return {
        "a": one.trade_id,
        "p": price_text(one.price, rules),
        "q": quantity,
        "nq": quantity,
        "f": one.trade_id,
        "l": one.trade_id,
        "T": one.time_ms,
        "m": one.buyer_is_maker,
    }


def premium_index(engine: BinanceEngine, symbol: str) -> dict[str, Any]:
    """GET /fapi/v1/premiumIndex; the index is the mark."""
    mark, now_ms = money_text(engine.mark(symbol)), engine.now_ms()
    rates = [one.rate for one in engine.funding_rates if one.symbol == symbol]
    return {
        "symbol": symbol,
        "markPrice": mark,
        "indexPrice": mark,
        "estimatedSettlePrice": mark,
        "lastFundingRate": money_text(rates[-1] if rates else Decimal("0.0001")),
        "interestRate": "0.00010000",
        "nextFundingTime": (now_ms // FUNDING_INTERVAL_MS + 1) * FUNDING_INTERVAL_MS,
        "time": now_ms,
    }


def funding_rate(one: FundingRate) -> dict[str, Any]:
    """An entry of GET /fapi/v1/fundingRate."""
    return {
        "symbol": one.symbol,
        "fundingTime": one.time_ms,
        "fundingRate": money_text(one.rate),
        "markPrice": money_text(one.mark),
        "rateType": "Regular",
    }
