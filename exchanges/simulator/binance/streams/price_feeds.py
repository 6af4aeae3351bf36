"""Streams that say again and again where a market stands: mark prices and 24-hour tickers.

Binance docs, USDⓈ-M /market streams: mark prices every 3 seconds or every second, tickers of one
symbol every 2 seconds, of all every second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.streams.feed import UM, Emit
from exchanges.simulator.binance.wire_market import day_ticker, premium_index

Write = Callable[[BinanceEngine, str], dict[str, Any]]
"""The payload of one symbol."""


class PriceFeed:
    """One symbol's payload every ``interval_s`` seconds."""

    def __init__(
        self, engine: BinanceEngine, symbol: str, emit: Emit, *, write: Write, interval_s: float
    ) -> None:
        self.interval_s = interval_s
        self._engine = engine
        self._symbol = symbol
        self._emit = emit
        self._write = write

    def poll(self) -> None:
        self._emit(self._write(self._engine, self._symbol))

    def close(self) -> None:
        """Nothing is held."""


class AllPricesFeed:
    """Every symbol's payload in one list."""

    def __init__(
        self, engine: BinanceEngine, emit: Emit, *, write: Write, interval_s: float
    ) -> None:
        self.interval_s = interval_s
        self._engine = engine
        self._emit = emit
        self._write = write

    def poll(self) -> None:
        self._emit([self._write(self._engine, symbol) for symbol in self._engine.contracts])

    def close(self) -> None:
        """Nothing is held."""


def mark_price(engine: BinanceEngine, symbol: str) -> dict[str, Any]:
    """``markPrice``; its moving average (``ap``) is the mark price itself here."""
    now = premium_index(engine, symbol)
    return {
        "e": "markPriceUpdate",
        "E": engine.now_ms(),
        "s": symbol,
        "p": now["markPrice"],
        "ap": now["markPrice"],
        "P": now["estimatedSettlePrice"],
        "i": now["indexPrice"],
        "r": now["lastFundingRate"],
        "T": now["nextFundingTime"],
        "st": UM,
    }


def ticker(engine: BinanceEngine, symbol: str) -> dict[str, Any]:
    day = day_ticker(engine, symbol)
    return {
        "e": "24hrTicker",
        "E": engine.now_ms(),
        "s": symbol,
        "ps": symbol,
        "p": day["priceChange"],
        "P": day["priceChangePercent"],
        "w": day["weightedAvgPrice"],
        "c": day["lastPrice"],
        "Q": day["lastQty"],
        "o": day["openPrice"],
        "h": day["highPrice"],
        "l": day["lowPrice"],
        "v": day["volume"],
        "q": day["quoteVolume"],
        "O": day["openTime"],
        "C": day["closeTime"],
        "F": day["firstId"],
        "L": day["lastId"],
        "n": day["count"],
        "st": UM,
    }


def mini_ticker(engine: BinanceEngine, symbol: str) -> dict[str, Any]:
    day = day_ticker(engine, symbol)
    return {
        "e": "24hrMiniTicker",
        "E": engine.now_ms(),
        "s": symbol,
        "ps": symbol,
        "c": day["lastPrice"],
        "o": day["openPrice"],
        "h": day["highPrice"],
        "l": day["lowPrice"],
        "v": day["volume"],
        "q": day["quoteVolume"],
        "st": UM,
    }
