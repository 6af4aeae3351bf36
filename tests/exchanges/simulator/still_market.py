"""Markets that move only when a test says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from exchanges.instrument import Venue
from exchanges.simulator.bars import Bar, Ohlc, PricePath
from exchanges.simulator.market import Market, Quote
from tests.exchanges.manual_clock import ManualClock

START = datetime(2021, 4, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def flat(price: str) -> Ohlc:
    value = Decimal(price)
    return Ohlc(value, value, value, value)


def still_path(
    spot: str = "60000000", perpetual: str = "50000", krw_per_usd: str = "1150.5"
) -> PricePath:
    bar = Bar(START, HOUR, flat(spot), flat(perpetual), Decimal(krw_per_usd))
    return PricePath(iter([bar]))


def still_market(clock: ManualClock | None = None) -> Market:
    """60 M KRW, 50,000 USDT, 1,150.5 KRW per USD."""
    return Market(still_path(), clock or ManualClock())


def set_btc(market: Market, bid: str, ask: str, size: str = "0.5") -> None:
    """Hold the touch of KRW-BTC."""
    market.set_quote(Venue.UPBIT, "KRW-BTC", Quote(Decimal(bid), Decimal(ask), Decimal(size)))
