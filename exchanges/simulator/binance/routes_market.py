"""Public endpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from exchanges.simulator.binance import wire_market
from exchanges.simulator.binance.call import (
    DEFAULT_ROWS,
    MAX_ROWS,
    Call,
    Route,
    one_or_all,
)
from exchanges.simulator.binance.candles import INTERVALS, Candle, Candles
from exchanges.simulator.binance.charts import Charts
from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.refusal import Refused
from exchanges.simulator.binance.rules import SymbolRules

DEPTH_WEIGHTS: Mapping[str, int] = {
    "5": 2,
    "10": 2,
    "20": 2,
    "50": 2,
    "100": 5,
    "500": 10,
    "1000": 20,
}
DEFAULT_DEPTH = "500"
DEFAULT_FUNDING_ROWS = 100
MAX_KLINES = 1_500
KLINE_WEIGHTS = ((100, 1), (500, 2), (1_001, 5))
"""Weight of less than so many rows; more cost 10."""


def _ping(_: Call) -> dict[str, Any]:
    return {}


def _time(call: Call) -> dict[str, Any]:
    return {"serverTime": call.engine.now_ms()}


def _exchange_info(call: Call) -> dict[str, Any]:
    return wire_market.exchange_info(call.engine)


def _depth_limit(params: Mapping[str, str]) -> str:
    return params.get("limit") or DEFAULT_DEPTH


def _depth_weight(params: Mapping[str, str]) -> int:
    return DEPTH_WEIGHTS.get(_depth_limit(params), 1)


def _depth(call: Call) -> dict[str, Any]:
    limit = _depth_limit(call.params)
    if limit not in DEPTH_WEIGHTS:
        raise Refused(-1130, "limit")
    return wire_market.depth(call.engine, call.rules().symbol, int(limit))


def _trades(call: Call) -> list[dict[str, Any]]:
    rules = call.rules()
    prints = call.engine.tape(rules.symbol).recent(call.rows())
    return [wire_market.public_trade(one, rules) for one in prints]


def _aggregate_trades(call: Call) -> list[dict[str, Any]]:
    rules = call.rules()
    start, end = call.integer("startTime") or 0, call.integer("endTime")
    rows = call.rows()
    prints = [
        one
        for one in call.engine.tape(rules.symbol).recent(rows)
        if start <= one.time_ms and (end is None or one.time_ms <= end)
    ]
    return [wire_market.aggregate_trade(one, rules) for one in prints]


def _by_symbol(render: Callable[[BinanceEngine, str], dict[str, Any]]) -> Callable[[Call], Any]:
    """One object for the symbol that is named, else a list of all."""

    def handler(call: Call) -> Any:
        rendered = [render(call.engine, symbol) for symbol in call.symbols()]
        return rendered[0] if call.params.get("symbol") else rendered

    return handler


def _historical_trades(call: Call) -> list[dict[str, Any]]:
    rules, first_id = call.rules(), call.integer("fromId")
    prints, rows = call.engine.tape(rules.symbol).recent(MAX_ROWS), call.rows()
    if first_id is None:
        shown = prints[-rows:]
    else:
        shown = [one for one in prints if one.trade_id >= first_id][:rows]
    return [wire_market.public_trade(one, rules) for one in shown]


def _klines(
    bars_of: Callable[[Charts, str], Candles],
    row: Callable[[Candle, str, SymbolRules], list[Any]],
    symbol_name: str,
) -> Callable[[Call], list[list[Any]]]:
    """``symbol_name``: the parameter that names the contract."""

    def handler(call: Call) -> list[list[Any]]:
        rules, interval = call.engine.rules(call.required(symbol_name)), call.required("interval")
        if interval not in INTERVALS:
            raise Refused(-1120)
        kind = call.params.get("contractType", "PERPETUAL")
        if kind != "PERPETUAL":
            raise Refused(-4104)
        start, end = call.integer("startTime"), call.integer("endTime")
        rows = call.rows(most=MAX_KLINES)
        bars = [
            bar
            for bar in bars_of(call.engine.charts, rules.symbol).bars(
                interval, call.engine.now_ms()
            )
            if (start is None or bar.open_ms >= start) and (end is None or bar.open_ms <= end)
        ]
        shown = bars[-rows:] if start is None else bars[:rows]
        return [row(bar, interval, rules) for bar in shown]

    return handler


def _kline_weight(params: Mapping[str, str]) -> int:
    text = params.get("limit", "")
    rows = int(text) if text.isascii() and text.isdigit() else DEFAULT_ROWS
    return next((weight for most, weight in KLINE_WEIGHTS if rows < most), 10)


def _open_interest(call: Call) -> dict[str, Any]:
    return wire_market.open_interest(call.engine, call.rules().symbol)


def _funding_rates(call: Call) -> list[dict[str, Any]]:
    symbols = call.symbols()
    start, end = call.integer("startTime") or 0, call.integer("endTime")
    rates = [
        one
        for one in call.engine.funding.settled
        if one.symbol in symbols and start <= one.time_ms and (end is None or one.time_ms <= end)
    ]
    rows = call.rows(DEFAULT_FUNDING_ROWS)
    shown = rates[:rows] if call.params.get("startTime") else rates[-rows:]
    return [wire_market.funding_rate(one) for one in shown]


def _funding_info(_: Call) -> list[dict[str, Any]]:
    """Lists only contracts whose funding differs from the default eight hours."""
    return []


def _public(handler: Callable[[Call], Any], weight: Any = 1) -> Route:
    return Route(handler, weight, signed=False)


ROUTES: Mapping[tuple[str, str], Route] = {
    ("GET", "/fapi/v1/ping"): _public(_ping),
    ("GET", "/fapi/v1/time"): _public(_time),
    ("GET", "/fapi/v1/exchangeInfo"): _public(_exchange_info),
    ("GET", "/fapi/v1/depth"): _public(_depth, _depth_weight),
    ("GET", "/fapi/v1/trades"): _public(_trades, 5),
    ("GET", "/fapi/v1/historicalTrades"): Route(_historical_trades, 20, signed=False, keyed=True),
    ("GET", "/fapi/v1/klines"): _public(
        _klines(Charts.trades, wire_market.kline, "symbol"), _kline_weight
    ),
    ("GET", "/fapi/v1/continuousKlines"): _public(
        _klines(Charts.trades, wire_market.kline, "pair"), _kline_weight
    ),
    ("GET", "/fapi/v1/markPriceKlines"): _public(
        _klines(Charts.marks, wire_market.price_kline, "symbol"), _kline_weight
    ),
    ("GET", "/fapi/v1/indexPriceKlines"): _public(
        _klines(Charts.marks, wire_market.price_kline, "pair"), _kline_weight
    ),
    ("GET", "/fapi/v1/openInterest"): _public(_open_interest),
    ("GET", "/fapi/v1/aggTrades"): _public(_aggregate_trades, 20),
    ("GET", "/fapi/v1/ticker/bookTicker"): _public(
        _by_symbol(wire_market.book_ticker), one_or_all(2, 5)
    ),
    ("GET", "/fapi/v1/ticker/price"): _public(
        _by_symbol(wire_market.price_ticker), one_or_all(1, 2)
    ),
    ("GET", "/fapi/v2/ticker/price"): _public(
        _by_symbol(wire_market.price_ticker), one_or_all(1, 2)
    ),
    ("GET", "/fapi/v1/ticker/24hr"): _public(_by_symbol(wire_market.day_ticker), one_or_all(1, 40)),
    ("GET", "/fapi/v1/premiumIndex"): _public(
        _by_symbol(wire_market.premium_index), one_or_all(1, 10)
    ),
    ("GET", "/fapi/v1/fundingRate"): Route(_funding_rates, 0, signed=False, funding_pool=True),
    ("GET", "/fapi/v1/fundingInfo"): Route(_funding_info, 0, signed=False, funding_pool=True),
}
