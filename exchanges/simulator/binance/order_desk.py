"""What accounts ask of the book: orders priced, checked and handed on, changed and cancelled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Protocol

from exchanges.side import Side
from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.margin import AccountMargin
from exchanges.simulator.binance.order import (
    OrderRequest,
    PriceMatch,
    VenueOrder,
    VenueOrderStatus,
)
from exchanges.simulator.binance.order_book import OrderBook, new_order
from exchanges.simulator.binance.order_checks import Situation, check_amendment, check_order
from exchanges.simulator.binance.refusal import Refused
from exchanges.simulator.binance.rules import SymbolRules
from exchanges.simulator.market import Quote


class Floor(Protocol):
    """What the desk has to know of the venue around it."""

    is_halted: Callable[[str], bool]

    def now_ms(self) -> int: ...
    def rules(self, symbol: str) -> SymbolRules: ...
    def mark(self, symbol: str) -> Decimal: ...
    def quote(self, symbol: str) -> Quote: ...
    def levels(
        self, symbol: str, resting: Side, count: int
    ) -> Sequence[tuple[Decimal, Decimal]]: ...
    def margin(self, account: VenueAccount) -> AccountMargin: ...


class OrderDesk:
    """Decides; the book carries out. All methods act at the venue's present moment."""

    def __init__(self, floor: Floor, book: OrderBook) -> None:
        self._floor = floor
        self._book = book

    def place(
        self, account: VenueAccount, request: OrderRequest, *, fraction: Decimal | None = None
    ) -> VenueOrder:
        """Check and place; ``fraction`` lets only that share trade. Raises Refused."""
        return self._enter(account, self._accepted(account, request), fraction)

    def place_triggered(self, account: VenueAccount, request: OrderRequest) -> VenueOrder:
        """Place what a conditional order has brought. Raises Refused."""
        return self._enter(account, self._accepted(account, request, triggered=True), None)

    def rehearse(self, account: VenueAccount, request: OrderRequest) -> VenueOrder:
        """The order that would be placed; nothing happens. Raises Refused."""
        return new_order(self._accepted(account, request), 0, self._floor.now_ms())

    def amend(
        self,
        account: VenueAccount,
        order: VenueOrder,
        price: Decimal | None,
        quantity: Decimal,
        match: PriceMatch = PriceMatch.NONE,
        *,
        modify_id: int | None = None,
        reduce_only: bool = False,
    ) -> None:
        """Change price (None: as ``match`` says) and quantity of an open order; ``modify_id`` is
        the client's name of the change. Raises Refused."""
        if price is None:
            price = self._matched_price(order.symbol, order.side, match)
        if self._floor.is_halted(order.symbol):
            raise Refused(-5024)
        situation = self._situation(account, order.symbol, order.side)
        check_amendment(account, order, price, quantity, situation, reduce_only=reduce_only)
        self._book.amend(account, order, price, quantity, match, modify_id, self._floor.now_ms())

    def cancel(
        self, account: VenueAccount, symbol: str, order_id: int | None, client_id: str | None
    ) -> VenueOrder:
        """Cancel an open order; refused with -2011 when there is none."""
        order = account.orders.find(symbol, order_id, client_id)
        if order is None or not order.is_open:
            raise Refused(-2011)
        self._book.end(account, order, VenueOrderStatus.CANCELED, self._floor.now_ms())
        return order

    def cancel_all(self, account: VenueAccount, symbol: str) -> None:
        self._book.cancel_all(account, symbol, self._floor.now_ms())

    def _accepted(
        self, account: VenueAccount, request: OrderRequest, *, triggered: bool = False
    ) -> OrderRequest:
        """``request``, its price filled in, once it has passed all checks."""
        self._floor.rules(request.symbol)
        if self._floor.is_halted(request.symbol):
            raise Refused(-4108)
        match = request.price_match
        if match is not PriceMatch.NONE:
            price = self._matched_price(request.symbol, request.side, match)
            request = replace(request, price=price)
        situation = self._situation(account, request.symbol, request.side)
        check_order(account, request, situation, triggered=triggered)
        return request

    def _enter(
        self, account: VenueAccount, accepted: OrderRequest, fraction: Decimal | None
    ) -> VenueOrder:
        rules, mark = self._floor.rules(accepted.symbol), self._floor.mark(accepted.symbol)
        now_ms = self._floor.now_ms()
        return self._book.enter(account, accepted, rules, mark, now_ms, fraction=fraction)

    def _situation(self, account: VenueAccount, symbol: str, side: Side) -> Situation:
        floor, quote = self._floor, self._floor.quote(symbol)
        touch = quote.ask if side is Side.BUY else quote.bid
        return Situation(floor.rules(symbol), floor.mark(symbol), touch, floor.margin(account))

    def _matched_price(self, symbol: str, side: Side, match: PriceMatch) -> Decimal:
        """A price match in numbers; refused with -5041 when the book is not so deep."""
        resting = side if match.is_queue else side.opposite
        levels = self._floor.levels(symbol, resting, match.level)
        if len(levels) < match.level:
            raise Refused(-5041)
        return levels[-1][0]
