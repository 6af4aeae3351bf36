"""Binance's replies as our types.

Amounts are strings, ids and times are whole numbers. Shapes: Binance docs,
USDⓈ-M futures, and Binance's own connector. Everything here raises BadReply
and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from exchanges.account import Balance, Position
from exchanges.binance.depth import parse_snapshot
from exchanges.binance.forced_closes import forced_close
from exchanges.binance.outcomes import HEDGE_MODE
from exchanges.book import Book
from exchanges.errors import BadReply
from exchanges.fill import Fill
from exchanges.funding import FundingPayment
from exchanges.instrument import Venue
from exchanges.order import Order, OrderReport, OrderStatus
from exchanges.reply import Fields, consistent, document, fields, objects, sorted_book
from exchanges.rules import Rules, TickBand
from exchanges.side import Side

_VENUE = Venue.BINANCE
_SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
_STATUSES = {
    "NEW": OrderStatus.NEW,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELLED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
    "REJECTED": OrderStatus.REJECTED,
}

FUNDING_TYPES = {"FUNDING_FEE": "", "SPECIAL_FUNDING_FEE": "special-"}
"""Income that is funding: settled at the regular hours and outside of them. Transaction ids are
unique within a type (Binance docs, "Get income history"), so the second one's get a prefix."""


def parse_time(body: bytes) -> datetime:
    return read_object("time", body).milliseconds("serverTime")


def parse_balances(body: bytes) -> tuple[Balance, ...]:
    """Wallet balances; what is not available serves as margin."""
    return tuple(
        Balance(row.text("asset"), row.decimal("balance"), row.decimal("availableBalance"))
        for row in _rows("balance", body)
    )


def parse_position(body: bytes, symbol: str, native: str) -> Position:
    return position_of(_rows("positionRisk", body), symbol, native)


def position_of(rows: Sequence[Fields], symbol: str, native: str) -> Position:
    """The one-way position, of rows that were asked for by ``native``. An absent row means flat
    (Binance docs, positionRisk v3); one of another market is no answer, and not "flat"."""
    for row in rows:
        if row.text("symbol") != native:
            raise row.bad("symbol", native)
        if row.text("positionSide") != "BOTH":
            raise BadReply(_VENUE, HEDGE_MODE)
        if row.decimal("positionAmt") == 0:
            continue
        return Position(
            symbol,
            row.decimal("positionAmt"),
            row.optional_price("entryPrice"),
            row.optional_price("markPrice"),
            row.decimal("liquidationPrice") or None,
            row.decimal("unRealizedProfit"),
            # "0" of a position that the whole account stands behind.
            (row.decimal("isolatedWallet") or None) if row.has("isolatedWallet") else None,
        )
    return Position(symbol, Decimal(0), None, None, None, Decimal(0))


def parse_book(body: bytes, symbol: str, received: float) -> Book:
    depth = parse_snapshot(body)
    bids = tuple(level for level in depth.bids if level.quantity)
    asks = tuple(level for level in depth.asks if level.quantity)
    return sorted_book(_VENUE, Book(symbol, bids, asks, depth.time, received))


def parse_rules(exchange_info: bytes, commission: bytes, symbol: str, native: str) -> Rules:
    """Filters of the market and fees of the account; of the two lot filters the stricter one."""
    fee = read_object("commissionRate", commission)
    for market in read_object("exchangeInfo", exchange_info).children("symbols"):
        if market.text("symbol") != native:
            continue
        filters = {row.text("filterType"): row for row in market.children("filters")}
        price = _filter(market, filters, "PRICE_FILTER")
        lots = [_filter(market, filters, name) for name in ("LOT_SIZE", "MARKET_LOT_SIZE")]
        return Rules(
            symbol=symbol,
            tick_bands=(TickBand(Decimal(0), price.step("tickSize")),),
            quantity_step=max(lot.step("stepSize") for lot in lots),
            min_quantity=max(lot.not_negative("minQty") for lot in lots),
            max_market_quantity=min(lot.positive("maxQty") for lot in lots),
            min_notional=_filter(market, filters, "MIN_NOTIONAL").not_negative("notional"),
            maker_fee=fee.decimal("makerCommissionRate"),
            taker_fee=fee.decimal("takerCommissionRate"),
            is_trading=market.text("status") == "TRADING",
        )
    raise BadReply(_VENUE, f"exchangeInfo.symbols: expected {native} among them")


def pays_in_bnb(fee_burn: bytes) -> bool:
    """Does the account pay its fees in BNB (Binance docs, BNB burn status)?"""
    return read_object("feeBurn", fee_burn).values.get("feeBurn") is True


def parse_order(body: bytes, symbol: str, native: str) -> OrderReport:
    """An order without its trades: since mid-2026 order replies carry no average price, and
    prices come from the trades alone (Binance change log, 2026-06)."""
    row = fields(_VENUE, "order", document(_VENUE, "order", body, unique_keys=True))
    return _report(row, symbol, native)


