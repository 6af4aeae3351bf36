"""Does what an adapter says contradict itself?"""

from __future__ import annotations

from decimal import Decimal

from exchanges.account import Balance, Position
from exchanges.book import Book
from exchanges.fill import Fill
from exchanges.funding import FundingPayment
from exchanges.market_state import MarketState
from exchanges.order import Order, OrderReport, OrderStatus
from exchanges.rules import Rules
from exchanges.transfer import Transfer


def check(answer: object) -> None:
    """``answer`` does not contradict itself."""
    match answer:
        case OrderReport():
            assert 0 <= answer.filled <= answer.quantity
            assert (answer.status is OrderStatus.FILLED) <= (answer.filled == answer.quantity)
            assert sum((fill.quantity for fill in answer.fills), Decimal(0)) <= answer.quantity
            assert all(fill.side is answer.side for fill in answer.fills)
            check(answer.fills)
        case Fill():
            assert answer.symbol == "BTC"
            assert all(is_amount(each) for each in (answer.price, answer.quantity))
            assert answer.fee.is_finite()
        case Book():
            bids = [level.price for level in answer.bids]
            asks = [level.price for level in answer.asks]
            assert bids == sorted(bids, reverse=True)
            assert asks == sorted(asks)
            for level in (*answer.bids, *answer.asks):
                assert is_amount(level.price)
                assert is_amount(level.quantity)
        case Balance():
            assert answer.total.is_finite()
            assert answer.available.is_finite()
        case Position():
            assert answer.quantity.is_finite()
            for price in (answer.entry_price, answer.mark_price):
                assert price is None or is_amount(price)
        case FundingPayment():
            assert answer.amount.is_finite()
        case Transfer():
            assert answer.change.is_finite()
            assert answer.fee >= 0
        case MarketState():
            assert answer.volume_recent.is_finite()
            assert answer.volume_recent >= 0
            assert answer.volume_24h is None or answer.volume_24h >= answer.volume_recent
        case Rules():
            assert is_amount(answer.quantity_step)
            assert all(is_amount(band.tick) for band in answer.tick_bands)
            assert answer.min_notional >= 0
            assert answer.maker_fee.is_finite()
            assert answer.taker_fee.is_finite()
        case tuple() | list():
            for each in answer:
                check(each)


def check_told(order: Order, report: OrderReport) -> None:
    """The report is of that very order."""
    check(report)
    told = (report.client_order_id, report.side, report.quantity, report.symbol)
    assert told == (order.client_order_id, order.side, order.quantity, order.symbol)


def is_amount(number: Decimal) -> bool:
    return number.is_finite() and number > 0
