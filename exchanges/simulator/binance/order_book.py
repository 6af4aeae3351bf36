"""Orders entering, resting in and leaving the simulated market.

The book belongs to the market: own resting orders are not shown in it and do
not meet each other; they fill when the market comes to their price.
"""

from __future__ import annotations

from decimal import Decimal

from exchanges.instrument import Venue
from exchanges.side import Side
from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.execution import Booking
from exchanges.simulator.binance.id_counter import IdCounter
from exchanges.simulator.binance.matching import Execution, reaches, take, total
from exchanges.simulator.binance.order import (
    OrderRequest,
    VenueOrder,
    VenueOrderStatus,
    VenueTimeInForce,
)
from exchanges.simulator.binance.order_checks import closes_only
from exchanges.simulator.binance.refusal import Refused
from exchanges.simulator.binance.rules import CONTRACTS, MARKET_TAKE_BOUND, SymbolRules
from exchanges.simulator.market import DEPTH, Market


class OrderBook:
    """Turns accepted requests into orders and orders into executions."""

    def __init__(self, market: Market, booking: Booking, now_ms: int) -> None:
        self._market = market
        self._booking = booking
        self.order_ids = IdCounter(now_ms)

    def levels(
        self, rules: SymbolRules, resting: Side, count: int = DEPTH
    ) -> list[tuple[Decimal, Decimal]]:
        """(price, quantity) of one side of the book, best first, in whole steps."""
        levels = self._market.levels(Venue.BINANCE, rules.symbol, resting, count)
        whole = ((price, rules.round_quantity(quantity)) for price, quantity in levels)
        return [(price, quantity) for price, quantity in whole if quantity]

    def _against(self, order: VenueOrder) -> list[tuple[Decimal, Decimal]]:
        """What ``order`` would trade against."""
        return self.levels(CONTRACTS[order.symbol], order.side.opposite)

    def enter(
        self,
        account: VenueAccount,
        request: OrderRequest,
        rules: SymbolRules,
        mark: Decimal,
        now_ms: int,
        *,
        fraction: Decimal | None,
    ) -> VenueOrder:
        """Place a request that passed all checks.

        ``fraction`` lets only that share of the quantity trade and ends the rest.
        Raises Refused: -4131, -5021, -5022; such an order leaves no trace.
        """
        order = self._new_order(request, now_ms)
        levels = self._against(order)
        bound = order.price if request.price is not None else _market_bound(order, mark, levels)
        wanted = order.quantity
        if closes_only(request):
            wanted = min(wanted, account.reducible(order))
        executions = take(levels, order.side, wanted, bound)
        if order.time_in_force is VenueTimeInForce.GTX and executions:
            raise Refused(-5022)
        cut_short = fraction is not None and bool(executions)
        if fraction is not None:
            executions = _at_most(executions, rules.round_quantity(order.quantity * fraction))
        if order.time_in_force is VenueTimeInForce.FOK and total(executions) < wanted:
            raise Refused(-5021)
        account.orders.add(order)
        for execution in executions:
            self._booking.fill(account, order, execution, now_ms, maker=False)
        rests = request.price is not None and order.time_in_force in (
            VenueTimeInForce.GTC,
            VenueTimeInForce.GTX,
        )
        if order.is_open and (not rests or cut_short):
            order.end(VenueOrderStatus.EXPIRED, now_ms)
        self.expire_void(account, now_ms)
        return order

    def enter_forced(
        self, account: VenueAccount, request: OrderRequest, forced_by: str, now_ms: int
    ) -> VenueOrder:
        """Fill the venue's own closing order at once, at its price, outside the book."""
        order = self._new_order(request, now_ms)
        order.forced_by = forced_by
        account.orders.add(order)
        self._booking.fill(
            account, order, Execution(order.price, order.quantity), now_ms, maker=False
        )
        self.expire_void(account, now_ms)
        return order

    def match_resting(self, account: VenueAccount, now_ms: int) -> bool:
        """Fill resting orders that the market has reached, at their own price, as maker; says
        whether anything has changed."""
        changed = False
        for order in account.orders.open():
            quote = self._market.quote(Venue.BINANCE, order.symbol)
            touch = quote.ask if order.side is Side.BUY else quote.bid
            if not reaches(order.side, order.price, touch):
                continue
            wanted = order.remaining
            if order.reduce_only:
                wanted = min(wanted, account.reducible(order))
            reached = total(take(self._against(order), order.side, wanted, order.price))
            if reached:
                self._booking.fill(
                    account, order, Execution(order.price, reached), now_ms, maker=True
                )
                changed = True
        return self.expire_void(account, now_ms) or changed

    def expire_void(self, account: VenueAccount, now_ms: int) -> bool:
        """End resting reduce-only orders that have nothing left to reduce; were there any?"""
        changed = False
        for order in account.orders.open():
            if order.reduce_only and not account.reducible(order):
                order.end(VenueOrderStatus.EXPIRED, now_ms)
                changed = True
        return changed

    def _new_order(self, request: OrderRequest, now_ms: int) -> VenueOrder:
        order_id = self.order_ids.take()
        return VenueOrder(
            order_id=order_id,
            client_order_id=request.client_order_id or f"venue-{order_id}",
            symbol=request.symbol,
            side=request.side,
            position_side=request.position_side,
            type=request.type,
            time_in_force=request.time_in_force,
            price=request.price or Decimal(0),
            quantity=request.quantity,
            reduce_only=closes_only(request),
            created_ms=now_ms,
            updated_ms=now_ms,
        )


def _market_bound(
    order: VenueOrder, mark: Decimal, levels: list[tuple[Decimal, Decimal]]
) -> Decimal:
    """The worst price a market order may take; refused with -4131 when the best is worse."""
    distance = MARKET_TAKE_BOUND if order.side is Side.BUY else -MARKET_TAKE_BOUND
    bound = mark * (1 + distance)
    if not levels or not reaches(order.side, bound, levels[0][0]):
        raise Refused(-4131)
    return bound


def _at_most(executions: list[Execution], quantity: Decimal) -> list[Execution]:
    """The first executions, cut to ``quantity`` together."""
    kept: list[Execution] = []
    for execution in executions:
        room = quantity - total(kept)
        if room <= 0:
            break
        kept.append(Execution(execution.price, min(execution.quantity, room)))
    return kept
