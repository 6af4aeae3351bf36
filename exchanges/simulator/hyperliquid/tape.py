"""Public trades of one coin: what trade lists, candles and a day's figures are made of."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from decimal import Decimal

from exchanges.side import Side
from exchanges.simulator.hyperliquid.candles import CandleSeries

DAY_MS = 86_400_000
KEPT = 2_000


@dataclass(frozen=True, slots=True)
class Print:
    """One public trade; ``side`` is the taker's."""

    tid: int
    price: Decimal
    size: Decimal
    side: Side
    time_ms: int
    transaction: str


class Tape:
    """The last prints, oldest first, and the candles of all of them."""

    def __init__(self) -> None:
        self._prints: deque[Print] = deque(maxlen=KEPT)
        self.candles = CandleSeries()

    def add(self, one: Print) -> None:
        self._prints.append(one)
        self.candles.add(one.price, one.size, one.time_ms)

    @property
    def last_price(self) -> Decimal | None:
        return self._prints[-1].price if self._prints else None

    def recent(self, count: int) -> list[Print]:
        """The last ``count`` prints, newest first."""
        return list(self._prints)[: -count - 1 : -1]

    def day(self, now_ms: int) -> list[Print]:
        """The kept prints of the last 24 hours; in a day without any, the last one before."""
        prints = [one for one in self._prints if one.time_ms > now_ms - DAY_MS]
        return prints or list(self._prints)[-1:]
