"""How a market is doing at Hyperliquid: is it still listed, and a day's candles.

Shapes: Hyperliquid docs, "Info endpoint". A market that is taken off is the only one that does not
trade; the wallet is that of the dollar, not of a coin. Everything here raises BadReply and nothing
else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from exchanges.hyperliquid.nonces import milliseconds
from exchanges.market_state import DAY, MarketState, VolumeBar, market_state
from exchanges.reply import Fields

_INTERVAL = "5m"


def candles_question(native: str, now: datetime) -> Mapping[str, object]:
    """For the candles of the day before ``now`` (venue time), and the one that is not over."""
    span = {"startTime": milliseconds(now - DAY), "endTime": milliseconds(now)}
    return {"type": "candleSnapshot", "req": {"coin": native, "interval": _INTERVAL, **span}}


def parse_state(
    symbol: str, native: str, is_trading: bool, candles: Sequence[Fields], now: datetime
) -> MarketState:
    bars = [_bar(row, native) for row in candles]
    return market_state(symbol, bars, now, is_trading=is_trading)


def _bar(row: Fields, native: str) -> VolumeBar:
    if (row.text("s"), row.text("i")) != (native, _INTERVAL):
        raise row.bad("s and i", f"{native} and {_INTERVAL}")
    return VolumeBar(row.milliseconds("t"), row.not_negative("v"))
