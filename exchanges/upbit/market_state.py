"""How a market is doing at Upbit: the state of the market, the coin's wallet, a day's candles.

Shapes: Upbit docs, "Available order information", "Deposit and withdrawal service status" and
"Minute candles". Everything here raises BadReply and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from exchanges.market_state import MarketState, VolumeBar, market_state
from exchanges.reply import Fields

CANDLE_MINUTES = 10
CANDLES = 145
"""A day of them, the one that is not over included; 200 are the longest page."""


def parse_state(
    symbol: str,
    native: str,
    market: Fields,
    wallets: Sequence[Fields],
    candles: Sequence[Fields],
    now: datetime,
) -> MarketState:
    """``market`` is that of the order information."""
    return market_state(
        symbol,
        [_bar(row, native) for row in candles],
        now,
        is_trading=market.text("state") == "active",
        wallet_open=_is_open(symbol, wallets),
    )


def _is_open(symbol: str, wallets: Sequence[Fields]) -> bool | None:
    """A coin has a row for each of its networks; one that works both ways is enough. The other
    states let it pass one way or not at all: withdraw_only, deposit_only, paused, unsupported."""
    states = [row.text("wallet_state") for row in wallets if row.text("currency") == symbol]
    return "working" in states if states else None


def _bar(row: Fields, native: str) -> VolumeBar:
    """Times have no zone suffix."""
    if row.text("market") != native:
        raise row.bad("market", native)
    try:
        start = datetime.fromisoformat(row.text("candle_date_time_utc")).replace(tzinfo=UTC)
    except ValueError:
        raise row.bad("candle_date_time_utc", "a time like 2025-06-24T04:50:00") from None
    return VolumeBar(start, row.not_negative("candle_acc_trade_volume"))
