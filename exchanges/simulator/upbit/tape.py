"""What one simulated market has traded: prints and one-minute candles, in venue time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from exchanges.side import Side
from exchanges.simulator.market import Listing, Market
from exchanges.simulator.venue_clock import VenueClock

KEPT_PRINTS = 500
KEPT_MINUTES = 1_440
OTHERS_SHARE = Decimal("0.01")
"""A move of the price is shown as a trade of this share of the touch, done by others."""


@dataclass(frozen=True, slots=True)
class Print:
    price: Decimal
    volume: Decimal
    taker: Side
    time: datetime
    number: int


@dataclass(slots=True)
class Candle:
    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    value: Decimal
    """Σ price × volume, KRW."""

    def add(self, price: Decimal, volume: Decimal) -> None:
        self.high = max(self.high, price)
        self.low = min(self.low, price)
        self.close = price
        self.volume += volume
        self.value += price * volume


class Tape:
    """Never empty: it begins with a print at the price of the moment it was made."""

    def __init__(self, market: Market, listing: Listing, clock: VenueClock) -> None:
        self._market = market
        self._listing = listing
        self._clock = clock
        self.prints: deque[Print] = deque(maxlen=KEPT_PRINTS)
        """Oldest first."""
        self.minutes: deque[Candle] = deque(maxlen=KEPT_MINUTES)
        """Oldest first; minutes without a trade are absent, as at the venue."""
        self.observe()

    @property
    def last(self) -> Print:
        return self.prints[-1]

    def observe(self) -> None:
        """Note the market's price if it has moved since the last print."""
        venue, native = self._listing.venue, self._listing.native
        price = self._market.last_price(venue, native)
        if self.prints and self.last.price == price:
            return
        volume = self._market.quote(venue, native).size * OTHERS_SHARE
        fell = bool(self.prints) and price < self.last.price
        self.record(price, volume, Side.SELL if fell else Side.BUY)

    def record(self, price: Decimal, volume: Decimal, taker: Side) -> None:
        """Note a trade at ``price``."""
        now = self._clock.now()
        number = int(now.timestamp() * 1_000_000)
        if self.prints:
            number = max(number, self.last.number + 1)
        self.prints.append(Print(price, volume, taker, now, number))
        minute = now.replace(second=0, microsecond=0)
        if self.minutes and self.minutes[-1].start >= minute:
            self.minutes[-1].add(price, volume)
        else:
            self.minutes.append(Candle(minute, price, price, price, price, volume, price * volume))

    def candles(self, unit_minutes: int) -> list[Candle]:
        """Candles of ``unit_minutes``, newest first."""
        merged: list[Candle] = []
        for candle in self.minutes:
            past = int(candle.start.timestamp()) // 60 % unit_minutes
            start = candle.start - timedelta(minutes=past)
            if merged and merged[-1].start == start:
                whole = merged[-1]
                whole.high = max(whole.high, candle.high)
                whole.low = min(whole.low, candle.low)
                whole.close = candle.close
                whole.volume += candle.volume
                whole.value += candle.value
            else:
                merged.append(
                    Candle(
                        start, candle.open, candle.high, candle.low,
                        candle.close, candle.volume, candle.value,
                    )
                )  # fmt: skip
        return merged[::-1]
