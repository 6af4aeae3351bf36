"""Public market data as Binance writes it (USDⓈ-M docs, market data endpoints)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from exchanges.simulator.binance.account import MARGIN_ASSET
from exchanges.simulator.binance.candles import Candle, bar_end
from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.funding_schedule import INTEREST_RATE, FundingRate
from exchanges.simulator.binance.order import VenueTimeInForce
from exchanges.simulator.binance.order_checks import MAX_AMENDMENTS
from exchanges.simulator.binance.order_request import CONDITIONAL_TYPES
from exchanges.simulator.binance.rate_limits import (
    ORDERS_PER_10_SECONDS,
    ORDERS_PER_MINUTE,
    WEIGHT_PER_MINUTE,
)
from exchanges.simulator.binance.rules import (
    LIQUIDATION_FEE,
    MARKET_TAKE_BOUND,
    MAX_OPEN_ORDERS,
    PERCENT_PRICE_DOWN,
    PERCENT_PRICE_UP,
    SymbolRules,
)
from exchanges.simulator.binance.tape import DAY_MS, Print
from exchanges.simulator.binance.wire_orders import money_text, price_text, quantity_text, text

_VALUE_STEP = Decimal("0.00001")
_NEVER_DELIVERED_MS = 4_133_404_800_000
_LISTED_MS = 1_569_398_400_000
Rows = Sequence[Sequence[str]]


def exchange_info(engine: BinanceEngine) -> dict[str, Any]:
    """GET /fapi/v1/exchangeInfo."""
    return {
        "timezone": "UTC",
        "serverTime": engine.now_ms(),
        "futuresType": "U_MARGINED",
        "rateLimits": [
            rate_limit("REQUEST_WEIGHT", "MINUTE", 1, WEIGHT_PER_MINUTE),
            *order_rate_limits(),
        ],
        "exchangeFilters": [],
        "assets": [{"asset": MARGIN_ASSET, "marginAvailable": True, "autoAssetExchange": "-10000"}],
        "symbols": [
            _symbol(rules, engine.is_halted(rules.symbol)) for rules in engine.contracts.values()
        ],
    }


def order_rate_limits() -> list[dict[str, Any]]:
    """The limits of orders; also GET /fapi/v1/rateLimit/order."""
    return [
        rate_limit("ORDERS", "MINUTE", 1, ORDERS_PER_MINUTE),
        rate_limit("ORDERS", "SECOND", 10, ORDERS_PER_10_SECONDS),
    ]


def rate_limit(kind: str, interval: str, number: int, limit: int) -> dict[str, Any]:
    return {
        "rateLimitType": kind,
        "interval": interval,
        "intervalNum": number,
        "limit": limit,
    }


def _symbol(rules: SymbolRules, halted: bool) -> dict[str, Any]:
    return {
        "symbol": rules.symbol,
        "pair": rules.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": _NEVER_DELIVERED_MS,
        "onboardDate": _LISTED_MS,
        "status": "SETTLING" if halted else "TRADING",
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
        "liquidationFee": text(LIQUIDATION_FEE),
        "marketTakeBound": text(MARKET_TAKE_BOUND),
        "maxMoveOrderLimit": MAX_AMENDMENTS,
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
    rules, view = engine.rules(symbol), engine.books.view(symbol)
    return {
        "lastUpdateId": view.update_id,
        "E": engine.now_ms(),
        "T": view.time_ms,
        "bids": book_levels(view.bids[:count], rules),
        "asks": book_levels(view.asks[:count], rules),
    }


def book_levels(levels: Iterable[tuple[Decimal, Decimal]], rules: SymbolRules) -> Rows:
    """As every book writes them."""
    return _book_levels(tuple(levels), rules)


@lru_cache(maxsize=64)
def _book_levels(levels: tuple[tuple[Decimal, Decimal], ...], rules: SymbolRules) -> Rows:
    """Kept as they are written: most books are shown more than once."""
    return [
        [price_text(price, rules), quantity_text(quantity, rules.step)]
        for price, quantity in levels
    ]


def book_ticker(engine: BinanceEngine, symbol: str) -> dict[str, Any]:
    """GET /fapi/v1/ticker/bookTicker."""
    view, rules = engine.books.view(symbol), engine.rules(symbol)
    bid, ask = touch(view.bids, rules), touch(view.asks, rules)
    return {
        "symbol": symbol,
        "bidPrice": bid[0],
        "bidQty": bid[1],
        "askPrice": ask[0],
        "askQty": ask[1],
        "time": view.time_ms,
    }


def touch(levels: Sequence[tuple[Decimal, Decimal]], rules: SymbolRules) -> Sequence[str]:
    """Price and quantity of a side's best level; zeros when it is empty."""
    return book_levels(levels[:1] or [(Decimal(0), Decimal(0))], rules)[0]


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
        "isRPITrade": False,
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
    mark = money_text(engine.mark(symbol))
    return {
        "symbol": symbol,
        "markPrice": mark,
        "indexPrice": mark,
        "estimatedSettlePrice": mark,
        "lastFundingRate": money_text(engine.funding.rate(symbol)),
        "interestRate": money_text(INTEREST_RATE),
        "nextFundingTime": engine.funding.next_ms,
        "time": engine.now_ms(),
    }


def open_interest(engine: BinanceEngine, symbol: str) -> dict[str, Any]:
    """GET /fapi/v1/openInterest: what the accounts here hold, one side of it."""
    step = engine.rules(symbol).step
    return {
        "openInterest": quantity_text(engine.open_interest(symbol), step),
        "symbol": symbol,
        "time": engine.now_ms(),
    }


def kline(bar: Candle, interval: str, rules: SymbolRules) -> list[Any]:
    """A row of GET /fapi/v1/klines and continuousKlines."""
    return [
        bar.open_ms,
        price_text(bar.open, rules),
        price_text(bar.high, rules),
        price_text(bar.low, rules),
        price_text(bar.close, rules),
        quantity_text(bar.volume, rules.step),
        bar_end(interval, bar.open_ms),
        text(bar.value.quantize(_VALUE_STEP)),
        bar.count,
        quantity_text(bar.bought, rules.step),
        text(bar.bought_value.quantize(_VALUE_STEP)),
        "0",
    ]


def price_kline(bar: Candle, interval: str, rules: SymbolRules) -> list[Any]:
    """A row of the klines of mark and index price, which know no volume."""
    row = kline(bar, interval, rules)
    return [*row[:5], "0", row[6], "0", bar.count, "0", "0", "0"]


def funding_rate(one: FundingRate) -> dict[str, Any]:
    """An entry of GET /fapi/v1/fundingRate."""
    return {
        "symbol": one.symbol,
        "fundingTime": one.time_ms,
        "fundingRate": money_text(one.rate),
        "markPrice": money_text(one.mark),
        "rateType": "Regular",
    }
