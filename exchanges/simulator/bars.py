"""Bars of both venues, and the path of prices that runs through them.

Within a bar the path goes straight from open to close over both extremes:
first low, then high when the spot bar closed at or above its open, else first
high, then low. Both venues turn at the same moments, so that the premium along
the way stays between what the bars show.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Ohlc:
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal

    def __post_init__(self) -> None:
        if not 0 < self.low <= min(self.open, self.close):
            raise ValueError(f"low {self.low} is not the lowest price of the bar")
        if self.high < max(self.open, self.close):
            raise ValueError(f"high {self.high} is not the highest price of the bar")


@dataclass(frozen=True, slots=True)
class Bar:
    """One span of time that starts at ``start``."""

    start: datetime
    length: timedelta
    spot: Ohlc
    """KRW-BTC on Upbit."""
    perpetual: Ohlc
    """BTCUSDT on Binance."""
    krw_per_usd: Decimal

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise ValueError("the start of a bar needs a time zone")
        if not self.krw_per_usd > 0:
            raise ValueError("krw_per_usd must be above 0")

    @property
    def end(self) -> datetime:
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Prices:
    """Where both markets stand at one moment of the market's time."""

    time: datetime
    spot: Decimal
    perpetual: Decimal
    krw_per_usd: Decimal


class PricePath:
    """Walks forward through bars, holding the last price after the last one.

    A hole between two bars (venue maintenance) holds the close of the earlier.
    """

    def __init__(self, bars: Iterator[Bar]) -> None:
        first = next(bars, None)
        if first is None:
            raise ValueError("the market has no bars")
        self._bars = bars
        self._bar = first
        self._next = next(bars, None)
        self._now = first.start

    @property
    def now(self) -> datetime:
        return self._now

    @property
    def ended(self) -> bool:
        """The last bar lies behind; its close is held."""
        return self._next is None and self._now >= self._bar.end

    def here(self) -> Prices:
        """The prices at :attr:`now`."""
        return _prices(self._bar, self._now)

    def skip(self, until: datetime) -> None:
        """Be at ``until`` without having passed what lies before; never goes back."""
        while self._next is not None and until >= self._next.start:
            self._bar, self._next = self._next, next(self._bars, None)
        self._now = max(self._now, until)

    def advance(self, until: datetime) -> Iterator[Prices]:
        """Move on to ``until``: every turn on the way (open, extremes, close), then the goal.

        The caller must exhaust the iterator. A goal that is not ahead yields nothing.
        """
        while self._now < until:
            self._now = min(self._next_turn(), until)
            yield self.here()
            if self._next is not None and self._now >= self._next.start:
                self._bar, self._next = self._next, next(self._bars, None)
                yield self.here()

    def _next_turn(self) -> datetime:
        """The next moment after now at which a direction changes."""
        third = self._bar.length / 3
        for turn in (self._bar.start + third, self._bar.start + 2 * third, self._bar.end):
            if turn > self._now:
                return turn
        return self._next.start if self._next is not None else datetime.max.replace(tzinfo=UTC)


def _prices(bar: Bar, when: datetime) -> Prices:
    third = bar.length / 3
    elapsed = min(max(when - bar.start, timedelta(0)), bar.length)
    segment = min(int(elapsed / third), 2)
    share = Decimal(str((elapsed - third * segment) / third))
    rising = bar.spot.close >= bar.spot.open
    return Prices(
        when,
        _between(_corners(bar.spot, rising), segment, share),
        _between(_corners(bar.perpetual, rising), segment, share),
        bar.krw_per_usd,
    )


def _corners(ohlc: Ohlc, low_first: bool) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    if low_first:
        return ohlc.open, ohlc.low, ohlc.high, ohlc.close
    return ohlc.open, ohlc.high, ohlc.low, ohlc.close


def _between(corners: tuple[Decimal, ...], segment: int, share: Decimal) -> Decimal:
    start, end = corners[segment], corners[segment + 1]
    if share >= 1:
        return end
    return start + (end - start) * share
