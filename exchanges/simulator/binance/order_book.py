"""Orders entering, resting in and leaving the simulated market.

The book belongs to the market: own resting orders are not shown in it; they fill when the market
comes to their price, or meet an arriving order of their own account (see ``self_trade``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from exchanges.instrument import Venue
from exchanges.side import Side
from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.events import ExecutionType, OrderChanged
from exchanges.simulator.binance.execution import Booking
from exchanges.simulator.binance.given_id import given_id
from exchanges.simulator.binance.matching import Execution, at_most, reaches, take, total
from exchanges.simulator.binance.order import (
    RESTING,
    OrderRequest,
    PriceMatch,
    VenueOrder,
    VenueOrderStatus,
    VenueTimeInForce,
)
from exchanges.simulator.binance.order_checks import closes_only
from exchanges.simulator.binance.refusal import Refused
from exchanges.simulator.binance.rules import CONTRACTS, MARKET_TAKE_BOUND, SymbolRules
from exchanges.simulator.binance.self_trade import Meeting, meet
from exchanges.simulator.id_counter import IdCounter
from exchanges.simulator.market import DEPTH, Ladder, Market


class OrderBook:
    """Turns accepted requests into orders and orders into executions."""

    def __init__(self, market: Market, booking: Booking, now_ms: int) -> None:
        self._market = market
        self._booking = booking
        self.order_ids = IdCounter(now_ms)

    def levels(self, rules: SymbolRules, resting: Side, count: int = DEPTH) -> Ladder:
        """(price, quantity) of one side of the book, best first, in whole steps."""
        return self._market.levels(Venue.BINANCE, rules.symbol, resting, count, lot=rules.step)

    def _against(self, order: VenueOrder) -> Ladder:
        """What ``order`` would trade against."""
        return self.levels(CONTRACTS[order.symbol], order.side.opposite)

    # ---- arriving

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
        bound = None if request.price is not None else self._market_bound(order, mark)
        meeting = self._meet(account, order, bound)
        if order.time_in_force is VenueTimeInForce.GTX and meeting.is_touched:
            raise Refused(-5022)
        executions = list(meeting.executions)
        if fraction is not None:
            executions = at_most(executions, rules.round_quantity(order.quantity * fraction))
        if order.time_in_force is VenueTimeInForce.FOK and total(executions) < self._wanted(
            account, order
        ):
            raise Refused(-5021)
        account.orders.add(order)
        self._tell(account, order, ExecutionType.NEW, now_ms)
        self._carry_out(account, order, meeting, executions, now_ms)
        cut_short = fraction is not None and bool(meeting.executions)
        if order.is_open and (order.time_in_force not in RESTING or bound is not None or cut_short):
            self.end(account, order, VenueOrderStatus.EXPIRED, now_ms)
        self.expire_void(account, now_ms)
        return order

    def amend(
        self,
        account: VenueAccount,
        order: VenueOrder,
        price: Decimal,
        quantity: Decimal,
        match: PriceMatch,
        modify_id: int | None,
        now_ms: int,
    ) -> None:
        """Change an open order, which then arrives anew. What has filled already as much as the
        new quantity, and a post-only order that would take, is cancelled by it."""
        order.price, order.quantity, order.price_match = price, quantity, match
        order.amendments += 1
        order.modify_id = modify_id
        order.updated_ms = now_ms
        self._tell(account, order, ExecutionType.AMENDMENT, now_ms)
        meeting = None if order.remaining <= 0 else self._meet(account, order, None)
        if meeting is None or (order.time_in_force is VenueTimeInForce.GTX and meeting.is_touched):
            self.end(account, order, VenueOrderStatus.CANCELED, now_ms)
            return
        self._carry_out(account, order, meeting, list(meeting.executions), now_ms)
        self.expire_void(account, now_ms)

    def _meet(self, account: VenueAccount, order: VenueOrder, bound: Decimal | None) -> Meeting:
        own = [
            other
            for other in account.orders.open(order.symbol)
            if other.side is order.side.opposite and other is not order
        ]
        wanted = self._wanted(account, order)
        limit = order.price if bound is None else bound
        return meet(self._against(order), own, order, wanted, limit)

    @staticmethod
    def _wanted(account: VenueAccount, order: VenueOrder) -> Decimal:
        """How much may still trade."""
        if order.reduce_only:
            return min(order.remaining, account.reducible(order))
        return order.remaining

    def _carry_out(
        self,
        account: VenueAccount,
        order: VenueOrder,
        meeting: Meeting,
        executions: list[Execution],
        now_ms: int,
    ) -> None:
        for expired in meeting.expired_makers:
            self.end(account, expired, VenueOrderStatus.EXPIRED_IN_MATCH, now_ms)
        for execution in executions:
            maker = execution.maker
            if maker is not None and maker.position_side is not order.position_side:
                # Two positions, not one: what only closes must find something to close.
                most = min(execution.quantity, self._wanted(account, maker))
                execution = replace(execution, quantity=most)
            if not execution.quantity:
                continue
            trade = self._booking.fill(account, order, execution, now_ms, maker=False)
            if maker is not None:
                self._booking.fill(
                    account, maker, execution, now_ms, maker=True, trade_id=trade.trade_id
                )
        if meeting.taker_expires and order.is_open:
            self.end(account, order, VenueOrderStatus.EXPIRED_IN_MATCH, now_ms)

    def enter_forced(
        self, account: VenueAccount, request: OrderRequest, forced_by: str, now_ms: int
    ) -> VenueOrder:
        """Fill the venue's own closing order at once, at its price, outside the book."""
        order = self._new_order(request, now_ms)
        order.forced_by = forced_by
        account.orders.add(order)
        self._tell(account, order, ExecutionType.NEW, now_ms)
        self._booking.fill(
            account, order, Execution(order.price, order.quantity), now_ms, maker=False
        )
        self.expire_void(account, now_ms)
        return order

    # ---- resting

    def match_resting(
        self, account: VenueAccount, now_ms: int, is_halted: Callable[[str], bool]
    ) -> bool:
        """Fill resting orders that the market has reached, at their own price, as maker; says
        whether anything has changed."""
        changed = False
        for order in account.orders.open():
            if is_halted(order.symbol):
                continue
            quote = self._market.quote(Venue.BINANCE, order.symbol)
            touch = quote.ask if order.side is Side.BUY else quote.bid
            if not reaches(order.side, order.price, touch):
                continue
            wanted = self._wanted(account, order)
            reached = total(take(self._against(order), order.side, wanted, order.price))
            if reached:
                self._booking.fill(
                    account, order, Execution(order.price, reached), now_ms, maker=True
                )
                changed = True
        return self.expire_void(account, now_ms) or changed

    def expire_void(self, account: VenueAccount, now_ms: int) -> bool:
        """End resting orders whose time is over or that have nothing left to reduce; were there
        any?"""
        changed = False
        for order in account.orders.open():
            over = 0 < order.good_till_ms <= now_ms
            if over or (order.reduce_only and not account.reducible(order)):
                self.end(account, order, VenueOrderStatus.EXPIRED, now_ms)
                changed = True
        return changed

    # ---- leaving

    def end(
        self, account: VenueAccount, order: VenueOrder, status: VenueOrderStatus, now_ms: int
    ) -> None:
        """Close an open order of ``account`` with a rest unfilled: the one way they end so."""
        order.end(status, now_ms)
        canceled = status is VenueOrderStatus.CANCELED
        how = ExecutionType.CANCELED if canceled else ExecutionType.EXPIRED
        self._tell(account, order, how, now_ms)

    def _tell(
        self, account: VenueAccount, order: VenueOrder, how: ExecutionType, now_ms: int
    ) -> None:
        self._booking.events.publish(OrderChanged(account, order, how, now_ms))

    def cancel_all(self, account: VenueAccount, symbol: str, now_ms: int) -> None:
        for order in account.orders.open(symbol):
            self.end(account, order, VenueOrderStatus.CANCELED, now_ms)

    def _market_bound(self, order: VenueOrder, mark: Decimal) -> Decimal:
        """The worst price a market order may take; refused with -4131 when the best is worse."""
        distance = MARKET_TAKE_BOUND if order.side is Side.BUY else -MARKET_TAKE_BOUND
        bound = mark * (1 + distance)
        levels = self._against(order)
        if not levels or not reaches(order.side, bound, levels[0][0]):
            raise Refused(-4131)
        return bound

    def _new_order(self, request: OrderRequest, now_ms: int) -> VenueOrder:
        return new_order(request, self.order_ids.take(), now_ms)


def new_order(request: OrderRequest, order_id: int, now_ms: int) -> VenueOrder:
    """The order that ``request`` becomes, untouched yet."""
    return VenueOrder(
        order_id=order_id,
        client_order_id=request.client_order_id or given_id(order_id),
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
        self_trade=request.self_trade,
        price_match=request.price_match,
        good_till_ms=request.good_till_ms,
    )
