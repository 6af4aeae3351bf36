"""The public books and the numbers of their changes, the same for REST and for every stream.

A book is looked at when somebody wants it. What differs from the last look is one change, its
levels numbered one by one. The venue numbers the changes of all its books in one row, so that the
numbers of one book have holes: the next change does not begin at the last number plus one.

A live market is never still for long: a touch that has not changed for a second is said again,
under a new number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from exchanges.side import Side

Level = tuple[Decimal, Decimal]
"""Price and quantity."""
ReadSide = Callable[[str, Side], Sequence[Level]]
"""One side of a symbol's book as it is now, best first."""

RESTATED_MS = 1_000
_IDS_PER_MS = 10
"""Beginning at ten times the venue's milliseconds, no two runs give the same number."""
_HOLE = 3
"""Numbers between two changes of a book that are other books'."""


@dataclass(frozen=True, slots=True)
class BookView:
    """A book as it is shown to everybody; best levels first."""

    symbol: str
    update_id: int
    """Number of its last change."""
    time_ms: int
    """When that was."""
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class BookChange:
    """New quantities by price, 0 for a level that is gone."""

    first_id: int
    view: BookView
    """The book after it; its ``update_id`` is the last number."""
    bids: Mapping[Decimal, Decimal]
    asks: Mapping[Decimal, Decimal]


Listener = Callable[[BookChange], None]


class BookSequence:
    """Gives every change of every book its numbers, once."""

    def __init__(self, read: ReadSide, now_ms: Callable[[], int]) -> None:
        self._read = read
        self._now_ms = now_ms
        self._last_id = now_ms() * _IDS_PER_MS
        self._views: dict[str, BookView] = {}
        self._still: set[str] = set()
        self._listeners: dict[int, tuple[str, Listener]] = {}
        self._last_listener = 0
        self.stands_still: Callable[[str], bool] = lambda symbol: False
        """Is the book of ``symbol`` to be shown as it was?"""

    def view(self, symbol: str) -> BookView:
        """The book of ``symbol`` now; a change since the last look is told to the listeners."""
        known = self._views.get(symbol)
        if known is not None and self._is_held(symbol):
            return known
        return self._look(symbol, known)

    def subscribe(self, symbol: str, listener: Listener) -> Callable[[], None]:
        """``listener`` is called with each change; returns what ends it."""
        self.view(symbol)
        self._last_listener += 1
        number = self._last_listener
        self._listeners[number] = (symbol, listener)

        def end() -> None:
            self._listeners.pop(number, None)

        return end

    def market_moved(self) -> None:
        """Look at the books that somebody listens to."""
        for symbol in {symbol for symbol, _ in self._listeners.values()}:
            self.view(symbol)

    def _is_held(self, symbol: str) -> bool:
        """The first look after a book was stopped still sees where it stopped."""
        if not self.stands_still(symbol):
            self._still.discard(symbol)
            return False
        held = symbol in self._still
        self._still.add(symbol)
        return held

    def _look(self, symbol: str, known: BookView | None) -> BookView:
        now_ms = self._now_ms()
        bids, asks = tuple(self._read(symbol, Side.BUY)), tuple(self._read(symbol, Side.SELL))
        if known is None:
            first = BookView(symbol, self._last_id, now_ms, bids, asks)
            self._views[symbol] = first
            return first
        changed_bids, changed_asks = _changed(known.bids, bids), _changed(known.asks, asks)
        if not changed_bids and not changed_asks:
            if abs(now_ms - known.time_ms) < RESTATED_MS:
                return known
            changed_bids, changed_asks = dict(bids[:1]), dict(asks[:1])
        first_id = self._last_id + 1 + _HOLE
        self._last_id = first_id + max(len(changed_bids) + len(changed_asks), 1) - 1
        view = BookView(symbol, self._last_id, now_ms, bids, asks)
        self._views[symbol] = view
        change = BookChange(first_id, view, changed_bids, changed_asks)
        for about, listener in tuple(self._listeners.values()):
            if about == symbol:
                listener(change)
        return view


def _changed(before: Sequence[Level], after: Sequence[Level]) -> dict[Decimal, Decimal]:
    if before == after:
        return {}
    old, new = dict(before), dict(after)
    gone = {price: Decimal(0) for price in old.keys() - new.keys()}
    return gone | {price: size for price, size in new.items() if old.get(price) != size}
