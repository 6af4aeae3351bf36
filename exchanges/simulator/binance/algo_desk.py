"""Conditional orders of all accounts: taken, cancelled, and triggered by the market.

Binance docs, Algo Order (conditional): such an order is not in the book and not among the open
orders; what it places is an ordinary order that carries the conditional one's client id.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

from exchanges.simulator.binance import wire_algo
from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.algo_order import (
    AlgoOrder,
    AlgoRequest,
    AlgoStatus,
    AlgoType,
    WorkingType,
    is_triggered,
)
from exchanges.simulator.binance.events import AlgoChanged, Events
from exchanges.simulator.binance.given_id import given_id
from exchanges.simulator.binance.order import OrderRequest, VenueOrder
from exchanges.simulator.binance.order_checks import check_mode
from exchanges.simulator.binance.refusal import Refused
from exchanges.simulator.binance.rules import CONTRACTS, SymbolRules
from exchanges.simulator.id_counter import IdCounter

MAX_OPEN = 200

PriceOf = Callable[[str, WorkingType], Decimal]


class Place(Protocol):
    """Places the order of a triggered one. Raises Refused."""

    def __call__(self, account: VenueAccount, request: OrderRequest) -> VenueOrder: ...


class AlgoDesk:
    """Keeps no orders itself: they are the account's."""

    def __init__(self, price_of: PriceOf, place: Place, events: Events, now_ms: int) -> None:
        self._events = events
        self._price_of = price_of
        self._place = place
        self.ids = IdCounter(now_ms)

    def place(
        self, account: VenueAccount, request: AlgoRequest, rules: SymbolRules, now_ms: int
    ) -> AlgoOrder:
        """Raises Refused: a filter's code, -4061/-1106 for the position mode, -4116 for an id in
        use, -4045 for too many, -2021 when it would trigger at once."""
        if not request.close_position:
            rules.check_quantity(request.quantity, market=request.price is None)
        for price in (request.price, request.trigger_price, request.activate_price):
            if price:
                rules.check_price_grid(price)
        check_mode(account, request.position_side, reduce_only_sent=request.reduce_only_sent)
        if request.client_id is not None:
            latest = account.algos.find(None, request.client_id)
            if latest is not None and latest.is_open:
                raise Refused(-4116)
        if len(account.algos.open()) >= MAX_OPEN:
            raise Refused(-4045)
        seen = self._price_of(request.symbol, request.working_type)
        if request.type is not AlgoType.TRAILING_STOP_MARKET and is_triggered(request, seen):
            raise Refused(-2021)
        algo_id = self.ids.take()
        order = AlgoOrder(algo_id, request.client_id or given_id(algo_id), request, now_ms, now_ms)
        order.sees(seen)
        account.algos.add(order)
        self._tell(account, order)
        return order

    def cancel(
        self, account: VenueAccount, algo_id: int | None, client_id: str | None, now_ms: int
    ) -> AlgoOrder:
        """Refused with -2011 when there is no such open one."""
        order = account.algos.find(algo_id, client_id)
        if order is None or not order.is_open:
            raise Refused(-2011)
        self._set(account, order, AlgoStatus.CANCELED, now_ms)
        return order

    def cancel_all(self, account: VenueAccount, symbol: str, now_ms: int) -> None:
        for order in account.algos.open(symbol):
            self._set(account, order, AlgoStatus.CANCELED, now_ms)

    def market_moved(
        self, account: VenueAccount, is_halted: Callable[[str], bool], now_ms: int
    ) -> bool:
        """Trigger what is due and finish what has been carried out; has anything changed?"""
        changed = False
        for order in account.algos.open():
            request = order.request
            if is_halted(request.symbol):
                continue
            if 0 < request.good_till_ms <= now_ms:
                self._set(account, order, AlgoStatus.EXPIRED, now_ms)
                changed = True
            elif order.sees(self._price_of(request.symbol, request.working_type)):
                self._trigger(account, order, now_ms)
                changed = True
        for order in account.algos.triggered():
            placed = account.orders.find(order.request.symbol, order.order_id, None)
            if placed is None or not placed.is_open:
                self._set(account, order, AlgoStatus.FINISHED, now_ms)
                changed = True
        return changed

    def _trigger(self, account: VenueAccount, order: AlgoOrder, now_ms: int) -> None:
        order.triggered_ms = now_ms
        held = abs(account.position(order.request.symbol, order.request.position_side).quantity)
        if order.request.close_position and not held:
            self._set(account, order, AlgoStatus.EXPIRED, now_ms)
            return
        try:
            placed = self._place(account, order.order(held))
        except Refused:
            self._set(account, order, AlgoStatus.REJECTED, now_ms)
            return
        order.order_id = placed.order_id
        self._set(account, order, AlgoStatus.TRIGGERED, now_ms)

    def _set(
        self, account: VenueAccount, order: AlgoOrder, status: AlgoStatus, now_ms: int
    ) -> None:
        order.set_status(status, now_ms)
        self._tell(account, order)

    def _tell(self, account: VenueAccount, order: AlgoOrder) -> None:
        placed = account.orders.find(order.request.symbol, order.order_id, None)
        rules = CONTRACTS[order.request.symbol]
        update = wire_algo.update(order, placed if order.order_id else None, rules)
        self._events.publish(AlgoChanged(account, update, order.updated_ms))
