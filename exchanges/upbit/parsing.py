"""Upbit's replies as our types.

Private amounts are strings and market data are JSON numbers; both become
Decimal exactly. Shapes: Upbit docs, API reference, and Upbit's own SDK types.
Everything here raises BadReply and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from email.utils import parsedate_to_datetime

from exchanges.account import Balance, Position
from exchanges.book import Book, Level
from exchanges.errors import BadReply
from exchanges.fill import Fill
from exchanges.instrument import Venue
from exchanges.order import Order, OrderReport, OrderStatus
from exchanges.reply import Fields, consistent, document, fields, objects, sorted_book
from exchanges.rules import Rules
from exchanges.side import Side
from exchanges.transport import Response
from exchanges.upbit.ticks import bands_with

_VENUE = Venue.UPBIT
_SIDES = {"bid": Side.BUY, "ask": Side.SELL}
_FEE_STEP = Decimal("1E-16")
QUANTITY_STEP = Decimal("0.00000001")
"""Upbit docs, FAQ on orders: quantities have 8 decimals."""


def parse_balances(body: bytes) -> tuple[Balance, ...]:
    return tuple(
        Balance(
            row.text("currency"),
            row.not_negative("balance") + row.not_negative("locked"),
            row.not_negative("balance"),
        )
        for row in rows("accounts", body)
    )


def parse_position(body: bytes, symbol: str) -> Position:
    """The coin balance as a long position; a coin that is not listed is not held."""
    quantity, entry_price = Decimal(0), None
    for row in rows("accounts", body):
        if row.text("currency") == symbol:
            quantity = row.not_negative("balance") + row.not_negative("locked")
            entry_price = row.optional_price("avg_buy_price")
    return Position(symbol, quantity, entry_price, None, None, Decimal(0))


def parse_book(body: bytes, symbol: str, native: str, received: float) -> Book:
    row = _market_row("orderbook", body, native)
    units = row.children("orderbook_units")
    bids = levels(units, "bid")
    asks = levels(units, "ask")
    book = Book(symbol, bids, asks, row.milliseconds("timestamp"), received)
    return sorted_book(_VENUE, book)


def parse_tick(body: bytes, native: str) -> Decimal:
    """The tick in force at the market's present price."""
    return _market_row("instruments", body, native).step("tick_size")


def parse_rules(chance: bytes, tick: Decimal, book: Book) -> Rules:
    """Fees and minimum of the account in this market, with the ticks.

    Upbit's fee is the same for makers and takers unless a promotion says otherwise; of buying
    and selling the dearer one is taken.
    """
    row = read_object("chance", chance)
    market = row.child("market")
    prices = [level.price for level in (book.best_bid, book.best_ask) if level is not None]
    try:
        bands = bands_with(tick, prices)
    except ValueError as error:
        raise BadReply(_VENUE, f"instruments.tick_size: {error}") from None
    return Rules(
        symbol=book.symbol,
        tick_bands=bands,
        quantity_step=QUANTITY_STEP,
        min_quantity=QUANTITY_STEP,
        max_market_quantity=None,
        min_notional=max(market.child(side).not_negative("min_total") for side in ("bid", "ask")),
        maker_fee=max(row.decimal("maker_bid_fee"), row.decimal("maker_ask_fee")),
        taker_fee=max(row.decimal("bid_fee"), row.decimal("ask_fee")),
        is_trading=market.text("state") == "active",
        max_notional=market.positive("max_total") if market.has("max_total") else None,
    )


def parse_order(body: bytes, symbol: str, native: str) -> OrderReport:
    return _report(read_object("order", body), symbol, native)


def parse_orders(body: bytes, symbol: str, native: str) -> tuple[OrderReport, ...]:
    return tuple(listed.report for listed in parse_listed(body, symbol, native))


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """A row of a list of orders, which carries no trades."""

    report: OrderReport
    may_rest: bool
    """False for an order that trades when it is made or never."""


def parse_listed(body: bytes, symbol: str, native: str) -> tuple[ListedOrder, ...]:
    return tuple(
        ListedOrder(_report(row, symbol, native), _may_rest(row)) for row in rows("orders", body)
    )


def answering(report: OrderReport, client_order_id: str) -> OrderReport:
    """``report`` under the id that was sent. Upbit echoes the id, except for orders made before
    2024-10-18; an echo of another id is no answer."""
    if report.client_order_id not in ("", client_order_id):
        raise BadReply(_VENUE, f"order.identifier: expected {client_order_id}")
    return replace(report, client_order_id=client_order_id)


def acknowledging(report: OrderReport, order: Order) -> OrderReport:
    """``report`` as the first word of ``order``; one of another side or size is of another order,
    whoever mixed them up."""
    if (report.side, report.quantity) != (order.side, order.quantity):
        raise BadReply(_VENUE, "order: expected the side and volume that were sent")
    return answering(report, order.client_order_id)


def of_uuid(report: OrderReport, venue_order_id: str) -> OrderReport:
    """``report`` if it is about that order."""
    if report.venue_order_id != venue_order_id:
        raise BadReply(_VENUE, "order.uuid: expected the one that was asked for")
    return report


