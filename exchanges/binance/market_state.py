"""How a market is doing at Binance: its status and a day's candles.

Shapes: Binance docs, USDⓈ-M futures, "Exchange information" and "Kline/candlestick data". The
wallet is that of the dollar, not of a coin. Everything here raises BadReply and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from exchanges.errors import BadReply
from exchanges.instrument import Venue
from exchanges.market_state import MarketState, VolumeBar, market_state
from exchanges.reply import Fields

INTERVAL = "5m"
CANDLES = 289
"""A day of them, the one that is not over included."""
_OPENS, _VOLUME = 0, 5
"""Places in a row."""


def parse_state(
    symbol: str, native: str, exchange_info: Fields, klines: object, now: datetime
) -> MarketState:
    statuses = [
        row.text("status")
        for row in exchange_info.children("symbols")
        if row.text("symbol") == native
    ]
    if not statuses:
        raise BadReply(Venue.BINANCE, f"exchangeInfo.symbols: expected {native} among them")
    bars = [_bar(row) for row in Fields(Venue.BINANCE, "klines", {"rows": klines}).items("rows")]
    return market_state(symbol, bars, now, is_trading=statuses[0] == "TRADING")


def _bar(row: object) -> VolumeBar:
    if not isinstance(row, Sequence) or isinstance(row, str) or len(row) <= _VOLUME:
        raise BadReply(Venue.BINANCE, "klines: expected rows of open time, prices and volume")
    named = Fields(Venue.BINANCE, "klines", {"opens": row[_OPENS], "volume": row[_VOLUME]})
    return VolumeBar(named.milliseconds("opens"), named.not_negative("volume"))
