"""How a market is doing, as its venue says: trading at all, wallet open, how much is traded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

DAY = timedelta(days=1)
RECENT = timedelta(minutes=20)
_WHOLE_DAY = timedelta(hours=23)
"""Candles that reach back so far are a day's: the oldest of them may have had no trade."""


@dataclass(frozen=True, slots=True)
class MarketState:
    """One market at one moment. Nobody announces maintenance through an API, so it is not here."""

    symbol: str
    is_trading: bool
    """False: halted, delisted or not opened yet."""
    wallet_open: bool | None
    """Can the coin be moved in and out? None: the venue has no wallet of it."""
    volume_24h: Decimal | None
    """Coin; None: the market has no day of trading behind it, so there is no normal yet."""
    volume_recent: Decimal
    """Coin traded in the last :data:`RECENT`. The candle that this begins in is left out, so it is
    at least half of that time."""
    as_of: datetime


@dataclass(frozen=True, slots=True)
class VolumeBar:
    """Coin traded in one candle of five or ten minutes."""

    start: datetime
    volume: Decimal


def market_state(
    symbol: str,
    bars: Iterable[VolumeBar],
    now: datetime,
    *,
    is_trading: bool,
    wallet_open: bool | None = None,
) -> MarketState:
    """The state at ``now`` (venue time) out of the candles of the last day, in any order; some
    venues leave out candles without a trade."""
    told = tuple(bars)
    has_day = any(bar.start <= now - _WHOLE_DAY for bar in told)
    of_day = [bar for bar in told if bar.start > now - DAY]
    recent = [bar.volume for bar in of_day if bar.start >= now - RECENT]
    return MarketState(
        symbol=symbol,
        is_trading=is_trading,
        wallet_open=wallet_open,
        volume_24h=sum((bar.volume for bar in of_day), Decimal(0)) if has_day else None,
        volume_recent=sum(recent, Decimal(0)),
        as_of=now,
    )
