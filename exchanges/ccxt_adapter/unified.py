"""ccxt's unified structures as our types.

Numbers are text (:attr:`~exchanges.ccxt_adapter.client.ExactClient.number`), times milliseconds.
Shapes: ccxt manual, "Order structure", "Trade structure" and so on. Everything here raises
BadReply and nothing else.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal

from exchanges.account import Balance, Position
from exchanges.book import Book, Level
from exchanges.errors import BadReply
from exchanges.fill import Fill
from exchanges.funding import FundingPayment
from exchanges.instrument import Venue
from exchanges.order import OrderReport, OrderStatus
from exchanges.reply import Fields, consistent, sorted_book, to_decimal
from exchanges.side import Side

_NUMBER = re.compile(r"[0-9]{1,30}")
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_ENDS = {
    "closed": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELLED,
    "expired": OrderStatus.EXPIRED,
    "rejected": OrderStatus.REJECTED,
}


def report_of(row: Fields, symbol: str) -> OrderReport:
    """An order, without its trades."""
    quantity, filled = row.not_negative("amount"), row.not_negative("filled")
    report = OrderReport(
        client_order_id=row.optional_text("clientOrderId") or "",
        venue_order_id=row.text("id"),
        symbol=symbol,
        side=_side(row),
        status=_status(row, quantity, filled),
        quantity=quantity,
        filled=filled,
        updated_at=_updated(row),
    )
    return consistent(row.venue, report)


def answering(venue: Venue, report: OrderReport, client_order_id: str) -> OrderReport:
    """``report``, if it is about the order that was asked for."""
    if report.client_order_id != client_order_id:
        raise BadReply(venue, f"order.clientOrderId: expected {client_order_id}")
    return report


def of_id(venue: Venue, report: OrderReport, venue_order_id: str) -> OrderReport:
    """``report``, if it is about the order that was asked for by the venue's id."""
    if report.venue_order_id != venue_order_id:
        raise BadReply(venue, "order.id: expected the one that was asked for")
    return report


def numbered_fill_of(row: Fields, symbol: str) -> Fill:
    """A trade of ours where the venue numbers them."""
    fill = fill_of(row, symbol)
    if _NUMBER.fullmatch(fill.trade_id) is None:
        raise row.bad("id", "a whole number")
    return fill


def fill_of(row: Fields, symbol: str) -> Fill:
    """A trade of ours."""
    fee = row.child("fee")
    return Fill(
        trade_id=row.text("id"),
        venue_order_id=row.text("order"),
        client_order_id=None,
        symbol=symbol,
        side=_side(row),
        price=row.positive("price"),
        quantity=row.positive("amount"),
        fee=fee.decimal("cost"),
        fee_currency=fee.text("currency"),
        time=row.milliseconds("timestamp"),
    )


def book_of(row: Fields, symbol: str, received: float) -> Book:
    sides = {side: _levels(row, side) for side in ("bids", "asks")}
    book = Book(symbol, sides["bids"], sides["asks"], row.milliseconds("timestamp"), received)
    return sorted_book(row.venue, book)


def balances_of(row: Fields) -> tuple[Balance, ...]:
    total, free = row.child("total"), row.child("free")
    return tuple(
        Balance(currency, total.decimal(currency), free.decimal(currency))
        for currency in total.values
    )


def position_of(row: Fields, symbol: str) -> Position:
    side = row.text("side")
    if side not in ("long", "short"):
        raise row.bad("side", "long or short")
    quantity = row.not_negative("contracts")
    return Position(
        symbol,
        quantity if side == "long" else -quantity,
        row.optional_price("entryPrice"),
        row.optional_price("markPrice"),
        (row.decimal("liquidationPrice") or None) if row.has("liquidationPrice") else None,
        row.decimal("unrealizedPnl"),
    )


def flat(symbol: str) -> Position:
    return Position(symbol, Decimal(0), None, None, None, Decimal(0))


def payment_of(row: Fields, symbol: str) -> FundingPayment:
    return FundingPayment(
        row.text("id"),
        symbol,
        row.decimal("amount"),
        row.text("code"),
        row.milliseconds("timestamp"),
    )


def _side(row: Fields) -> Side:
    side = _SIDES.get(row.text("side"))
    if side is None:
        raise row.bad("side", "buy or sell")
    return side


def _status(row: Fields, quantity: Decimal, filled: Decimal) -> OrderStatus:
    """``canceled`` may also end an order that was executed in full, so quantity decides."""
    status = row.text("status")
    if status == "open":
        return OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.NEW
    end = _ENDS.get(status)
    if end is None:
        raise row.bad("status", "a known order status")
    return OrderStatus.FILLED if filled and filled == quantity else end


def _updated(row: Fields) -> datetime:
    """The latest of the times that an order tells."""
    names = ("timestamp", "lastTradeTimestamp", "lastUpdateTimestamp")
    return max(row.milliseconds(name) for name in names if row.has(name) or name == "timestamp")


def _levels(row: Fields, side: str) -> tuple[Level, ...]:
    levels: list[Level] = []
    for level in row.items(side):
        numbers = [to_decimal(number) for number in level[:2]] if isinstance(level, list) else []
        if len(numbers) != 2 or numbers[0] is None or numbers[1] is None:
            raise row.bad(side, "levels of a price and a quantity")
        price, quantity = numbers[0], numbers[1]
        if price < 0 or quantity < 0:
            raise row.bad(side, "prices and quantities not below 0")
        if price and quantity:  # a side shorter than the other may be filled up with zeros
            levels.append(Level(price, quantity))
    return tuple(levels)
