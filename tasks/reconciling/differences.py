"""A difference between journal and venue, in the words of the journal's record."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from exchanges.errors import ExchangeError
from exchanges.fill import Fill
from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.adoption import Adoption
from tasks.wire_text import short_decimal_text
from warehouse.records import Difference, ReconciliationRecord

BALANCE = "balance"
FILL = "fill"
ORDER = "order"
POSITION = "position"
UNREADABLE = "unreadable"
OF_AMOUNTS = (BALANCE, POSITION)
""":class:`Difference` s of these kinds are of coin or cash that an account holds."""


def amounts(
    kind: str, venue: Venue, asset: str, expected: Decimal, found: Decimal, explained: str | None
) -> Difference:
    return Difference(
        kind=kind,
        venue=venue,
        symbol=asset,
        journal=short_decimal_text(expected),
        venue_says=short_decimal_text(found),
        difference=short_decimal_text(found - expected),
        explained=explained,
    )


def trade(venue: Venue, fill: Fill, explained: str | None) -> Difference:
    """A trade that the journal does not, or did not, have."""
    return Difference(
        kind=FILL,
        venue=venue,
        symbol=fill.symbol,
        journal="no such trade",
        venue_says=f"{fill.side} at {short_decimal_text(fill.price)}, trade {fill.trade_id}"
        + (f" of {fill.client_order_id}" if fill.client_order_id else ""),
        difference=short_decimal_text(fill.quantity if fill.side is Side.BUY else -fill.quantity),
        explained=explained,
    )


def adopted(venue: Venue, fill: Fill, shares: Sequence[Adoption]) -> Difference:
    """A trade that was taken over."""
    owners = ", ".join(share.pair_id or "beside the pairs" for share in shares)
    kinds = {share.kind for share in shares}
    return trade(venue, fill, f"taken over as {', '.join(sorted(kinds))}: {owners}")


def unreadable(venue: Venue, symbol: str, what: str, error: ExchangeError) -> Difference:
    return Difference(
        kind=UNREADABLE,
        venue=venue,
        symbol=symbol,
        journal=what,
        venue_says=str(error),
        difference="unknown",
        explained=None,
    )


def unexplained(record: ReconciliationRecord) -> list[Difference]:
    """What a person must look at. A venue that could not be asked is not among it."""
    return [
        item
        for item in record["differences"]
        if item["explained"] is None and item["kind"] != UNREADABLE
    ]


def sentence(item: Difference) -> str:
    return (
        f"{item['kind']} {item['symbol']} at {item['venue']}: journal {item['journal']}, venue "
        f"{item['venue_says']}, {item['difference']} {item['symbol']} difference"
    )


def unasked_sentence(record: ReconciliationRecord) -> str:
    """Which venues could not be asked, each with the first reason; empty: all could."""
    reasons: dict[str, str] = {}
    for item in record["differences"]:
        if item["kind"] == UNREADABLE and item["explained"] is None:
            reasons.setdefault(item["venue"], item["venue_says"])
    return "; ".join(f"{venue} could not be asked ({why})" for venue, why in reasons.items())
