"""Which streams there are, and on which path each delivers.

Binance docs, USDⓈ-M WebSocket change notice of March 2026: books and their touch on ``/public``,
other market data on ``/market``, user data on ``/private``. A stream that is asked for on another
path, or that does not exist, is accepted and delivers nothing; the old paths without a prefix
still deliver what is public. Names are in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from exchanges.simulator.binance.candles import INTERVALS
from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.streams import price_feeds, trade_feed
from exchanges.simulator.binance.streams.book_feeds import (
    AllBookTickersFeed,
    BookTickerFeed,
    DiffDepthFeed,
    PartialDepthFeed,
)
from exchanges.simulator.binance.streams.candle_feed import CandleFeed
from exchanges.simulator.binance.streams.feed import Emit, Feed
from exchanges.simulator.binance.streams.forced_order_feed import ForcedOrderFeed


class Road(StrEnum):
    """The first part of the path."""

    PUBLIC = "public"
    MARKET = "market"
    PRIVATE = "private"
    UNROUTED = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """A stream that is being subscribed to: where it comes from and where it goes."""

    engine: BinanceEngine
    symbol: str
    detail: str
    """What the pattern's second group matched."""
    emit: Emit


Make = Callable[[Wish], Feed | None]


def _depth(wish: Wish) -> Feed:
    return DiffDepthFeed(wish.engine, wish.symbol, wish.emit, interval_s=_pace(wish.detail))


def _partial(wish: Wish) -> Feed:
    levels, _, pace = wish.detail.partition("@")
    return PartialDepthFeed(
        wish.engine, wish.symbol, wish.emit, levels=int(levels), interval_s=_pace(pace)
    )


def _pace(text: str) -> float:
    """250 ms unless another speed is named."""
    return int(text.strip("@").removesuffix("ms")) / 1_000 if text else 0.25


def _trades(write: Callable[..., dict[str, Any]]) -> Make:
    return lambda wish: trade_feed.TradeFeed(wish.engine, wish.symbol, wish.emit, write=write)


def _prices(write: price_feeds.Write, interval_s: float) -> Make:
    def make(wish: Wish) -> Feed:
        return price_feeds.PriceFeed(
            wish.engine,
            wish.symbol,
            wish.emit,
            write=write,
            interval_s=1.0 if wish.detail else interval_s,
        )

    return make


def _all_prices(write: price_feeds.Write, interval_s: float) -> Make:
    def make(wish: Wish) -> Feed:
        pace = 1.0 if wish.detail else interval_s
        return price_feeds.AllPricesFeed(wish.engine, wish.emit, write=write, interval_s=pace)

    return make


def _candles(*, continuous: bool) -> Make:
    def make(wish: Wish) -> Feed | None:
        if wish.detail not in INTERVALS:
            return None
        return CandleFeed(
            wish.engine, wish.symbol, wish.emit, interval=wish.detail, continuous=continuous
        )

    return make


_SYMBOL = "([a-z0-9]+)"
_SPEED = "(@100ms|@250ms|@500ms)?"
_STREAMS: tuple[tuple[Road, str, Make], ...] = (
    (Road.PUBLIC, rf"{_SYMBOL}@depth{_SPEED}", _depth),
    # Nobody places retail price improvement orders here: their book is the same.
    (Road.PUBLIC, f"{_SYMBOL}@rpiDepth(@500ms)", _depth),
    (Road.PUBLIC, rf"{_SYMBOL}@depth((?:5|10|20)(?:@100ms|@250ms|@500ms)?)", _partial),
    (
        Road.PUBLIC,
        f"{_SYMBOL}@bookTicker()",
        lambda wish: BookTickerFeed(wish.engine, wish.symbol, wish.emit),
    ),
    (Road.PUBLIC, "()!bookTicker()", lambda wish: AllBookTickersFeed(wish.engine, wish.emit)),
    (Road.PUBLIC, f"{_SYMBOL}@trade()", _trades(trade_feed.trade)),
    (Road.MARKET, f"{_SYMBOL}@aggTrade()", _trades(trade_feed.aggregate)),
    (Road.MARKET, f"{_SYMBOL}@markPrice(@1s)?", _prices(price_feeds.mark_price, 3.0)),
    (Road.MARKET, "()!markPrice@arr(@1s)?", _all_prices(price_feeds.mark_price, 3.0)),
    (Road.MARKET, f"{_SYMBOL}@ticker()", _prices(price_feeds.ticker, 2.0)),
    (Road.MARKET, "()!ticker@arr()", _all_prices(price_feeds.ticker, 1.0)),
    (Road.MARKET, f"{_SYMBOL}@miniTicker()", _prices(price_feeds.mini_ticker, 2.0)),
    (Road.MARKET, "()!miniTicker@arr()", _all_prices(price_feeds.mini_ticker, 1.0)),
    (Road.MARKET, f"{_SYMBOL}@kline_([0-9]+[a-zA-Z])", _candles(continuous=False)),
    (
        Road.MARKET,
        f"{_SYMBOL}_perpetual@continuousKline_([0-9]+[a-zA-Z])",
        _candles(continuous=True),
    ),
    (
        Road.MARKET,
        f"{_SYMBOL}@forceOrder()",
        lambda wish: ForcedOrderFeed(wish.engine, wish.emit, symbol=wish.symbol),
    ),
    (
        Road.MARKET,
        "()!forceOrder@arr()",
        lambda wish: ForcedOrderFeed(wish.engine, wish.emit, symbol=None),
    ),
)
_PATTERNS = tuple((road, re.compile(pattern), make) for road, pattern, make in _STREAMS)


def market_feed(engine: BinanceEngine, road: Road, name: str, emit: Emit) -> Feed | None:
    """The stream ``name`` as ``road`` has it; None where it delivers nothing."""
    seen = Road.PUBLIC if road is Road.UNROUTED else road
    for of_road, pattern, make in _PATTERNS:
        found = pattern.fullmatch(name)
        if found is None or of_road is not seen:
            continue
        symbol = found[1].upper()
        if symbol and symbol not in engine.contracts:
            return None
        return make(Wish(engine, symbol, found[2] or "", emit))
    return None
