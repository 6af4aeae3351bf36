"""Streams of candles: ``<symbol>@kline_<interval>`` and
``<pair>_perpetual@continuousKline_<interval>``, every 250 ms when something has changed.

Price and volume are those of GET klines; the ids of the first and last trade are those seen since
the subscription, -1 before the first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from exchanges.simulator.binance.candles import Candle, bar_end, bar_start
from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.events import Event, Printed
from exchanges.simulator.binance.streams.feed import Emit
from exchanges.simulator.binance.tape import Print
from exchanges.simulator.binance.wire_orders import price_text, quantity_text, text


class CandleFeed:
    interval_s = 0.25

    def __init__(
        self,
        engine: BinanceEngine,
        symbol: str,
        emit: Emit,
        *,
        interval: str,
        continuous: bool = False,
    ) -> None:
        self._engine = engine
        self._symbol = symbol
        self._emit = emit
        self._interval = interval
        self._continuous = continuous
        self._candle = replace(engine.charts.trades(symbol).bars(interval, engine.now_ms())[-1])
        self._ids = (-1, -1)
        self._is_news = True
        self.close = engine.events.subscribe(self._happened)

    def poll(self) -> None:
        self._roll(self._engine.now_ms())
        if self._is_news:
            self._is_news = False
            self._show(is_closed=False)

    def _happened(self, event: Event) -> None:
        if not isinstance(event, Printed) or event.symbol != self._symbol:
            return
        one = event.trade
        self._roll(one.time_ms)
        if self._candle.count:
            self._candle.include(_alone(one))
        else:
            self._candle = replace(_alone(one), open_ms=self._candle.open_ms)
        first_id = one.trade_id if self._ids[0] < 0 else self._ids[0]
        self._ids = (first_id, one.trade_id)
        self._is_news = True

    def _roll(self, time_ms: int) -> None:
        """Close the candle when its time is over, and begin the next at its last price."""
        if time_ms <= bar_end(self._interval, self._candle.open_ms):
            return
        self._show(is_closed=True)
        price = self._candle.close
        start_ms = bar_start(self._interval, time_ms)
        self._candle = Candle(start_ms, price, price, price, price)
        self._ids = (-1, -1)
        self._is_news = True

    def _show(self, *, is_closed: bool) -> None:
        now_ms = self._engine.now_ms()
        if self._continuous:
            head = {"e": "continuous_kline", "E": now_ms, "ps": self._symbol, "ct": "PERPETUAL"}
            symbol = {}
        else:
            head = {"e": "kline", "E": now_ms, "s": self._symbol}
            symbol = {"s": self._symbol}
        self._emit(head | {"k": self._fields(symbol, is_closed=is_closed)})

    def _fields(self, symbol: dict[str, str], *, is_closed: bool) -> dict[str, Any]:
        candle, rules = self._candle, self._engine.rules(self._symbol)
        value_step = rules.step * rules.tick
        return {
            "t": candle.open_ms,
            "T": bar_end(self._interval, candle.open_ms),
            **symbol,
            "i": self._interval,
            "f": self._ids[0],
            "L": self._ids[1],
            "o": price_text(candle.open, rules),
            "c": price_text(candle.close, rules),
            "h": price_text(candle.high, rules),
            "l": price_text(candle.low, rules),
            "v": quantity_text(candle.volume, rules.step),
            "n": candle.count,
            "x": is_closed,
            "q": text(candle.value.quantize(value_step)),
            "V": quantity_text(candle.bought, rules.step),
            "Q": text(candle.bought_value.quantize(value_step)),
            "B": "0",
        }


def _alone(one: Print) -> Candle:
    """A candle of one trade."""
    value = one.price * one.quantity
    candle = Candle(one.time_ms, one.price, one.price, one.price, one.price, one.quantity, value, 1)
    if not one.buyer_is_maker:
        candle.bought, candle.bought_value = one.quantity, value
    return candle
