"""What the user data stream tells of an order.

Source: Binance docs, USDⓈ-M futures, "Event: Order update". The fields ``M`` and ``er`` are of
2026 and not needed. The earlier, shorter notice of a trade, ``TRADE_LITE``, is left aside: it has
neither the fee nor the order's state, and the whole event follows at once.
"""

from __future__ import annotations

from decimal import Decimal

from exchanges.binance.forced_closes import forced_close
from exchanges.binance.parsing import side_of, status_of
from exchanges.fill import Fill
from exchanges.instrument import Instrument
from exchanges.order import OrderReport
from exchanges.reply import Fields, consistent

ORDER_UPDATE = "ORDER_TRADE_UPDATE"
KEY_EXPIRED = "listenKeyExpired"


def market_name(event: Fields) -> str:
    """The native name of the market that an order update is about."""
    return event.child("o").text("s")


def order_update(event: Fields, market: Instrument) -> OrderReport:
    """The order, with the trade that the event is about, if it is about one. Raises BadReply."""
    row = event.child("o")
    trade = _trade(row, market)
    report = OrderReport(
        client_order_id=row.text("c"),
        venue_order_id=str(row.integer("i")),
        symbol=market.symbol,
        side=side_of(row, "S"),
        status=status_of(row, "X"),
        quantity=row.not_negative("q"),
        filled=row.not_negative("z"),
        updated_at=row.milliseconds("T"),
        fills=() if trade is None else (trade,),
        forced=forced_close(row.text("c")),
    )
    return consistent(event.venue, report)


def _trade(row: Fields, market: Instrument) -> Fill | None:
    """The execution of a TRADE, or of a CALCULATED: liquidation and auto-deleveraging fill too.
    Those may come without a trade id; then the trade list has to tell."""
    quantity = row.not_negative("l")
    trade_id = row.integer("t")
    if not quantity or trade_id <= 0:
        return None
    return Fill(
        trade_id=str(trade_id),
        venue_order_id=str(row.integer("i")),
        client_order_id=row.text("c"),
        symbol=market.symbol,
        side=side_of(row, "S"),
        price=row.positive("L"),
        quantity=quantity,
        # Both are left out when there is no commission.
        fee=row.decimal("n") if row.has("n") else Decimal(0),
        fee_currency=row.optional_text("N") or market.quote,
        time=row.milliseconds("T"),
        forced=forced_close(row.text("c")),
    )
