"""Depth as Binance sends it: a snapshot over REST, then changes and the touch over the stream.

Shapes: Binance docs, USDⓈ-M futures, "Order book", "Diff. book depth streams" and "Individual
symbol book ticker streams".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from exchanges.book import Level
from exchanges.instrument import Venue
from exchanges.reply import Fields, document, fields, to_decimal

_VENUE = Venue.BINANCE

Levels = tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class DepthSnapshot:
    """The best levels of a market as they were right after update ``last_id``."""

    last_id: int
    bids: Levels
    asks: Levels
    time: datetime


@dataclass(frozen=True, slots=True)
class DepthEvent:
    """What changed with the updates after ``previous_id`` up to ``last_id``: new quantities of
    levels, not differences; zero takes a level away.

    Ids count for all markets at once, so ``first_id`` need not be ``previous_id`` + 1.
    """

    first_id: int
    last_id: int
    previous_id: int
    bids: Levels
    asks: Levels
    time: datetime


@dataclass(frozen=True, slots=True)
class Touch:
    """Best bid and best ask right after update ``last_id``. An empty side has quantity 0."""

    last_id: int
    bid: Level
    ask: Level
    time: datetime


def parse_snapshot(body: bytes) -> DepthSnapshot:
    """The reply of ``GET /fapi/v1/depth``. Raises BadReply."""
    row = fields(_VENUE, "depth", document(_VENUE, "depth", body))
    return DepthSnapshot(
        row.integer("lastUpdateId"), levels(row, "bids"), levels(row, "asks"), row.milliseconds("T")
    )


def depth_event(row: Fields) -> DepthEvent:
    """A ``depthUpdate``. Fields ``ps`` and ``st`` are of 2026 and not needed. Raises BadReply."""
    return DepthEvent(
        first_id=row.integer("U"),
        last_id=row.integer("u"),
        previous_id=row.integer("pu"),
        bids=levels(row, "b"),
        asks=levels(row, "a"),
        time=row.milliseconds("T"),
    )


def touch(row: Fields) -> Touch:
    """A ``bookTicker``. Raises BadReply."""
    return Touch(
        last_id=row.integer("u"),
        bid=Level(row.not_negative("b"), row.not_negative("B")),
        ask=Level(row.not_negative("a"), row.not_negative("A")),
        time=row.milliseconds("T"),
    )


def levels(row: Fields, name: str) -> Levels:
    """Pairs of price and quantity, in the venue's order, quantities of zero among them."""
    found = []
    for item in row.items(name):
        pair = item if isinstance(item, list) and len(item) >= 2 else (None, None)
        price, quantity = to_decimal(pair[0]), to_decimal(pair[1])
        if price is None or quantity is None or price <= 0 or quantity < 0:
            raise row.bad(name, "pairs of price and quantity")
        found.append(Level(price, quantity))
    return tuple(found)
