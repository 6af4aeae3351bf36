"""Candles of one contract since the simulation started, kept by the minute."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

MINUTE_MS = 60_000
KEPT = 10_080
"""Minutes; a week."""

INTERVALS_MS = {
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": 60 * MINUTE_MS,
    "2h": 120 * MINUTE_MS,
    "4h": 240 * MINUTE_MS,
    "6h": 360 * MINUTE_MS,
    "8h": 480 * MINUTE_MS,
    "12h": 720 * MINUTE_MS,
    "1d": 1_440 * MINUTE_MS,
    "3d": 4_320 * MINUTE_MS,
    "1w": 10_080 * MINUTE_MS,
}
MONTH = "1M"
INTERVALS = (*INTERVALS_MS, MONTH)
_MONDAY_MS = 4 * 1_440 * MINUTE_MS
"""The first Monday after 1970-01-01, where weeks are counted from."""


@dataclass(slots=True)
class Candle:
    """``bought`` and ``bought_value`` are what takers bought."""

    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = Decimal(0)
    value: Decimal = Decimal(0)
    count: int = 0
    bought: Decimal = Decimal(0)
    bought_value: Decimal = Decimal(0)

    def include(self, later: Candle) -> None:
        """Grow by a candle that comes after it."""
        self.high, self.low = max(self.high, later.high), min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        self.value += later.value
        self.count += later.count
        self.bought += later.bought
        self.bought_value += later.bought_value


class Candles:
    """Minutes without a trade stand still at the last price."""

    def __init__(self) -> None:
        self._minutes: deque[Candle] = deque(maxlen=KEPT)

    def add(self, price: Decimal, quantity: Decimal, time_ms: int, *, buyer_is_maker: bool) -> None:
        """Include a trade that is not older than the last one."""
        value = price * quantity
        one = Candle(
            time_ms // MINUTE_MS * MINUTE_MS, price, price, price, price, quantity, value, 1
        )
        if not buyer_is_maker:
            one.bought, one.bought_value = quantity, value
        if self._minutes and self._minutes[-1].open_ms >= one.open_ms:
            self._minutes[-1].include(one)
            return
        self._stand_until(one.open_ms)
        self._minutes.append(one)

    def bars(self, interval: str, now_ms: int) -> list[Candle]:
        """Oldest first up to the one that ``now_ms`` lies in; ``interval`` is one of INTERVALS."""
        self._stand_until(now_ms // MINUTE_MS * MINUTE_MS + MINUTE_MS)
        bars: list[Candle] = []
        for minute in self._minutes:
            start = bar_start(interval, minute.open_ms)
            if bars and bars[-1].open_ms == start:
                bars[-1].include(minute)
            else:
                bars.append(_starting(minute, start))
        return bars

    def _stand_until(self, end_ms: int) -> None:
        """Fill up with minutes of the last price before ``end_ms``."""
        if not self._minutes:
            return
        last = self._minutes[-1]
        first = max(last.open_ms + MINUTE_MS, end_ms - KEPT * MINUTE_MS)
        for open_ms in range(first, end_ms, MINUTE_MS):
            self._minutes.append(Candle(open_ms, last.close, last.close, last.close, last.close))


def bar_start(interval: str, time_ms: int) -> int:
    """When the bar that holds ``time_ms`` begins. Weeks begin on Monday, months on the first."""
    if interval == MONTH:
        return _ms(_moment(time_ms).replace(day=1, hour=0, minute=0, second=0, microsecond=0))
    length = INTERVALS_MS[interval]
    offset = _MONDAY_MS if interval == "1w" else 0
    return (time_ms - offset) // length * length + offset


def bar_end(interval: str, start_ms: int) -> int:
    """The last millisecond of the bar that begins at ``start_ms``."""
    if interval == MONTH:
        return _ms((_moment(start_ms) + timedelta(days=31)).replace(day=1)) - 1
    return start_ms + INTERVALS_MS[interval] - 1


def _starting(minute: Candle, open_ms: int) -> Candle:
    bar = Candle(open_ms, minute.open, minute.high, minute.low, minute.close)
    bar.volume, bar.value, bar.count = minute.volume, minute.value, minute.count
    bar.bought, bar.bought_value = minute.bought, minute.bought_value
    return bar


def _moment(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1_000, UTC)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000)
