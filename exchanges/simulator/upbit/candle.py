"""A candle of the simulated Upbit, and the spans of time that candles cover (in UTC)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, Self

from exchanges.side import Side
from exchanges.simulator.upbit.print import Print

MINUTE_UNITS = (1, 3, 5, 10, 15, 30, 60, 240)


@dataclass(slots=True)
class Candle:
    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    sold: Decimal
    """The part of ``volume`` that was taken from bids."""
    value: Decimal
    """Σ price × volume, KRW."""
    last_ms: int
    """Time of its last trade, Unix milliseconds."""

    @classmethod
    def first(cls, start: datetime, printed: Print) -> Self:
        """A candle that begins with ``printed``."""
        price, volume = printed.price, printed.volume
        sold = volume if printed.taker is Side.SELL else Decimal(0)
        return cls(start, price, price, price, price, volume, sold, price * volume, printed.time_ms)

    def add(self, printed: Print) -> None:
        """The next trade."""
        price, volume = printed.price, printed.volume
        self.high = max(self.high, price)
        self.low = min(self.low, price)
        self.close = price
        self.volume += volume
        if printed.taker is Side.SELL:
            self.sold += volume
        self.value += price * volume
        self.last_ms = printed.time_ms

    def starting(self, start: datetime) -> Self:
        """A copy that belongs to the span from ``start``."""
        return replace(self, start=start)

    def prepend(self, earlier: Candle) -> None:
        """Take in what traded before in the same span."""
        self.open = earlier.open
        self.high = max(self.high, earlier.high)
        self.low = min(self.low, earlier.low)
        self.volume += earlier.volume
        self.sold += earlier.sold
        self.value += earlier.value


@dataclass(frozen=True, slots=True)
class Period:
    """``name`` is the word in the path (``days``); ``unit`` its multiple, for minutes only."""

    name: Literal["seconds", "minutes", "days", "weeks", "months", "years"]
    unit: int = 1

    @classmethod
    def second(cls) -> Self:
        return cls("seconds")

    @classmethod
    def minutes(cls, unit: int) -> Self:
        return cls("minutes", unit)

    @classmethod
    def day(cls) -> Self:
        return cls("days")

    @property
    def made_of(self) -> Literal["second", "minute", "day"]:
        """The finest candles that are kept and that make it up."""
        match self.name:
            case "seconds":
                return "second"
            case "minutes":
                return "minute"
            case _:
                return "day"

    def start_of(self, moment: datetime) -> datetime:
        """When the span that holds ``moment`` (UTC) began. Weeks begin on Monday."""
        if self.name == "seconds":
            return moment.replace(microsecond=0)
        if self.name == "minutes":
            past = int(moment.timestamp()) // 60 % self.unit
            return moment.replace(second=0, microsecond=0) - timedelta(minutes=past)
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        match self.name:
            case "weeks":
                return day - timedelta(days=day.weekday())
            case "months":
                return day.replace(day=1)
            case "years":
                return day.replace(month=1, day=1)
            case _:
                return day
