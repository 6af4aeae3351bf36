"""What the venue asks of a well-formed order before it enters the book."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from exchanges.side import Side
from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.leverage_brackets import max_notional
from exchanges.simulator.binance.margin import AccountMargin, Pending, binding
from exchanges.simulator.binance.order import OrderRequest
from exchanges.simulator.binance.position import PositionSide
from exchanges.simulator.binance.refusal import Refused
from exchanges.simulator.binance.rules import MAX_OPEN_ORDERS, SymbolRules


@dataclass(frozen=True, slots=True)
class Situation:
    """The market and the account at the moment the order arrives."""

    rules: SymbolRules
    mark: Decimal
    touch: Decimal
    """Best price on the side that the order would take."""
    margin: AccountMargin


def check_order(account: VenueAccount, request: OrderRequest, situation: Situation) -> None:
    """Refuse what breaks a filter, the position mode, reduce-only or the margin."""
    rules, mark = situation.rules, situation.mark
    market = request.price is None
    if request.price is not None:
        rules.check_price(request.price, request.side, mark)
    rules.check_quantity(request.quantity, market=market)
    _check_mode(account, request)
    closing = closes_only(request)
    if not closing:
        price = mark if request.price is None else request.price
        rules.check_notional(price * request.quantity)
    if request.client_order_id is not None:
        account.orders.check_free(request.symbol, request.client_order_id)
    if closing:
        _check_reducible(account, request)
    else:
        _check_margin(account, request, situation)
    if not market and len(account.orders.open(request.symbol)) >= MAX_OPEN_ORDERS:
        raise Refused(-2025)


def closes_only(request: OrderRequest) -> bool:
    """Reduce-only by flag, or by its direction in hedge mode."""
    return request.reduce_only or (request.position_side, request.side) in (
        (PositionSide.LONG, Side.SELL),
        (PositionSide.SHORT, Side.BUY),
    )


def _check_mode(account: VenueAccount, request: OrderRequest) -> None:
    if account.hedge_mode == (request.position_side is PositionSide.BOTH):
        raise Refused(-4061)
    if account.hedge_mode and request.reduce_only_sent:
        raise Refused(-1106, "reduceonly")


def _check_reducible(account: VenueAccount, request: OrderRequest) -> None:
    held = account.position(request.symbol, request.position_side).quantity
    opposite = held < 0 if request.side is Side.BUY else held > 0
    if not opposite:
        raise Refused(-2022)
    if account.hedge_mode and request.quantity > abs(held):
        raise Refused(-2022)


def _check_margin(account: VenueAccount, request: OrderRequest, situation: Situation) -> None:
    mark = situation.mark
    price = situation.touch if request.price is None else request.price
    wish = Pending(request.side, request.position_side, price * request.quantity)
    before = binding(account, request.symbol, mark)
    after = binding(account, request.symbol, mark, wish)
    if after.total <= before.total:
        return
    if after.largest_notional > max_notional(account.leverage(request.symbol)):
        raise Refused(-2027)
    worse = price - mark if request.side is Side.BUY else mark - price
    loss_at_once = max(Decimal(0), worse) * request.quantity
    free = situation.margin.balance - situation.margin.initial
    if after.total - before.total + loss_at_once > free:
        raise Refused(-2019)
