"""Public trades of one contract: what a trade list and a 24-hour ticker are made of."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from exchanges.simulator.id_counter import IdCounter

DAY_MS = 86_400_000
KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Print:
    """One public trade; ``buyer_is_maker`` means that a seller took."""

    trade_id: int
    price: Decimal
    quantity: Decimal
    time_ms: int
    buyer_is_maker: bool


@dataclass(frozen=True, slots=True)
class DaySummary:
    """The prints of the last 24 hours that are still kept."""

    open: Decimal
    high: Decimal
    low: Decimal
    last: Print
    first: Print
    volume: Decimal
    value: Decimal
    count: int


class Tape:
    """The last prints, oldest first."""

    def __init__(self, trade_ids: IdCounter, show: Callable[[Print], None]) -> None:
        """``show`` is told of each print."""
        self._prints: deque[Print] = deque(maxlen=KEPT)
        self._trade_ids = trade_ids
        self._show = show

    def add(self, price: Decimal, quantity: Decimal, time_ms: int, *, buyer_is_maker: bool) -> int:
        one = Print(self._trade_ids.take(), price, quantity, time_ms, buyer_is_maker)
        self._prints.append(one)
        self._show(one)
        return one.trade_id

    @property
    def last_price(self) -> Decimal | None:
        return self._prints[-1].price if self._prints else None

    def recent(self, count: int) -> list[Print]:
        """The last ``count`` prints, oldest first."""
        return list(self._prints)[-count:]

    def day(self, now_ms: int) -> DaySummary:
        """In a day without any print, the last one before stands for it."""
        prints = [one for one in self._prints if one.time_ms > now_ms - DAY_MS]
        prints = prints or self.recent(1)
        prices = [one.price for one in prints]
        return DaySummary(
            open=prices[0],
            high=max(prices),
            low=min(prices),
            last=prints[-1],
            first=prints[0],
            volume=sum((one.quantity for one in prints), Decimal(0)),
            value=sum((one.price * one.quantity for one in prints), Decimal(0)),
            count=len(prints),
        )
