"""Trigger orders: when they enter the book, and what becomes of the orders beside them."""

from __future__ import annotations

from collections.abc import Mapping

from exchanges.simulator.hyperliquid.account import VenueAccount
from exchanges.simulator.hyperliquid.asset import Asset
from exchanges.simulator.hyperliquid.booking import Booking
from exchanges.simulator.hyperliquid.order import VenueOrder
from exchanges.simulator.hyperliquid.order_book import OrderBook
from exchanges.simulator.hyperliquid.order_checks import is_reached
from exchanges.simulator.hyperliquid.order_status import OrderStatus


class Triggers:
    """Watches the mark price for the orders that wait for it."""

    def __init__(self, book: OrderBook, booking: Booking, assets: Mapping[int, Asset]) -> None:
        self._book = book
        self._booking = booking
        self._assets = assets

    def fire(self, account: VenueAccount, now_ms: int) -> bool:
        """Enter what the mark price has reached; says whether anything has changed."""
        changed = self._cancel_orphans(account, now_ms)
        for order in account.orders.open():
            if order.waits_for_trigger and self._is_due(account, order):
                self._book.fire(account, order, now_ms)
                if order.filled:
                    self._cancel_siblings(account, order, now_ms)
                changed = True
        return changed

    def _is_due(self, account: VenueAccount, order: VenueOrder) -> bool:
        asset = self._assets[order.asset]
        trigger = order.trigger_price
        return (
            trigger is not None
            and not self._book.is_halted(asset.coin)
            and not self._book.is_dormant(account, order)
            and is_reached(order.side, order.takes_profit, trigger, self._book.mark(asset))
        )

    def _cancel_orphans(self, account: VenueAccount, now_ms: int) -> bool:
        """Children go with a parent that has ended without being filled."""
        changed = False
        for order in account.orders.open():
            parent = None if order.parent is None else account.orders.find(order.parent)
            if (
                parent is not None
                and not parent.is_open
                and parent.status is not OrderStatus.FILLED
            ):
                self._booking.end(account, order, OrderStatus.CANCELED, now_ms)
                changed = True
        return changed

    def _cancel_siblings(self, account: VenueAccount, filled: VenueOrder, now_ms: int) -> None:
        if filled.parent is None:
            return
        for order in account.orders.open(filled.asset):
            if order.parent == filled.parent and order is not filled:
                self._booking.end(account, order, OrderStatus.SIBLING_FILLED_CANCELED, now_ms)
