"""The last price of a market and its day, as REST and WebSocket show them.

A day begins at midnight UTC, which is nine in Korea.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from exchanges.simulator.upbit.candle import Candle, Period
from exchanges.simulator.upbit.number_json import as_price
from exchanges.simulator.upbit.tape import Tape

ZERO = Decimal(0)
DAY = timedelta(days=1)
YEAR = timedelta(weeks=52)
_RATE_STEP = Decimal("0.0000000001")


def change_json(price: Decimal, previous_close: Decimal) -> dict[str, Any]:
    """``prev_closing_price``, ``change`` and ``change_price`` without a sign."""
    change = price - previous_close
    return {
        "prev_closing_price": as_price(previous_close),
        "change": "RISE" if change > 0 else "FALL" if change < 0 else "EVEN",
        "change_price": as_price(abs(change)),
    }


def ticker_json(tape: Tape, now: datetime) -> dict[str, Any]:
    """What both kinds of ticker share. The tape's memory stands for the year."""
    last, previous_close = tape.last, tape.previous_close
    signed = last.price - previous_close
    rate = (signed / previous_close).quantize(_RATE_STEP)
    today = tape.since(Period.day().start_of(now))
    day_long = tape.since(now - DAY)
    year = [day for day in tape.days if day.start >= now - YEAR] or [tape.days[-1]]
    highest = max(year, key=lambda day: day.high)
    lowest = min(year, key=lambda day: day.low)
    return {
        "opening_price": as_price(today[-1].open if today else last.price),
        "high_price": as_price(max((minute.high for minute in today), default=last.price)),
        "low_price": as_price(min((minute.low for minute in today), default=last.price)),
        "trade_price": as_price(last.price),
        **change_json(last.price, previous_close),
        "change_rate": abs(rate),
        "signed_change_price": as_price(signed),
        "signed_change_rate": rate,
        "trade_volume": last.volume,
        "acc_trade_price": _value(today),
        "acc_trade_price_24h": _value(day_long),
        "acc_trade_volume": _volume(today),
        "acc_trade_volume_24h": _volume(day_long),
        "highest_52_week_price": as_price(highest.high),
        "highest_52_week_date": highest.start.date().isoformat(),
        "lowest_52_week_price": as_price(lowest.low),
        "lowest_52_week_date": lowest.start.date().isoformat(),
        "trade_date": last.time.strftime("%Y%m%d"),
        "trade_time": last.time.strftime("%H%M%S"),
        "trade_timestamp": last.time_ms,
        "timestamp": int(now.timestamp() * 1000),
    }


def taken_today(tape: Tape, now: datetime) -> tuple[Decimal, Decimal]:
    """What was taken from (asks, bids) since midnight UTC, coin."""
    today = tape.since(Period.day().start_of(now))
    sold = sum((minute.sold for minute in today), ZERO)
    return _volume(today) - sold, sold


def _volume(candles: list[Candle]) -> Decimal:
    return sum((candle.volume for candle in candles), ZERO)


def _value(candles: list[Candle]) -> Decimal:
    return sum((candle.value for candle in candles), ZERO)
