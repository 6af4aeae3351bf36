"""Batches of orders, cancels and modifications, and the outcome of each entry."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from exchanges.simulator.hyperliquid import refusal
from exchanges.simulator.hyperliquid.account import VenueAccount
from exchanges.simulator.hyperliquid.actions import (
    CancelOrders,
    ModifyOrders,
    OrderId,
    OrderWish,
    PlaceOrders,
    Tif,
    Trigger,
)
from exchanges.simulator.hyperliquid.asset import Asset
from exchanges.simulator.hyperliquid.booking import Booking
from exchanges.simulator.hyperliquid.order import VenueOrder
from exchanges.simulator.hyperliquid.order_book import OrderBook
from exchanges.simulator.hyperliquid.order_checks import bbo_text, check_form, check_trigger
from exchanges.simulator.hyperliquid.order_status import OrderStatus
from exchanges.simulator.hyperliquid.refusal import ActionRefused, OrderRefused

Outcome = VenueOrder | OrderRefused
"""Of one entry: the order that it made or ended, or why it did not."""


def known_asset(assets: Mapping[int, Asset], index: int) -> Asset:
    """Raises ActionRefused; how the venue words it is on no public record."""
    try:
        return assets[index]
    except KeyError:
        raise ActionRefused(f"Invalid perpetual asset {index}") from None


class OrderDesk:
    """Takes batches; what is due afterwards is the engine's."""

    def __init__(self, book: OrderBook, booking: Booking, assets: Mapping[int, Asset]) -> None:
        self._book = book
        self._booking = booking
        self._assets = assets

    def place(
        self,
        account: VenueAccount,
        action: PlaceOrders,
        now_ms: int,
        *,
        fraction: Decimal | None = None,
    ) -> list[Outcome]:
        """The outcome of each order; a batch with one order of wrong form has that outcome
        alone, and nothing is placed. Raises ActionRefused for an asset that does not exist."""
        covers = action.grouping == "positionTpsl"
        try:
            for wish in action.orders:
                asset = known_asset(self._assets, wish.asset)
                is_cover = covers and isinstance(wish.kind, Trigger)
                check_form(wish, asset, self._book.mark(asset), covers_position=is_cover)
        except OrderRefused as refused:
            return [refused]
        outcomes: list[Outcome] = []
        for wish in action.orders:
            first = outcomes[0] if outcomes else None
            outcomes.append(self._enter(account, wish, action.grouping, first, now_ms, fraction))
        return outcomes

    def _enter(
        self,
        account: VenueAccount,
        wish: OrderWish,
        grouping: object,
        first: Outcome | None,
        now_ms: int,
        fraction: Decimal | None,
    ) -> Outcome:
        asset = self._assets[wish.asset]
        try:
            if isinstance(wish.kind, Trigger) and grouping == "normalTpsl" and first is not None:
                if isinstance(first, OrderRefused):
                    return first
                return self._book.enter_waiting(account, wish, asset, now_ms, parent=first)
            if isinstance(wish.kind, Trigger) and grouping == "positionTpsl" and not wish.size:
                check_trigger(wish, wish.kind, asset, self._book.mark(asset))
                return self._book.enter_waiting(account, wish, asset, now_ms)
            return self._book.enter(account, wish, asset, now_ms, fraction=fraction)
        except OrderRefused as refused:
            return refused

    def cancel(self, account: VenueAccount, action: CancelOrders, now_ms: int) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for index, order_id in action.orders:
            order = account.orders.find_open(order_id)
            if order is None or order.asset != index:
                outcomes.append(OrderRefused(refusal.MISSING_ORDER, index))
                continue
            self._booking.end(account, order, OrderStatus.CANCELED, now_ms)
            outcomes.append(order)
        return outcomes

    def modify(self, account: VenueAccount, action: ModifyOrders, now_ms: int) -> list[Outcome]:
        """Each order ends and another, with an oid of its own, takes its place.

        A new order that could not be one leaves the old alone; one that is refused on entering
        takes the old with it, and so does one that would match at once: what a modification
        brings has been measured to be post-only.
        """
        return [self._modify(account, *change, now_ms) for change in action.changes]

    def _modify(
        self, account: VenueAccount, order_id: OrderId, wish: OrderWish, now_ms: int
    ) -> Outcome:
        asset = known_asset(self._assets, wish.asset)
        old = account.orders.find_open(order_id)
        if old is None:
            return OrderRefused(refusal.MODIFY_ENDED, asset.index)
        try:
            check_form(wish, asset, self._book.mark(asset), covers_position=False)
        except OrderRefused:
            return OrderRefused(refusal.MODIFY_INVALID, asset.index)
        if wish.kind is Tif.IOC or (old.asset, old.side) != (wish.asset, wish.side):
            return OrderRefused(refusal.MODIFY_INVALID, asset.index)
        self._booking.end(account, old, OrderStatus.CANCELED, now_ms)
        if not isinstance(wish.kind, Trigger) and self._book.would_match(wish, asset):
            quote = self._book.quote(asset)
            text = refusal.POST_ONLY.worded(bbo_text(quote.bid, quote.ask))
            return OrderRefused(refusal.MODIFY_FAILED, asset.index, text)
        try:
            return self._book.enter(account, wish, asset, now_ms)
        except OrderRefused as refused:
            return OrderRefused(refusal.MODIFY_FAILED, asset.index, str(refused))
