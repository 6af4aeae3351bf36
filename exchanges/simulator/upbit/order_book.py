"""The books that the simulated Upbit shows, over REST and WebSocket alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import lru_cache

import orjson

from exchanges.instrument import Venue
from exchanges.rules import tick_at
from exchanges.side import Side
from exchanges.simulator.faults import FaultKind, Faults
from exchanges.simulator.market import Market
from exchanges.simulator.upbit.number_json import number
from exchanges.simulator.venue_clock import VenueClock

ZERO = Decimal(0)
Level = tuple[Decimal, Decimal]
"""(price, size)"""
Unit = Mapping[str, orjson.Fragment]
"""A level of both sides by the names of the venue."""


@dataclass(frozen=True, slots=True)
class ShownBook:
    """Best first, at most 30 levels a side."""

    asks: tuple[Level, ...]
    bids: tuple[Level, ...]
    timestamp: int
    """Unix milliseconds."""

    def grouped(self, level: Decimal) -> ShownBook:
        """Prices to multiples of ``level`` (0: as they are): asks up, bids down."""
        if not level:
            return self
        return ShownBook(
            _grouped(self.asks, level, ROUND_CEILING),
            _grouped(self.bids, level, ROUND_FLOOR),
            self.timestamp,
        )

    @property
    def total_ask_size(self) -> Decimal:
        return sum((size for _, size in self.asks), ZERO)

    @property
    def total_bid_size(self) -> Decimal:
        return sum((size for _, size in self.bids), ZERO)

    def units(self, count: int) -> Sequence[Unit]:
        """``orderbook_units``"""
        return _units(self.asks[:count], self.bids[:count])


class ShownBooks:
    """A book stands still, its time too, while ``stale_book`` holds for its market."""

    def __init__(self, market: Market, clock: VenueClock, faults: Faults) -> None:
        self._market = market
        self._clock = clock
        self._faults = faults
        self._stale: dict[str, ShownBook] = {}
        self._listings = market.listings(Venue.UPBIT)
        faults.subscribe(self._faults_changed)

    def of(self, native: str) -> ShownBook:
        """The book of a market that is listed."""
        return self._stale.get(native) or self._now(native)

    def levels(self, native: str) -> tuple[Decimal, ...]:
        """What prices may be grouped by: 0 (not at all) and powers of ten of the tick, for KRW
        markets only."""
        listing = self._market.listing(Venue.UPBIT, native)
        price = self._market.last_price(Venue.UPBIT, native)
        levels = [ZERO]
        level = tick_at(listing.tick_bands, price) * 10
        while listing.quote_currency == "KRW" and level <= price:
            levels.append(level)
            level *= 10
        return tuple(levels)

    def _now(self, native: str) -> ShownBook:
        return ShownBook(
            self._market.levels(Venue.UPBIT, native, Side.SELL),
            self._market.levels(Venue.UPBIT, native, Side.BUY),
            self._clock.now_ms(),
        )

    def _faults_changed(self) -> None:
        for listing in self._listings:
            native = listing.native
            if not self._faults.holds(FaultKind.STALE_BOOK, Venue.UPBIT, native):
                self._stale.pop(native, None)
            elif native not in self._stale:
                self._stale[native] = self._now(native)


@lru_cache(maxsize=64)
def _units(asks: tuple[Level, ...], bids: tuple[Level, ...]) -> list[Unit]:
    """Kept as they are written: most books are shown more than once."""
    return [
        {
            "ask_price": number(ask),
            "bid_price": number(bid),
            "ask_size": number(ask_size),
            "bid_size": number(bid_size),
        }
        for (ask, ask_size), (bid, bid_size) in zip(asks, bids, strict=False)
    ]


def _grouped(levels: Iterable[Level], level: Decimal, rounding: str) -> tuple[Level, ...]:
    sizes: dict[Decimal, Decimal] = {}
    for price, size in levels:
        group = (price / level).to_integral_value(rounding) * level
        sizes[group] = sizes.get(group, ZERO) + size
    return tuple(sizes.items())