def parse_orders(body: bytes, symbol: str, native: str) -> tuple[OrderReport, ...]:
    return tuple(_report(row, symbol, native) for row in _rows("orders", body))


def parse_order_time(body: bytes) -> datetime:
    """When the order was made."""
    return read_object("order", body).milliseconds("time")


def answering(report: OrderReport, client_order_id: str) -> OrderReport:
    """``report``, if it is about the order that was asked for."""
    if report.client_order_id != client_order_id:
        raise BadReply(_VENUE, f"order.clientOrderId: expected {client_order_id}")
    return report


def of_id(report: OrderReport, venue_order_id: str) -> OrderReport:
    """``report``, if it is about the order that was asked for by the venue's id."""
    if report.venue_order_id != venue_order_id:
        raise BadReply(_VENUE, f"order.orderId: expected {venue_order_id}")
    return report


def about(report: OrderReport, order: Order) -> OrderReport:
    """``report``, if it is about the order that was sent and not merely about its id. Of a
    reduce-only order the venue may take less than it was sent."""
    if report.side is not order.side:
        raise BadReply(_VENUE, f"order.side: expected {order.side}")
    is_cut = order.reduce_only and 0 < report.quantity < order.quantity
    if report.quantity != order.quantity and not is_cut:
        raise BadReply(_VENUE, f"order.origQty: expected {order.quantity}")
    return answering(report, order.client_order_id)


def parse_fills(body: bytes, symbol: str, native: str) -> tuple[Fill, ...]:
    """Own trades, in the venue's order (rising id). The list carries no client order ids; a fee
    is in the currency that the venue took, USDT unless the account pays fees in BNB."""
    return tuple(_fill(row, symbol, native) for row in _rows("userTrades", body))


def with_fills(report: OrderReport, fills: Sequence[Fill]) -> OrderReport:
    """``report`` with those of ``fills`` that are its own. They are the later word on how much was
    executed: an order may trade between the two questions."""
    own = (fill for fill in fills if fill.venue_order_id == report.venue_order_id)
    named = tuple(
        replace(fill, client_order_id=report.client_order_id, forced=report.forced) for fill in own
    )
    told = replace(report, fills=named)
    traded = sum((fill.quantity for fill in named), Decimal(0))
    if traded > report.filled:
        told = replace(told, filled=traded)
        if traded == report.quantity:
            told = replace(told, status=OrderStatus.FILLED)
        elif not report.is_terminal:
            told = replace(told, status=OrderStatus.PARTIALLY_FILLED)
    return consistent(_VENUE, told)


def parse_funding(
    body: bytes, symbol: str, native: str, income_type: str
) -> tuple[FundingPayment, ...]:
    """Settlements of one of the :data:`FUNDING_TYPES`."""
    prefix = FUNDING_TYPES[income_type]
    payments = [
        FundingPayment(
            f"{prefix}{row.integer('tranId')}",
            symbol,
            row.decimal("income"),
            row.text("asset"),
            row.milliseconds("time"),
        )
        for row in _rows("income", body)
        if row.text("incomeType") == income_type and row.text("symbol") == native
    ]
    return tuple(payments)


def side_of(row: Fields, name: str) -> Side:
    side = _SIDES.get(row.text(name))
    if side is None:
        raise row.bad(name, "BUY or SELL")
    return side


def status_of(row: Fields, name: str) -> OrderStatus:
    status = _STATUSES.get(row.text(name))
    if status is None:
        raise row.bad(name, "a known order status")
    return status


def read_object(what: str, body: bytes) -> Fields:
    return fields(_VENUE, what, document(_VENUE, what, body))


def _rows(what: str, body: bytes) -> Sequence[Fields]:
    return objects(_VENUE, what, document(_VENUE, what, body))


def _filter(market: Fields, filters: dict[str, Fields], name: str) -> Fields:
    found = filters.get(name)
    if found is None:
        raise market.bad("filters", f"{name} among them")
    return found


def _report(row: Fields, symbol: str, native: str) -> OrderReport:
    if row.text("symbol") != native:
        raise row.bad("symbol", native)
    report = OrderReport(
        client_order_id=row.text("clientOrderId"),
        venue_order_id=str(row.integer("orderId")),
        symbol=symbol,
        side=side_of(row, "side"),
        status=status_of(row, "status"),
        quantity=row.not_negative("origQty"),
        filled=row.not_negative("executedQty"),
        updated_at=row.milliseconds("updateTime"),
        forced=forced_close(row.text("clientOrderId")),
    )
    return consistent(_VENUE, report)


def _fill(row: Fields, symbol: str, native: str) -> Fill:
    if row.text("symbol") != native:
        raise row.bad("symbol", native)
    return Fill(
        trade_id=str(row.integer("id")),
        venue_order_id=str(row.integer("orderId")),
        client_order_id=None,
        symbol=symbol,
        side=side_of(row, "side"),
        price=row.positive("price"),
        quantity=row.positive("qty"),
        fee=row.decimal("commission"),
        fee_currency=row.text("commissionAsset"),
        time=row.milliseconds("time"),
    )
