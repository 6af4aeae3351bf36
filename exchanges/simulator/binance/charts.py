"""The candles of every contract: of its trades, and of its mark price."""

from __future__ import annotations

from decimal import Decimal

from exchanges.simulator.binance.candles import Candles
from exchanges.simulator.binance.events import Event, Events, Printed


class Charts:
    """Listens to the public trades; the mark price must be told."""

    def __init__(self, events: Events) -> None:
        self._trades: dict[str, Candles] = {}
        self._marks: dict[str, Candles] = {}
        events.subscribe(self._see)

    def trades(self, symbol: str) -> Candles:
        return self._trades.setdefault(symbol, Candles())

    def marks(self, symbol: str) -> Candles:
        """Without volume: what is counted is how often the price was looked at."""
        return self._marks.setdefault(symbol, Candles())

    def see_mark(self, symbol: str, price: Decimal, now_ms: int) -> None:
        self.marks(symbol).add(price, Decimal(0), now_ms, buyer_is_maker=False)

    def _see(self, event: Event) -> None:
        if isinstance(event, Printed):
            one = event.trade
            self.trades(event.symbol).add(
                one.price, one.quantity, one.time_ms, buyer_is_maker=one.buyer_is_maker
            )
