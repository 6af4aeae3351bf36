"""Reading a venue's reply field by field.

Whatever a venue, a proxy or a fault sends, these either return a value of the
right type or raise :class:`~exchanges.errors.BadReply` naming the field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import pairwise

from exchanges.book import Book
from exchanges.decimal_json import parse_json
from exchanges.errors import BadReply
from exchanges.instrument import Venue
from exchanges.order import OrderReport, OrderStatus

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_NUMBER = 50
"""Digits plus exponent. No price, quantity or balance needs more, and arithmetic with longer
numbers could fill the memory."""
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]*)?")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?")
"""In text. Decimal itself would also read underscores, blanks and the digits of any script."""
_SHORT = 24
"""Digits and point of a number that is sane for certain."""
_SHORT_INTEGER = 10**_SHORT
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
"""What venues call orders: a UUID or a number."""
_SECRET_LIKE = re.compile(r"[A-Za-z0-9_.+/=-]{32,}")


@dataclass(frozen=True, slots=True)
class Fields:
    """One JSON object of a reply. ``what`` names it in error messages."""

    venue: Venue
    what: str
    values: Mapping[str, object]

    def has(self, name: str) -> bool:
        """Present and not null."""
        return self.values.get(name) is not None

    def text(self, name: str) -> str:
        """Text that can be written out again: JSON may hold halves of characters."""
        value = self.values.get(name)
        if not isinstance(value, str) or not (value.isascii() or _is_whole(value)):
            raise self.bad(name, "text")
        return value

    def optional_text(self, name: str) -> str | None:
        return self.text(name) if self.has(name) else None

    def integer(self, name: str) -> int:
        value = self.values.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.bad(name, "a whole number")
        return value

    def decimal(self, name: str) -> Decimal:
        """A JSON number or a number in a string."""
        number = to_decimal(self.values.get(name))
        if number is None:
            raise self.bad(name, "a number")
        return number

    def positive(self, name: str) -> Decimal:
        number = self.decimal(name)
        if number <= 0:
            raise self.bad(name, "a number above 0")
        return number

    def not_negative(self, name: str) -> Decimal:
        number = to_decimal(self.values.get(name))
        if number is None:
            raise self.bad(name, "a number")
        if number < 0:
            raise self.bad(name, "a number not below 0")
        return number

    def optional_price(self, name: str) -> Decimal | None:
        """None where there is none; some venues say 0."""
        return (self.not_negative(name) or None) if self.has(name) else None

    def step(self, name: str) -> Decimal:
        """A price or quantity step: above 0, with at most 12 decimals (finer ones would exceed
        the 28 digits that Decimal divides exactly)."""
        number = self.decimal(name)
        if number <= 0 or number.adjusted() < -12:
            raise self.bad(name, "a step above 0 with at most 12 decimals")
        return number

    def milliseconds(self, name: str) -> datetime:
        """A time given as milliseconds since 1970."""
        try:
            return _EPOCH + timedelta(milliseconds=self.integer(name))
        except OverflowError:
            raise self.bad(name, "a time in milliseconds") from None

    def iso_time(self, name: str) -> datetime:
        """A time given as ISO-8601 with its offset; returned in UTC."""
        try:
            time = datetime.fromisoformat(self.text(name))
            if time.tzinfo is not None:
                return time.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise self.bad(name, "a time with offset")

    def child(self, name: str) -> Fields:
        return fields(self.venue, f"{self.what}.{name}", self.values.get(name))

    def items(self, name: str) -> Sequence[object]:
        value = self.values.get(name)
        if not isinstance(value, list):
            raise self.bad(name, "a list")
        return value

    def children(self, name: str) -> Sequence[Fields]:
        return objects(self.venue, f"{self.what}.{name}", self.values.get(name))

    def bad(self, name: str, expected: str) -> BadReply:
        return BadReply(self.venue, f"{self.what}.{name}: expected {expected}")


def fields(venue: Venue, what: str, value: object) -> Fields:
    """``value`` as one JSON object."""
    if not isinstance(value, dict):
        raise BadReply(venue, f"{what}: expected an object")
    return Fields(venue, what, value)


def objects(venue: Venue, what: str, value: object) -> Sequence[Fields]:
    """``value`` as a list of JSON objects."""
    if not isinstance(value, list):
        raise BadReply(venue, f"{what}: expected a list")
    return [fields(venue, what, item) for item in value]


def document(venue: Venue, what: str, body: bytes, *, unique_keys: bool = False) -> object:
    """The JSON document of a reply; ``unique_keys``: one that says nothing twice."""
    try:
        return parse_json(body, unique_keys=unique_keys)
    except ValueError:
        raise BadReply(venue, f"{what}: expected JSON") from None


def sorted_book(venue: Venue, book: Book) -> Book:
    """``book`` if it is one: bids falling and asks rising."""
    bids_fall = all(a.price > b.price for a, b in pairwise(book.bids))
    asks_rise = all(a.price < b.price for a, b in pairwise(book.asks))
    if not (bids_fall and asks_rise):
        raise BadReply(venue, "book: expected bids falling and asks rising")
    return book


def consistent(venue: Venue, report: OrderReport) -> OrderReport:
    """``report`` if it has an id that can be asked for, and does not contradict itself: no more is
    executed than was ordered, the whole of it and not nothing when it is filled, and the trades are
    of its side and no more than the order."""
    if _ID.fullmatch(report.venue_order_id) is None:
        raise BadReply(venue, "order: expected an id of letters, digits and hyphens")
    if report.filled > report.quantity:
        raise BadReply(venue, "order: expected no more executed than ordered")
    if report.status is OrderStatus.FILLED and report.filled != report.quantity:
        raise BadReply(venue, "order: expected a filled order to be executed in full")
    if report.status is OrderStatus.FILLED and not report.filled:
        raise BadReply(venue, "order: expected a filled order to have executed something")
    if any(fill.side is not report.side for fill in report.fills):
        raise BadReply(venue, "order: expected its trades to be of its side")
    if sum((fill.quantity for fill in report.fills), Decimal(0)) > report.quantity:
        raise BadReply(venue, "order: expected its trades to be no more than was ordered")
    return report


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def to_decimal(value: object) -> Decimal | None:
    """A finite number of sane length, or None."""
    # As nearly all are: what follows takes longer.
    if type(value) is Decimal:
        text = str(value)
        if len(text) <= _SHORT and text.replace(".", "", 1).isdecimal():
            return value
    elif type(value) is str and len(value) <= _SHORT and (plain := _plain(value)) is not None:
        return plain
    if type(value) is int and -_SHORT_INTEGER < value < _SHORT_INTEGER:
        return Decimal(value)
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return None
    try:
        number = Decimal(value)
    except (InvalidOperation, ValueError):
        return None
    if not number.is_finite():
        return None
    is_sane = abs(number.adjusted()) + len(number.as_tuple().digits) <= _LONGEST_NUMBER
    return number if is_sane else None


@lru_cache(maxsize=4_096)
def _plain(text: str) -> Decimal | None:
    """``text`` as a number if it is digits and at most one point; the levels of a book have the
    same ones again and again."""
    return Decimal(text) if _PLAIN.fullmatch(text) else None


def quoted(text: str) -> str:
    """A venue's own words, fit for our messages: one short line, and no run of characters long
    enough to be a key, a signature or a token that the venue echoes."""
    line = " ".join(_SECRET_LIKE.sub("…", text).split())
    return line if len(line) <= 200 else f"{line[:200]}…"
