"""Streams of books: differences, best levels, and the touch.

Binance docs, USDⓈ-M /public streams. ``pu`` of a difference is ``u`` of the one before it on the
same stream, and between two of them no change of the book is missing: what changed and changed
back is told too.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.simulator.binance.book_sequence import BookChange, BookView
from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.streams.feed import UM, Emit
from exchanges.simulator.binance.wire_market import book_levels, touch

_REAL_TIME_S = 0.25
"""A stream that sends at once still has the book looked at that often."""
ALL_TICKERS_S = 5.0


class DiffDepthFeed:
    """``<symbol>@depth[@100ms|@250ms|@500ms]``"""

    def __init__(
        self, engine: BinanceEngine, symbol: str, emit: Emit, *, interval_s: float = 0.25
    ) -> None:
        self.interval_s = interval_s
        self._engine = engine
        self._symbol = symbol
        self._emit = emit
        self._bids: dict[Decimal, Decimal] = {}
        self._asks: dict[Decimal, Decimal] = {}
        self._first_id: int | None = None
        self.close = engine.books.subscribe(symbol, self._changed)
        self._last_id = engine.books.view(symbol).update_id

    def _changed(self, change: BookChange) -> None:
        self._bids |= change.bids
        self._asks |= change.asks
        if self._first_id is None:
            self._first_id = change.first_id

    def poll(self) -> None:
        view = self._engine.books.view(self._symbol)
        if self._first_id is None:
            return
        rules = self._engine.rules(self._symbol)
        self._emit(
            _depth_update(self._engine, view, self._first_id, self._last_id)
            | {
                "b": book_levels(sorted(self._bids.items(), reverse=True), rules),
                "a": book_levels(sorted(self._asks.items()), rules),
            }
        )
        self._first_id, self._last_id = None, view.update_id
        self._bids.clear()
        self._asks.clear()


class PartialDepthFeed:
    """``<symbol>@depth<levels>[@…]``: the best levels as they are, when the book has changed."""

    def __init__(
        self,
        engine: BinanceEngine,
        symbol: str,
        emit: Emit,
        *,
        levels: int,
        interval_s: float = 0.25,
    ) -> None:
        self.interval_s = interval_s
        self._engine = engine
        self._symbol = symbol
        self._emit = emit
        self._levels = levels
        self._last_id: int | None = None

    def poll(self) -> None:
        view = self._engine.books.view(self._symbol)
        if view.update_id == self._last_id:
            return
        before = view.update_id - 1 if self._last_id is None else self._last_id
        rules, count = self._engine.rules(self._symbol), self._levels
        self._emit(
            _depth_update(self._engine, view, before + 1, before)
            | {
                "b": book_levels(view.bids[:count], rules),
                "a": book_levels(view.asks[:count], rules),
            }
        )
        self._last_id = view.update_id

    def close(self) -> None:
        pass


class BookTickerFeed:
    """``<symbol>@bookTicker``: each change of the best bid or ask, at once."""

    interval_s = _REAL_TIME_S

    def __init__(self, engine: BinanceEngine, symbol: str, emit: Emit) -> None:
        self._engine = engine
        self._symbol = symbol
        self._emit = emit
        view = engine.books.view(symbol)
        self._touch = (view.bids[:1], view.asks[:1])
        self.close = engine.books.subscribe(symbol, self._changed)

    def poll(self) -> None:
        self._engine.books.view(self._symbol)

    def _changed(self, change: BookChange) -> None:
        view = change.view
        now = (view.bids[:1], view.asks[:1])
        said_again = any(
            side and side[0][0] in changed
            for side, changed in zip(now, (change.bids, change.asks), strict=True)
        )
        if now != self._touch or said_again:
            self._touch = now
            self._emit(book_ticker(self._engine, view))


class AllBookTickersFeed:
    """``!bookTicker``: every symbol whose book has changed, every 5 seconds."""

    interval_s = ALL_TICKERS_S

    def __init__(self, engine: BinanceEngine, emit: Emit) -> None:
        self._engine = engine
        self._emit = emit
        self._last_ids: dict[str, int] = {}

    def poll(self) -> None:
        for symbol in self._engine.contracts:
            view = self._engine.books.view(symbol)
            if self._last_ids.get(symbol) != view.update_id:
                self._last_ids[symbol] = view.update_id
                self._emit(book_ticker(self._engine, view))

    def close(self) -> None:
        pass


def book_ticker(engine: BinanceEngine, view: BookView) -> dict[str, Any]:
    """The payload of bookTicker."""
    rules = engine.rules(view.symbol)
    bid, ask = touch(view.bids, rules), touch(view.asks, rules)
    return {
        "e": "bookTicker",
        "u": view.update_id,
        "s": view.symbol,
        "ps": rules.symbol,
        "b": bid[0],
        "B": bid[1],
        "a": ask[0],
        "A": ask[1],
        "T": view.time_ms,
        "E": engine.now_ms(),
        "st": UM,
    }


def _depth_update(
    engine: BinanceEngine, view: BookView, first_id: int, previous_id: int
) -> dict[str, Any]:
    return {
        "e": "depthUpdate",
        "E": engine.now_ms(),
        "T": view.time_ms,
        "s": view.symbol,
        "ps": view.symbol,
        "U": first_id,
        "u": view.update_id,
        "pu": previous_id,
        "st": UM,
    }
