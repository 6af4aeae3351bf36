"""From a snapshot and an unbroken chain of changes to a book that is known to be the venue's.

The procedure is the documented one (Binance docs, USDⓈ-M futures, "How to manage a local order
book correctly"): keep the changes that come before the snapshot, start with the first that
reaches past it, and go on while each names the one before it; else ask for a new snapshot. Pure.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime

from exchanges.binance.depth import DepthEvent, DepthSnapshot, Levels, Touch
from exchanges.binance.local_book import BookSide
from exchanges.side import Side

SNAPSHOT_LEVELS = 1_000
"""The deepest snapshot that the venue gives."""
LATE_S = 1.0
"""Changes are due each 100 ms: when they are this much behind the touch, the levels below it are
not to be trusted."""

_KEPT_EVENTS = 600
"""A snapshot that was asked for comes well within the minute that these cover."""


class BookSync:
    """One market on one connection."""

    def __init__(self) -> None:
        self._recent: deque[DepthEvent] = deque(maxlen=_KEPT_EVENTS)
        self._sides: tuple[BookSide, BookSide] | None = None
        self._known: DepthSnapshot | None = None
        self._last_id = 0
        self._is_joined = False
        """A change has been put on top of the snapshot."""
        self._time: datetime | None = None
        self._touch: Touch | None = None
        self._ahead_since = 0.0

    @property
    def is_whole(self) -> bool:
        """False: the chain is broken or not begun, and only a snapshot helps."""
        return self._sides is not None

    @property
    def last_id(self) -> int:
        """The update up to which the book is whole."""
        return self._last_id

    def on_snapshot(self, snapshot: DepthSnapshot) -> None:
        """Start anew from ``snapshot`` and the changes that came meanwhile. Not whole afterwards
        when the snapshot is older than they reach back: the venue's REST may lag its stream."""
        self._sides = (BookSide(Side.BUY, snapshot.bids), BookSide(Side.SELL, snapshot.asks))
        self._known = snapshot
        self._last_id, self._time = snapshot.last_id, snapshot.time
        self._is_joined = False
        for event in self._recent:
            self._put(event)

    def on_event(self, event: DepthEvent, now: float) -> None:
        """Take in a change, at ``now`` of the monotonic clock."""
        if self._sides is not None:
            self._put(event)
            if self._sides is None:  # what came before the gap is of no use after it
                self._recent.clear()
        self._recent.append(event)
        self._ahead_since = now
        if self._touch is not None and self._touch.last_id <= event.last_id:
            self._touch = None

    def on_touch(self, touch: Touch, now: float) -> None:
        """Take in the best bid and ask; they run up to 100 ms ahead of the changes."""
        is_news = touch.last_id > self._last_id
        is_two_sided = touch.bid.quantity > 0 and touch.ask.quantity > 0
        if is_news and is_two_sided and touch.bid.price < touch.ask.price:
            if self._touch is None:
                self._ahead_since = now
            self._touch = touch

    def view(self, count: int, now: float) -> tuple[Levels, Levels, datetime] | None:
        """The best ``count`` bids and asks, and the venue's time of them; None while they are not
        known. A book that crosses itself is no book: it is given up."""
        if self._sides is None or self._time is None:
            return None
        bids, asks = self._sides
        if self._touch is not None:
            if now - self._ahead_since > LATE_S:
                return None
            touch = self._touch
            return bids.best_from(touch.bid, count), asks.best_from(touch.ask, count), touch.time
        view = bids.best(count), asks.best(count), self._time
        if view[0] and view[1] and view[0][0].price >= view[1][0].price:
            self._sides = None
            self._recent.clear()
            return None
        return view

    def is_thin(self, count: int) -> bool:
        """Are the best ``count`` levels partly outside of what the snapshot showed? There only
        levels that changed since are known, and a book seems thinner than it is."""
        if self._sides is None or self._known is None:
            return False
        for side, shown in zip(self._sides, (self._known.bids, self._known.asks), strict=True):
            best = side.best(count)
            if len(shown) < SNAPSHOT_LEVELS or not best:
                continue  # a shorter snapshot is the whole side
            if abs(best[-1].price - shown[0].price) > abs(shown[-1].price - shown[0].price):
                return True
        return False

    def _put(self, event: DepthEvent) -> None:
        if self._sides is None or event.last_id <= self._last_id:
            return  # of before the snapshot, or sent twice
        # The documented first change has first_id ≤ snapshot ≤ last_id. It may as well begin
        # later, when nothing happened in this market between the snapshot and it: ids count for
        # all markets, and previous_id says where this one's last change ended.
        follows = (
            event.previous_id == self._last_id
            if self._is_joined
            else event.previous_id <= self._last_id
        )
        if not follows:
            self._sides = None
            return
        bids, asks = self._sides
        bids.set(event.bids)
        asks.set(event.asks)
        self._last_id, self._time = event.last_id, event.time
        self._is_joined = True