def parse_date_header(response: Response) -> datetime:
    """The venue's clock from the Date header.

    The header is cut to the second, so the middle of that second is the best guess: at most half
    a second wrong, either way.
    """
    try:
        date = parsedate_to_datetime(response.headers.get("date", ""))
        if date.tzinfo is not None:
            return date.astimezone(UTC) + timedelta(milliseconds=500)
    except (ValueError, OverflowError):
        pass
    raise BadReply(_VENUE, "Date header: expected an HTTP date")


def rows(what: str, body: bytes) -> Sequence[Fields]:
    """A list of objects."""
    return objects(_VENUE, what, document(_VENUE, what, body))


def read_object(what: str, body: bytes) -> Fields:
    return fields(_VENUE, what, document(_VENUE, what, body))


def _market_row(what: str, body: bytes, native: str) -> Fields:
    for row in rows(what, body):
        if row.text("market") == native:
            return row
    raise BadReply(_VENUE, f"{what}: expected a row for {native}")


def levels(units: Sequence[Fields], side: str) -> tuple[Level, ...]:
    """The levels of one side; a side shorter than the other is filled up with zeros."""
    price_name, size_name = f"{side}_price", f"{side}_size"
    pairs = [(unit.not_negative(price_name), unit.not_negative(size_name)) for unit in units]
    return tuple(Level(price, size) for price, size in pairs if price and size)


def _report(row: Fields, symbol: str, native: str) -> OrderReport:
    if row.text("market") != native:
        raise row.bad("market", native)
    filled = row.not_negative("executed_volume")
    # Absent for a buy by KRW amount (made by hand): its quantity is what it bought.
    quantity = row.positive("volume") if row.has("volume") else filled
    fills = _fills(row, symbol, filled)
    report = OrderReport(
        client_order_id=row.optional_text("identifier") or "",
        venue_order_id=row.text("uuid"),
        symbol=symbol,
        side=_side(row),
        status=_status(row, quantity, filled),
        quantity=quantity,
        filled=filled,
        updated_at=max([row.iso_time("created_at"), *(fill.time for fill in fills)]),
        fills=fills,
    )
    return consistent(_VENUE, report)


def _may_rest(row: Fields) -> bool:
    is_limit = row.optional_text("ord_type") in (None, "limit")
    return is_limit and row.optional_text("time_in_force") not in ("ioc", "fok")


def _side(row: Fields) -> Side:
    side = _SIDES.get(row.text("side"))
    if side is None:
        raise row.bad("side", "bid or ask")
    return side


def _status(row: Fields, quantity: Decimal, filled: Decimal) -> OrderStatus:
    """``cancel`` also ends an order that was executed in full, so quantity decides. Of an order
    that self-trade prevention took a part off, less than all was executed at its end."""
    state = row.text("state")
    if state in ("wait", "watch"):
        return OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.NEW
    if state not in ("done", "cancel"):
        raise row.bad("state", "wait, watch, done or cancel")
    is_cut = row.has("prevented_volume") and row.not_negative("prevented_volume") > 0
    if (state == "done" and not is_cut) or (filled and filled == quantity):
        return OrderStatus.FILLED
    return OrderStatus.CANCELLED


def _fills(row: Fields, symbol: str, filled: Decimal) -> tuple[Fill, ...]:
    """The trades of an order with their shares of its fee, oldest first.

    Upbit states the fee of the order only. While the listed trades do not add up to the executed
    quantity, their shares cannot be known, and none is returned.
    """
    if not row.has("trades"):
        return ()
    trades = sorted(row.children("trades"), key=lambda trade: trade.iso_time("created_at"))
    quantities = [trade.positive("volume") for trade in trades]
    listed = sum(quantities, Decimal(0))
    if listed > filled:
        raise row.bad("trades", "no more than executed_volume")
    if listed != filled:
        return ()
    fees = fee_shares(row.decimal("paid_fee"), [trade.not_negative("funds") for trade in trades])
    return tuple(
        Fill(
            trade_id=trade.text("uuid"),
            venue_order_id=row.text("uuid"),
            client_order_id=row.optional_text("identifier"),
            symbol=symbol,
            side=_side(row),
            price=trade.positive("price"),
            quantity=quantity,
            fee=fee,
            fee_currency="KRW",
            time=trade.iso_time("created_at"),
        )
        for trade, quantity, fee in zip(trades, quantities, fees, strict=True)
    )


def fee_shares(paid: Decimal, funds: Sequence[Decimal]) -> list[Decimal]:
    """``paid`` (KRW) split in proportion to ``funds`` (KRW of each trade); the last share takes
    the remainder, so the shares add up to ``paid`` exactly.

    Shares have 16 decimals: with a constant fee rate each is exact, and stays the same when a
    later trade joins the order.
    """
    total = sum(funds, Decimal(0))
    shares: list[Decimal] = []
    with localcontext(prec=120):
        left = paid
        for part in funds[:-1]:
            share = (paid * part / total if total else Decimal(0)).quantize(_FEE_STEP)
            shares.append(_short(share))
            left -= share
        if funds:
            shares.append(_short(left))
    return shares


def _short(value: Decimal) -> Decimal:
    """Without closing zeros, so that later sums keep within Decimal's 28 digits."""
    return value.normalize() if value else Decimal(0)
