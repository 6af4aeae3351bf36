"""One market's order book, kept whole from changes. Pure: no clock, no wire."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from decimal import Decimal

from exchanges.book import Level
from exchanges.side import Side


class BookSide:
    """The bids (``Side.BUY``) or the asks of a book."""

    def __init__(self, side: Side, levels: Iterable[Level] = ()) -> None:
        self._side = side
        self._levels: dict[Decimal, Level] = {}
        self._prices: list[Decimal] = []
        """Of every level, rising."""
        self.set(levels)

    def set(self, levels: Iterable[Level]) -> None:
        """Give each price its new quantity; zero takes the level away, known or not."""
        for level in levels:
            price = level.price
            if level.quantity:
                if price not in self._levels:
                    insort(self._prices, price)
                self._levels[price] = level
            elif self._levels.pop(price, None) is not None:
                del self._prices[bisect_left(self._prices, price)]

    def best(self, count: int) -> tuple[Level, ...]:
        """At most ``count`` levels, best first."""
        which = slice(None, -count - 1, -1) if self._side is Side.BUY else slice(count)
        return tuple([self._levels[price] for price in self._prices[which]])

    def best_from(self, touch: Level, count: int) -> tuple[Level, ...]:
        """:meth:`best`, if ``touch`` is now the best level: what stands before it has gone."""
        if self._side is Side.BUY:
            end = bisect_left(self._prices, touch.price)
            prices = self._prices[max(0, end - count + 1) : end][::-1]
        else:
            start = bisect_right(self._prices, touch.price)
            prices = self._prices[start : start + count - 1]
        return (touch, *[self._levels[price] for price in prices])
