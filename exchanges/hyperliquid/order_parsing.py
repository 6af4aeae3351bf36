"""Hyperliquid's words on orders and trades as our types, from REST and from streams.

Shapes: Hyperliquid docs, "Info endpoint" and "WebSocket, subscriptions". Everything here raises
BadReply and nothing else, except OrderNotFound where it says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from exchanges.errors import OrderNotFound
from exchanges.fill import Fill
from exchanges.forced_close import ForcedClose
from exchanges.hyperliquid.client_order_ids import client_order_id_of, is_cloid
from exchanges.hyperliquid.parsing import QUOTE
from exchanges.instrument import Venue
from exchanges.order import OrderReport, OrderStatus
from exchanges.reply import Fields, consistent, document, fields, objects
from exchanges.side import Side

_VENUE = Venue.HYPERLIQUID
_SIDES = {"B": Side.BUY, "A": Side.SELL}


@dataclass(frozen=True, slots=True)
class ToldOrder:
    """An order as ``orderStatus`` tells it, without its trades."""

    report: OrderReport
    made_at: datetime

    @property
    def never_traded(self) -> bool:
        """The venue turned it down whole; there is no trade to look for."""
        ended_empty = (OrderStatus.REJECTED, OrderStatus.EXPIRED)
        return self.report.status in ended_empty and not self.report.filled


def parse_order_status(body: bytes, symbol: str, native: str) -> ToldOrder:
    """Raises OrderNotFound too. Between two changes of its status an order is told as it was at
    the last one: what an open order has traded since is in its trades alone."""
    row = fields(_VENUE, "orderStatus", document(_VENUE, "orderStatus", body))
    if row.text("status") != "order":
        raise OrderNotFound(_VENUE, "there is no such order (unknownOid)")
    told = row.child("order")
    return ToldOrder(
        changed_order(told, symbol, native), told.child("order").milliseconds("timestamp")
    )


def changed_order(row: Fields, symbol: str, native: str) -> OrderReport:
    """An order with its status: a part of ``orderStatus``, or an event of ``orderUpdates``."""
    order = row.child("order")
    report = _report(order, symbol, native)
    status = _status(row, row.text("status"))
    filled = report.filled
    if status is OrderStatus.FILLED:
        # An IOC order's rest is gone while the venue calls it filled; and an order filled in one
        # go was seen with all of its size still to do.
        filled = filled or report.quantity
        status = status if filled == report.quantity else OrderStatus.EXPIRED
    elif status is OrderStatus.NEW and filled:
        status = OrderStatus.PARTIALLY_FILLED
    return replace(
        report, status=status, filled=filled, updated_at=row.milliseconds("statusTimestamp")
    )


def parse_open_orders(body: bytes, symbol: str, native: str) -> tuple[OrderReport, ...]:
    rows = objects(_VENUE, "frontendOpenOrders", document(_VENUE, "frontendOpenOrders", body))
    return tuple(_report(row, symbol, native) for row in rows if row.text("coin") == native)


def parse_fills(body: bytes, symbol: str, native: str) -> tuple[Fill, ...]:
    """Own trades of one market, in the venue's order."""
    rows = objects(_VENUE, "userFillsByTime", document(_VENUE, "userFillsByTime", body))
    return fills_of(rows, symbol, native)


def parse_order_fills(body: bytes, symbol: str, native: str, oid: int) -> tuple[Fill, ...]:
    """The trades of one order; what else is there need not be understood."""
    rows = objects(_VENUE, "userFillsByTime", document(_VENUE, "userFillsByTime", body))
    return fills_of([row for row in rows if row.values.get("oid") == oid], symbol, native)


def fills_of(rows: Sequence[Fields], symbol: str, native: str) -> tuple[Fill, ...]:
    return tuple(_fill(row, symbol) for row in rows if row.text("coin") == native)


def with_fills(report: OrderReport, fills: Sequence[Fill]) -> OrderReport:
    """``report`` with its own ``fills``. They are the later word on how much was executed.
    Raises BadReply where both cannot be true."""
    own = tuple(
        replace(fill, client_order_id=report.client_order_id or None)
        for fill in sorted(fills, key=lambda fill: (fill.time, int(fill.trade_id)))
    )
    filled = max(report.filled, sum((fill.quantity for fill in own), Decimal(0)))
    status = report.status
    if status is OrderStatus.NEW and filled:
        status = OrderStatus.PARTIALLY_FILLED
    forced = next((fill.forced for fill in own if fill.forced), report.forced)
    told = replace(report, status=status, filled=filled, fills=own, forced=forced)
    return consistent(_VENUE, told)


def forced_close(direction: str | None) -> ForcedClose | None:
    """What a trade's ``dir`` says of who wanted it. Whoever took the other side of a liquidation is
    told of it too (``liquidation``), but trades like anybody (``Open Long``)."""
    if direction == "Auto-Deleveraging":
        return ForcedClose.ADL
    is_liquidated = direction is not None and direction.startswith("Liquidated ")
    return ForcedClose.LIQUIDATION if is_liquidated else None


def _report(order: Fields, symbol: str, native: str) -> OrderReport:
    """An order that rests; an order placed by hand has no client order id."""
    if order.text("coin") != native:
        raise order.bad("coin", native)
    left = order.not_negative("sz")
    quantity = order.not_negative("origSz") if order.has("origSz") else left
    if left > quantity:
        raise order.bad("sz", "at most origSz")
    return OrderReport(
        client_order_id=id_told(order, "cloid") or "",
        venue_order_id=str(order.integer("oid")),
        symbol=symbol,
        side=_side(order),
        status=OrderStatus.PARTIALLY_FILLED if quantity > left else OrderStatus.NEW,
        quantity=quantity,
        filled=quantity - left,
        updated_at=order.milliseconds("timestamp"),
    )


def _status(row: Fields, text: str) -> OrderStatus:
    """Reasons are added now and then, but they end alike (``perpMarginRejected``,
    ``liquidatedCanceled``)."""
    if text in ("open", "triggered"):
        return OrderStatus.NEW
    if text == "filled":
        return OrderStatus.FILLED
    if text == "iocCancelRejected":
        return OrderStatus.EXPIRED
    lower = text.lower()
    if lower.endswith("rejected"):
        return OrderStatus.REJECTED
    if lower.endswith("canceled") or text == "scheduledCancel":
        return OrderStatus.CANCELLED
    raise row.bad("status", "a known order status")


def _fill(row: Fields, symbol: str) -> Fill:
    return Fill(
        trade_id=str(row.integer("tid")),
        venue_order_id=str(row.integer("oid")),
        client_order_id=id_told(row, "cloid"),
        symbol=symbol,
        side=_side(row),
        price=row.positive("px"),
        quantity=row.positive("sz"),
        fee=row.decimal("fee"),
        fee_currency=row.optional_text("feeToken") or QUOTE,
        time=row.milliseconds("time"),
        forced=forced_close(row.optional_text("dir")),
    )


def id_told(row: Fields, name: str) -> str | None:
    """The client order id that the cloid in field ``name`` stands for, if there is one. Nobody
    can be asked for an order by anything else, so that is a BadReply."""
    cloid = row.optional_text(name)
    if cloid is None:
        return None
    if not is_cloid(cloid):
        raise row.bad(name, "0x and 32 hex digits")
    return client_order_id_of(cloid)


def _side(row: Fields) -> Side:
    side = _SIDES.get(row.text("side"))
    if side is None:
        raise row.bad("side", "B or A")
    return side
