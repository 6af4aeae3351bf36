"""What each venue must show, added up from the journal alone.

Every trade of ours and every adopted one moves coin, cash and a fee; funding moves cash; an adopted
transfer moves what was transferred. An *opening* is what a venue held of an asset besides, when
journal and venue last agreed; so the venue must show opening + what is booked. A perpetual position
is booked under its coin and has no opening but 0, and its cash is that of
:mod:`tasks.reconciling.holdings`.

All of it is a sum over records, each counted once by its key, so a restarted desk expects what the
one before it did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from exchanges.fill import Fill, KnownOrders
from exchanges.instrument import Venue
from exchanges.side import Side
from tasks.wire_text import decimal_text, read_utc, utc_text
from warehouse import Record
from warehouse.records import RecordType, WatermarkRecord

Asset = tuple[Venue, str]
"""A currency, or the coin, at a venue."""
TradeKey = tuple[Venue, str, str]
"""Venue, coin and the venue's id of a trade."""
_ORDERS_KEPT = 10_000
"""Of each market. One that is forgotten is read from the venue again."""


class AccountBooks:
    """Fed with every record, read from the journal or just written to it."""

    def __init__(self, quotes: Mapping[Venue, str]) -> None:
        """``quotes``: the currency that each venue's markets are in."""
        self._quotes = quotes
        self._booked: dict[Asset, Decimal] = {}
        self._openings: dict[Asset, Decimal] = {}
        self._trades: dict[TradeKey, Decimal | None] = {}
        """What of a trade is booked in shares; None: all of it."""
        self._executed: dict[Asset, dict[str, tuple[str | None, Decimal]]] = {}
        """By market and the venue's id: our id of an order and what the journal holds of it."""
        self._counted: set[tuple[str, str]] = set()
        self.read_until: datetime | None = None
        """Journal and venues last agreed then; None: they never did."""
        self._readers: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
            RecordType.FILL: self._fill,
            RecordType.ADOPTION: self._adoption,
            RecordType.FUNDING: self._funding,
            RecordType.WATERMARK: self._watermark,
        }

    def written(self, record_type: str, body: Mapping[str, Any]) -> None:
        """Take in a record that stands in the journal."""
        reader = self._readers.get(record_type)
        if reader is not None:
            reader(body)

    def restoring(self, records: Iterable[Record]) -> Iterator[Record]:
        """The same records, each taken in on its way."""
        for record in records:
            self.written(record.type, record.body)
            yield record

    def missing(self, venue: Venue, fill: Fill) -> Decimal:
        """How much of a trade is neither in the books nor older than they are; coin."""
        known = self._trades.get((venue, fill.symbol, fill.trade_id), Decimal(0))
        return Decimal(0) if known is None else fill.quantity - known

    def executed(self, venue: Venue, symbol: str, besides: str | None = None) -> KnownOrders:
        """What the trades in the journal add up to, by the venue's ids of their orders; without
        the order whose client order id is ``besides``."""
        orders = self._executed.get((venue, symbol), {})
        return {
            order: executed
            for order, (client_order_id, executed) in orders.items()
            if besides is None or client_order_id != besides
        }

    def booked(self, venue: Venue, asset: str) -> Decimal:
        return self._booked.get((venue, asset), Decimal(0))

    def has_begun(self, venue: Venue, asset: str) -> bool:
        """Has the venue once agreed with the journal about ``asset``?"""
        return (venue, asset) in self._openings

    def expected(self, venue: Venue, asset: str) -> Decimal:
        """What the venue must show; without an opening, what is booked."""
        return self._openings.get((venue, asset), Decimal(0)) + self.booked(venue, asset)

    def watermark(
        self, read_until: datetime, openings: Mapping[Asset, Decimal], before: Iterable[TradeKey]
    ) -> WatermarkRecord:
        """The record that says: agreed, with these openings from now on (those that are not named
        stay). ``before``: trades that are no part of the books because they are in an opening."""
        return WatermarkRecord(
            read_until=utc_text(read_until),
            openings=[
                {"venue": venue, "asset": asset, "amount": decimal_text(amount)}
                for (venue, asset), amount in sorted({**self._openings, **openings}.items())
            ],
            before=[
                {"venue": venue, "symbol": symbol, "trade_id": trade_id}
                for venue, symbol, trade_id in sorted(before)
            ],
        )

    def _fill(self, body: Mapping[str, Any]) -> None:
        key = (Venue(body["venue"]), body["symbol"], body["trade_id"])
        if key not in self._trades:
            self._trades[key] = None
            self._book_trade(key[0], body)
            orders = self._executed.setdefault(key[:2], {})
            order = body["venue_order_id"]
            _, before = orders.get(order, (None, Decimal(0)))
            orders[order] = body["client_order_id"], before + Decimal(body["quantity"])
            if len(orders) > _ORDERS_KEPT:
                del orders[next(iter(orders))]

    def _adoption(self, body: Mapping[str, Any]) -> None:
        if not self._counts("adoption", body["adoption_id"]):
            return
        venue = Venue(body["venue"])
        if body["price"] is None:
            self._move(venue, body["symbol"], _signed(body))
            self._move(venue, body["fee_currency"], -Decimal(body["fee"]))
            return
        key = (venue, body["symbol"], body["trade_id"])
        known = self._trades.get(key, Decimal(0))
        if known is not None:
            self._trades[key] = known + Decimal(body["quantity"])
            self._book_trade(venue, body)

    def _funding(self, body: Mapping[str, Any]) -> None:
        if self._counts(body["venue"], body["transaction_id"]):
            self._move(Venue(body["venue"]), body["currency"], Decimal(body["amount"]))

    def _watermark(self, body: Mapping[str, Any]) -> None:
        self.read_until = read_utc(body["read_until"])
        for opening in body["openings"]:
            asset = (Venue(opening["venue"]), opening["asset"])
            self._openings[asset] = Decimal(opening["amount"])
        for trade in body["before"]:
            self._trades[Venue(trade["venue"]), trade["symbol"], trade["trade_id"]] = None

    def _book_trade(self, venue: Venue, body: Mapping[str, Any]) -> None:
        quantity = _signed(body)
        self._move(venue, body["symbol"], quantity)
        self._move(venue, self._quotes[venue], -quantity * Decimal(body["price"]))
        self._move(venue, body["fee_currency"], -Decimal(body["fee"]))

    def _move(self, venue: Venue, asset: str, amount: Decimal) -> None:
        self._booked[venue, asset] = self.booked(venue, asset) + amount

    def _counts(self, kind: str, key: str) -> bool:
        """True the first time."""
        if (kind, key) in self._counted:
            return False
        self._counted.add((kind, key))
        return True


def _signed(body: Mapping[str, Any]) -> Decimal:
    quantity = Decimal(body["quantity"])
    return quantity if body["side"] == Side.BUY else -quantity
