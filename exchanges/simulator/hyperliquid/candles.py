"""Candles of one coin, built from its trades."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
INTERVALS_MS = {
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": HOUR_MS,
    "2h": 2 * HOUR_MS,
    "4h": 4 * HOUR_MS,
    "8h": 8 * HOUR_MS,
    "12h": 12 * HOUR_MS,
    "1d": DAY_MS,
    "3d": 3 * DAY_MS,
    "1w": 7 * DAY_MS,
    "1M": 30 * DAY_MS,
}
"""Candles begin at whole multiples; of months the venue has calendar ones, we have 30 days."""
KEPT_MINUTES = 5_000


@dataclass(slots=True)
class Candle:
    """``start_ms`` up to, not including, ``start_ms + interval``."""

    start_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    trades: int


class CandleSeries:
    """Minutes, and whatever is put together from them."""

    def __init__(self) -> None:
        self._minutes: deque[Candle] = deque(maxlen=KEPT_MINUTES)

    def add(self, price: Decimal, size: Decimal, time_ms: int) -> None:
        """A trade; one that comes late (the clock was set back) counts into the last minute."""
        start = time_ms - time_ms % MINUTE_MS
        if not self._minutes or start > self._minutes[-1].start_ms:
            self._minutes.append(Candle(start, price, price, price, price, size, 1))
            return
        _extend(self._minutes[-1], Candle(start, price, price, price, price, size, 1))

    def of(self, interval: str, start_ms: int, end_ms: int) -> list[Candle]:
        """Candles that begin from ``start_ms`` up to ``end_ms``, oldest first."""
        length = INTERVALS_MS[interval]
        found = _put_together(self._minutes, length)
        return [one for one in found if start_ms <= one.start_ms <= end_ms]

    def latest(self, interval: str) -> Candle | None:
        found = _put_together(self._minutes, INTERVALS_MS[interval])
        return found[-1] if found else None


def _put_together(minutes: Iterable[Candle], length: int) -> list[Candle]:
    found: list[Candle] = []
    for minute in minutes:
        start = minute.start_ms - minute.start_ms % length
        if not found or start > found[-1].start_ms:
            found.append(
                Candle(
                    start,
                    minute.open,
                    minute.high,
                    minute.low,
                    minute.close,
                    minute.volume,
                    minute.trades,
                )
            )
        else:
            _extend(found[-1], minute)
    return found


def _extend(candle: Candle, by: Candle) -> None:
    candle.high = max(candle.high, by.high)
    candle.low = min(candle.low, by.low)
    candle.close = by.close
    candle.volume += by.volume
    candle.trades += by.trades
