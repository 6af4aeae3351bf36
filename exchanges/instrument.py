"""What is traded and where.

A *symbol* everywhere in the desk is the coin ("BTC"); each adapter translates
it to the venue's own market name ("KRW-BTC", "BTCUSDT", "BTC").
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Venue(StrEnum):
    """A trading venue that the desk has an adapter for."""

    UPBIT = "upbit"
    BINANCE = "binance"
    HYPERLIQUID = "hyperliquid"


class InstrumentKind(StrEnum):
    """Whether holding means owning the coin or a position in a contract."""

    SPOT = "spot"
    PERPETUAL = "perpetual"


@dataclass(frozen=True, slots=True)
class Instrument:
    """One market of one venue."""

    venue: Venue
    kind: InstrumentKind
    symbol: str
    """The coin, e.g. ``BTC``."""
    quote: str
    """The currency prices are in: ``KRW`` on Upbit, ``USDT`` on Binance, ``USDC`` on
    Hyperliquid."""
    native: str
    """The venue's own name of the market: ``KRW-BTC``, ``BTCUSDT``, ``BTC``."""
