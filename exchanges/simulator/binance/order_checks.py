"""What the venue asks of a well-formed order before it enters the book, or changes in it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from exchanges.side import Side
from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.leverage_brackets import max_notional
from exchanges.simulator.binance.margin import AccountMargin, Pending, binding
from exchanges.simulator.binance.order import OrderRequest, VenueOrder
from exchanges.simulator.binance.position import PositionSide
from exchanges.simulator.binance.refusal import Refused
from exchanges.simulator.binance.rules import MAX_OPEN_ORDERS, SymbolRules

MAX_AMENDMENTS = 10_000
"""maxMoveOrderLimit of exchangeInfo."""


@dataclass(frozen=True, slots=True)
class Situation:
    """The market and the account at the moment the order arrives."""

    rules: SymbolRules
    mark: Decimal
    touch: Decimal
    """Best price on the side that the order would take."""
    margin: AccountMargin


def check_order(
    account: VenueAccount, request: OrderRequest, situation: Situation, *, triggered: bool = False
) -> None:
    """Refuse what breaks a filter, the position mode, reduce-only or the margin. ``triggered``:
    it comes from a conditional order, which closes beside what rests to close."""
    rules, mark = situation.rules, situation.mark
    market = request.price is None
    if request.price is not None:
        rules.check_price(request.price, request.side, mark)
    rules.check_quantity(request.quantity, market=market)
    check_mode(account, request.position_side, reduce_only_sent=request.reduce_only_sent)
    closing = closes_only(request)
    if not closing:
        price = mark if request.price is None else request.price
        rules.check_notional(price * request.quantity)
    if request.client_order_id is not None:
        account.orders.check_free(request.symbol, request.client_order_id)
    price = situation.touch if request.price is None else request.price
    if closing:
        shrinks = _check_reducible(account, request, beside_others=triggered)
        wish = Pending(request.side, request.position_side, price * shrinks)
        _check_margin(account, request.symbol, situation, wish, price, code=-4118)
    else:
        wish = Pending(request.side, request.position_side, price * request.quantity)
        _check_margin(account, request.symbol, situation, wish, price)
    if not market and len(account.orders.open(request.symbol)) >= MAX_OPEN_ORDERS:
        raise Refused(-2025)


def check_amendment(
    account: VenueAccount,
    order: VenueOrder,
    price: Decimal,
    quantity: Decimal,
    situation: Situation,
    *,
    reduce_only: bool,
) -> None:
    """Refuse a change that changes nothing, comes too often or breaks what a new order would.

    ``reduce_only``: the change says so of the order, which excuses it from the smallest value
    (Binance docs, Modify Order); the order stays what it was.
    """
    if reduce_only and not order.reduce_only:
        raise Refused(-5047)
    if (price, quantity) == (order.price, order.quantity):
        raise Refused(-5027)
    if order.amendments >= MAX_AMENDMENTS:
        raise Refused(-5026)
    rules = situation.rules
    rules.check_price(price, order.side, situation.mark)
    rules.check_quantity(quantity, market=False)
    if not reduce_only:
        rules.check_notional(price * quantity, code=-5029)
    if order.reduce_only:
        more = quantity - order.quantity
        held = abs(account.position(order.symbol, order.position_side).quantity)
        closing = _closing(account, order.symbol, order.side, order.position_side)
        if account.hedge_mode and more > 0 and closing + more > held:
            raise Refused(-2022)
        return
    left = max(quantity - order.executed, Decimal(0))
    wish = Pending(order.side, order.position_side, price * left)
    _check_margin(account, order.symbol, situation, wish, price, replaced=order)


def closes_only(request: OrderRequest) -> bool:
    """Reduce-only by flag, or by its direction in hedge mode."""
    return request.reduce_only or (request.position_side, request.side) in (
        (PositionSide.LONG, Side.SELL),
        (PositionSide.SHORT, Side.BUY),
    )


def check_mode(
    account: VenueAccount, position_side: PositionSide, *, reduce_only_sent: bool
) -> None:
    """Refuse the position side of the other mode, and reduceOnly in hedge mode."""
    if account.hedge_mode == (position_side is PositionSide.BOTH):
        raise Refused(-4061)
    if account.hedge_mode and reduce_only_sent:
        raise Refused(-1106, "reduceonly")


def _check_reducible(
    account: VenueAccount, request: OrderRequest, *, beside_others: bool
) -> Decimal:
    """How much of the order can reduce its position. Unless ``beside_others``, what rests to
    reduce it is taken off: in hedge mode what is left must cover the order, in one-way mode
    something must be left (as users report of 2026; the docs of -2022 and -4118 are terse)."""
    held = account.position(request.symbol, request.position_side).quantity
    opposite = held < 0 if request.side is Side.BUY else held > 0
    if not opposite:
        raise Refused(-2022)
    left = abs(held)
    if not beside_others:
        left -= _closing(account, request.symbol, request.side, request.position_side)
    if account.hedge_mode and request.quantity > left:
        raise Refused(-2022)
    if left <= 0:
        raise Refused(-4118)
    return min(request.quantity, left)


def _closing(
    account: VenueAccount, symbol: str, side: Side, position_side: PositionSide
) -> Decimal:
    """What the open reduce-only orders of one side may yet close, coin."""
    return sum(
        (
            order.remaining
            for order in account.orders.open(symbol)
            if order.reduce_only and (order.side, order.position_side) == (side, position_side)
        ),
        Decimal(0),
    )


def _check_margin(
    account: VenueAccount,
    symbol: str,
    situation: Situation,
    wish: Pending,
    price: Decimal,
    *,
    replaced: VenueOrder | None = None,
    code: int = -2019,
) -> None:
    """Refuse with ``code`` what would bind more than is free."""
    mark = situation.mark
    before = binding(account, symbol, mark)
    after = binding(account, symbol, mark, wish, replaced)
    if after.total <= before.total:
        return
    if after.largest_notional > max_notional(account.leverage(symbol)):
        raise Refused(-2027)
    worse = price - mark if wish.side is Side.BUY else mark - price
    loss_at_once = max(Decimal(0), worse) * wish.value / price
    if after.total - before.total + loss_at_once > situation.margin.free:
        raise Refused(code)
