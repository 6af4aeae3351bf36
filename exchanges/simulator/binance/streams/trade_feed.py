"""Streams of public trades. Every trade is an aggregate of its own, as in GET aggTrades here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.events import Event, Printed
from exchanges.simulator.binance.streams.feed import UM, Emit
from exchanges.simulator.binance.wire_market import aggregate_trade
from exchanges.simulator.binance.wire_orders import price_text, quantity_text


def trade(engine: BinanceEngine, printed: Printed) -> dict[str, Any]:
    """``<symbol>@trade``. Not in the venue's documentation of futures; the fields are those of
    recorded traffic."""
    rules, one = engine.rules(printed.symbol), printed.trade
    return {
        "e": "trade",
        "E": engine.now_ms(),
        "T": one.time_ms,
        "s": printed.symbol,
        "t": one.trade_id,
        "p": price_text(one.price, rules),
        "q": quantity_text(one.quantity, rules.step),
        "X": "MARKET",
        "m": one.buyer_is_maker,
    }


def aggregate(engine: BinanceEngine, printed: Printed) -> dict[str, Any]:
    """``<symbol>@aggTrade``"""
    head = {"e": "aggTrade", "E": engine.now_ms(), "s": printed.symbol}
    return head | aggregate_trade(printed.trade, engine.rules(printed.symbol)) | {"st": UM}


class TradeFeed:
    """Emits each public trade of a symbol at once, as ``write`` writes it."""

    interval_s = 60.0

    def __init__(
        self,
        engine: BinanceEngine,
        symbol: str,
        emit: Emit,
        *,
        write: Callable[[BinanceEngine, Printed], dict[str, Any]],
    ) -> None:
        self._engine = engine
        self._symbol = symbol
        self._emit = emit
        self._write = write
        self.close = engine.events.subscribe(self._happened)

    def poll(self) -> None:
        """Nothing waits for a time."""

    def _happened(self, event: Event) -> None:
        if isinstance(event, Printed) and event.symbol == self._symbol:
            self._emit(self._write(self._engine, event))
