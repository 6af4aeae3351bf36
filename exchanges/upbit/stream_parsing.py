"""Upbit's stream messages (format DEFAULT) as our types.

Numbers are JSON numbers here, also in messages about own orders. Shapes: Upbit
docs, "WebSocket", and Upbit's own SDK types. Everything here raises BadReply
and nothing else.
"""

from __future__ import annotations

from decimal import Decimal

from exchanges.book import Book
from exchanges.decimal_json import parse_json
from exchanges.errors import BadReply
from exchanges.fill import Fill
from exchanges.instrument import Venue
from exchanges.order import OrderReport, OrderStatus
from exchanges.reply import Fields, consistent, fields, sorted_book
from exchanges.side import Side
from exchanges.upbit.parsing import levels
from exchanges.web_socket import Frame

_VENUE = Venue.UPBIT
_QUOTE = "KRW-"
_SIDES = {"BID": Side.BUY, "ASK": Side.SELL}
_BY_TOTAL = frozenset(("price", "best"))
"""Order types that may have been placed for an amount of KRW, and have then no volume."""


def message_of(frame: Frame) -> Fields:
    """The one JSON object of a frame, which may come as text or as bytes."""
    body = frame.encode("utf-8", "replace") if isinstance(frame, str) else frame
    try:
        parsed = parse_json(body)
    except ValueError:
        raise BadReply(_VENUE, "stream: expected JSON") from None
    return fields(_VENUE, "stream", parsed)


def type_of(message: Fields) -> str:
    """``orderbook``, ``myOrder`` …; "" for a message that is no data."""
    kind = message.values.get("type")
    return kind if isinstance(kind, str) else ""


def symbol_of(message: Fields) -> str | None:
    """The coin a message is about; None when it is not of the KRW market. A code may repeat the
    depth that was asked for (``KRW-BTC.15``)."""
    code = message.text("code").partition(".")[0]
    return code.removeprefix(_QUOTE) if code.startswith(_QUOTE) else None


def parse_book(message: Fields, symbol: str, received: float) -> Book:
    """Always the whole book, never a difference."""
    units = message.children("orderbook_units")
    book = Book(
        symbol,
        levels(units, "bid"),
        levels(units, "ask"),
        message.milliseconds("timestamp"),
        received,
    )
    return sorted_book(_VENUE, book)


def parse_my_order(message: Fields, symbol: str) -> OrderReport:
    """An order as of one event, with the trade that the event is about.

    ``price`` and ``volume`` are the trade's when ``state`` is ``trade``, so the size of the order
    is put together from what is executed, what remains and what self-trade prevention took.
    """
    filled = message.not_negative("executed_volume")
    left = _optional(message, "remaining_volume") + _optional(message, "prevented_volume")
    report = OrderReport(
        client_order_id=message.optional_text("identifier") or "",
        venue_order_id=message.text("uuid"),
        symbol=symbol,
        side=_side(message),
        status=_status(message, filled, left),
        quantity=filled + left,
        filled=filled,
        updated_at=message.milliseconds("timestamp"),
        fills=_fill(message, symbol),
    )
    return consistent(_VENUE, report)


def has_fixed_size(message: Fields) -> bool:
    """An order for an amount of KRW is as large as what it has bought so far."""
    return message.text("order_type") not in _BY_TOTAL


def _optional(message: Fields, name: str) -> Decimal:
    return message.not_negative(name) if message.has(name) else Decimal(0)


def _side(message: Fields) -> Side:
    side = _SIDES.get(message.text("ask_bid"))
    if side is None:
        raise message.bad("ask_bid", "ASK or BID")
    return side


def _status(message: Fields, filled: Decimal, left: Decimal) -> OrderStatus:
    """``cancel`` also ends an order that was executed in full. ``prevented`` says that a part was
    taken off; the end of the order comes by itself."""
    is_whole = bool(filled) and not left
    match message.text("state"):
        case "done" if _optional(message, "prevented_volume"):
            return OrderStatus.CANCELLED
        case "done":
            return OrderStatus.FILLED
        case "cancel":
            return OrderStatus.FILLED if is_whole else OrderStatus.CANCELLED
        case "trade" if is_whole and has_fixed_size(message):
            return OrderStatus.FILLED  # nothing is left to trade; ``done`` follows
        case "wait" | "watch" | "trade" | "prevented":
            return OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.NEW
        case _:
            raise message.bad("state", "wait, watch, trade, done, cancel or prevented")


def _fill(message: Fields, symbol: str) -> tuple[Fill, ...]:
    """The trade of an event; none when its fee is not told, which REST will."""
    if message.text("state") != "trade" or not message.has("trade_fee"):
        return ()
    return (
        Fill(
            trade_id=message.text("trade_uuid"),
            venue_order_id=message.text("uuid"),
            client_order_id=message.optional_text("identifier"),
            symbol=symbol,
            side=_side(message),
            price=message.positive("price"),
            quantity=message.positive("volume"),
            fee=message.decimal("trade_fee"),
            fee_currency="KRW",
            time=message.milliseconds("trade_timestamp"),
        ),
    )
