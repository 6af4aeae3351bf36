"""A market that wanders, and every book that it has had lately."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from exchanges.book import Book, Level
from exchanges.clock import Clock
from exchanges.instrument import Venue
from exchanges.order import Order
from exchanges.side import Side
from exchanges.simulator.market import Market, Quote
from tests.exchanges.simulated_desk import NATIVE, TOUCH

STEP = {Venue.UPBIT: Decimal(1_000), Venue.BINANCE: Decimal("0.1"), Venue.HYPERLIQUID: Decimal(1)}
"""The market's tick."""
FARTHEST = 60
"""Ticks from where it began."""
REMEMBERED = 200
_MEETINGS = 4

Side_ = tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """A book of the venue, from ``since`` until the next."""

    since: float
    bids: Side_
    asks: Side_


class MarketMoves:
    """Moves BTC at one venue."""

    def __init__(self, venue: Venue, market: Market, clock: Clock, chance: random.Random) -> None:
        self._venue = venue
        self._market = market
        self._clock = clock
        self._chance = chance
        self._ticks = 0
        self._to_meet: deque[tuple[float, Order]] = deque()
        self._meetings = 0
        self._seen: deque[Seen] = deque(maxlen=REMEMBERED)
        self._hold(TOUCH[venue])

    @property
    def quote(self) -> Quote:
        return self._market.quote(self._venue, NATIVE[self._venue])

    @property
    def spread(self) -> Decimal:
        return TOUCH[self._venue].ask - TOUCH[self._venue].bid

    def meet(self, order: Order, at: float) -> None:
        """Have the market come to a resting order, as often as it takes to fill it in pieces."""
        self._to_meet.append((at, order))

    def move(self) -> None:
        """One move: to an order that is to be met, or at random."""
        touch, step = TOUCH[self._venue], STEP[self._venue]
        if self._to_meet and self._to_meet[0][0] <= self._clock.monotonic():
            order = self._to_meet[0][1]
            self._meetings += 1
            if self._meetings == _MEETINGS:
                self._to_meet.popleft()
                self._meetings = 0
            price = order.price or Decimal(0)
            bid = price - self.spread if order.side is Side.BUY else price
        else:
            self._ticks += self._chance.randint(-4, 4)
            self._ticks = max(-FARTHEST, min(FARTHEST, self._ticks))
            bid = touch.bid + self._ticks * step
        size = Decimal(self._chance.randint(40, 60)) / 100
        self._hold(Quote(bid, bid + self.spread, size))

    def seen_since(self, since: float) -> list[Seen]:
        """All books that the venue had at some moment from ``since`` on; at the moment of a move it
        has both."""
        found: list[Seen] = []
        for seen in reversed(self._seen):
            found.append(seen)
            if seen.since < since:
                break
        return found

    def _hold(self, quote: Quote) -> None:
        native = NATIVE[self._venue]
        self._market.set_quote(self._venue, native, quote)
        bids, asks = (
            tuple(Level(*level) for level in self._market.levels(self._venue, native, side))
            for side in (Side.BUY, Side.SELL)
        )
        self._seen.append(Seen(self._clock.monotonic(), bids, asks))


def is_of(venue: Venue, book: Book, seen: list[Seen], earlier: list[Seen]) -> bool:
    """Was ``book`` one of those ``seen``? Binance tells the touch before the levels below it,
    which may be :data:`~exchanges.binance.book_sync.LATE_S` behind: there the touch must be one of
    ``seen``, and what stands behind it all of one of ``earlier``, which reaches back farther."""
    bid, ask = book.bids[0], book.asks[0]
    if venue is not Venue.BINANCE:
        return any(_begins(one.bids, book.bids) and _begins(one.asks, book.asks) for one in seen)
    is_touch = any((one.bids[0], one.asks[0]) == (bid, ask) for one in seen)
    return is_touch and any(
        _begins([level for level in one.bids if level.price < bid.price], book.bids[1:])
        and _begins([level for level in one.asks if level.price > ask.price], book.asks[1:])
        for one in earlier
    )


def _begins(levels: Sequence[Level], best: Side_) -> bool:
    return tuple(levels[: len(best)]) == best
