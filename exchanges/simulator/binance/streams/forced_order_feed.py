"""``<symbol>@forceOrder`` and ``!forceOrder@arr``: the latest liquidation of each second.

Auto-deleveraging is no liquidation and is not shown.
"""

from __future__ import annotations

from typing import Any

from exchanges.simulator.binance.engine import BinanceEngine
from exchanges.simulator.binance.events import Event, ExecutionType, OrderChanged
from exchanges.simulator.binance.streams.feed import UM, Emit
from exchanges.simulator.binance.streams.user_payloads import average_text
from exchanges.simulator.binance.wire_orders import price_text, quantity_text


class ForcedOrderFeed:
    interval_s = 1.0

    def __init__(self, engine: BinanceEngine, emit: Emit, *, symbol: str | None) -> None:
        """``symbol`` None: all symbols."""
        self._engine = engine
        self._symbol = symbol
        self._emit = emit
        self._latest: dict[str, dict[str, Any]] = {}
        self.close = engine.events.subscribe(self._happened)

    def poll(self) -> None:
        for payload in self._latest.values():
            self._emit(payload)
        self._latest.clear()

    def _happened(self, event: Event) -> None:
        if (
            isinstance(event, OrderChanged)
            and event.execution is ExecutionType.CALCULATED
            and event.order.forced_by == "LIQUIDATION"
            and self._symbol in (None, event.order.symbol)
        ):
            payload = self._payload(event)
            extra = {"ps": event.order.symbol, "st": UM} if self._symbol is None else {}
            self._latest[event.order.symbol] = payload | extra

    def _payload(self, event: OrderChanged) -> dict[str, Any]:
        order, rules = event.order, self._engine.rules(event.order.symbol)
        last = order.executed if event.trade is None else event.trade.quantity
        return {
            "e": "forceOrder",
            "E": self._engine.now_ms(),
            "o": {
                "s": order.symbol,
                "S": order.side.name,
                "o": order.type.value,
                "f": order.time_in_force.value,
                "q": quantity_text(order.quantity, rules.step),
                "p": price_text(order.price, rules),
                "ap": average_text(order),
                "X": order.status.value,
                "l": quantity_text(last, rules.step),
                "z": quantity_text(order.executed, rules.step),
                "T": event.time_ms,
            },
        }
