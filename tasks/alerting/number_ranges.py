"""Sets of alert numbers that are mostly whole stretches, written as ranges."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from operator import itemgetter


class NumberRanges:
    """Disjoint ranges ``(first, last)``, both ends included, rising."""

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        self._ranges: list[tuple[int, int]] = []
        for number in numbers:
            self.add(number, number)

    def __contains__(self, number: int) -> bool:
        place = bisect_right(self._ranges, number, key=itemgetter(0)) - 1
        return place >= 0 and number <= self._ranges[place][1]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self._ranges)

    def __len__(self) -> int:
        """How many numbers."""
        return sum(last - first + 1 for first, last in self._ranges)

    def add(self, first: int, last: int) -> None:
        """Take in all from ``first`` to ``last``."""
        if self._ranges and first > self._ranges[-1][1] + 1:  # the ordinary case
            self._ranges.append((first, last))
            return
        kept = []
        for low, high in self._ranges:
            if high + 1 < first or low > last + 1:
                kept.append((low, high))
            else:
                first, last = min(low, first), max(high, last)
        self._ranges = sorted([*kept, (first, last)])

    def take_in(self, others: NumberRanges) -> None:
        for first, last in others:
            self.add(first, last)

    def forget_below(self, number: int) -> None:
        """Smaller numbers are in, for all that is ever asked about them."""
        if number > 1:
            self.add(1, number - 1)
