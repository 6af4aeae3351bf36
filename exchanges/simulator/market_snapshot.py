"""What the simulated market remembers over a restart."""

from __future__ import annotations

from decimal import Decimal

from pydantic import AwareDatetime

from exchanges.instrument import Venue
from exchanges.simulator.snapshot_json import Snapshot


class HeldQuote(Snapshot):
    """A touch that somebody set."""

    venue: Venue
    native: str
    bid: Decimal
    ask: Decimal
    size: Decimal


class BookShape(Snapshot):
    """Spread and depth of a book around the moving price."""

    venue: Venue
    native: str
    spread_bps: Decimal
    size: Decimal


class MarketSnapshot(Snapshot):
    """The moment reached on the path of prices, and all that was set by hand except the pace."""

    time: AwareDatetime
    quotes: tuple[HeldQuote, ...]
    shapes: tuple[BookShape, ...]
    krw_per_usd: Decimal | None
    krw_per_usdt: Decimal | None
