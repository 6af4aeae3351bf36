"""JSON of candles."""

from __future__ import annotations

from typing import Any

from exchanges.simulator.upbit.candle import Candle, Period
from exchanges.simulator.upbit.number_json import as_price
from exchanges.simulator.upbit.shapes import KST
from exchanges.simulator.upbit.tape import Tape

_TIME = "%Y-%m-%dT%H:%M:%S"


def candle_json(candle: Candle) -> dict[str, Any]:
    """What all candles share, over REST and WebSocket; times have no zone suffix."""
    return {
        "candle_date_time_utc": candle.start.strftime(_TIME),
        "candle_date_time_kst": candle.start.astimezone(KST).strftime(_TIME),
        "opening_price": as_price(candle.open),
        "high_price": as_price(candle.high),
        "low_price": as_price(candle.low),
        "trade_price": as_price(candle.close),
        "timestamp": candle.last_ms,
        "candle_acc_trade_price": candle.value,
        "candle_acc_trade_volume": candle.volume,
    }


def listed_candle_json(
    native: str, candle: Candle, period: Period, tape: Tape, *, is_converted: bool
) -> dict[str, Any]:
    """A row of ``/v1/candles/…``. ``is_converted``: a day shows its price in KRW once more."""
    row = {"market": native, **candle_json(candle)}
    match period.name:
        case "minutes":
            row["unit"] = period.unit
        case "days":
            before = tape.candles(period, 1, candle.start)
            previous = before[0].close if before else candle.open
            change = candle.close - previous
            row["prev_closing_price"] = as_price(previous)
            row["change_price"] = as_price(change)
            row["change_rate"] = round(change / previous, 10)
            if is_converted:
                row["converted_trade_price"] = as_price(candle.close)
        case "weeks" | "months" | "years":
            row["first_day_of_period"] = candle.start.date().isoformat()
    return row
