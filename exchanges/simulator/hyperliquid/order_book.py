"""Orders entering, resting in and leaving the simulated market.

The book belongs to the market: own resting orders are not shown in it and do not meet each other;
they fill when the market comes to their price.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from exchanges.instrument import Venue
from exchanges.side import Side
from exchanges.simulator.binance.matching import Execution, at_most, reaches, take, total
from exchanges.simulator.hyperliquid import refusal
from exchanges.simulator.hyperliquid.account import VenueAccount
from exchanges.simulator.hyperliquid.actions import OrderWish, Tif, Trigger
from exchanges.simulator.hyperliquid.asset import Asset
from exchanges.simulator.hyperliquid.booking import Booking
from exchanges.simulator.hyperliquid.margin import Margin, Pending
from exchanges.simulator.hyperliquid.numbers import cut
from exchanges.simulator.hyperliquid.order import LIQUIDATION_TIF, VenueOrder
from exchanges.simulator.hyperliquid.order_checks import (
    check_book,
    check_margin,
    check_reduces,
    check_trigger,
)
from exchanges.simulator.hyperliquid.order_status import OrderStatus
from exchanges.simulator.hyperliquid.refusal import OrderRefused
from exchanges.simulator.id_counter import IdCounter
from exchanges.simulator.market import DEPTH, Ladder, Market, Quote

Level = tuple[Decimal, Decimal]
"""Price and size."""


class OrderBook:
    """Turns wishes into orders and orders into executions."""

    def __init__(
        self, market: Market, booking: Booking, assets: Mapping[int, Asset], now_ms: int
    ) -> None:
        self._market = market
        self._booking = booking
        self._assets = assets
        self.order_ids = IdCounter(now_ms)
        self.is_halted: Callable[[str], bool] = lambda _coin: False
        """Is trading in a coin halted? Whoever knows sets it."""

    # ---- the market

    def mark(self, asset: Asset) -> Decimal:
        """Mark price: the middle of the market."""
        return self._market.last_price(Venue.HYPERLIQUID, asset.coin)

    def quote(self, asset: Asset) -> Quote:
        return self._market.quote(Venue.HYPERLIQUID, asset.coin)

    def levels(self, asset: Asset, resting: Side, count: int = DEPTH) -> Ladder:
        """One side of the book, best first, in whole lots."""
        lot = Decimal(1).scaleb(-asset.size_decimals)
        return self._market.levels(Venue.HYPERLIQUID, asset.coin, resting, count, lot=lot)

    def would_match(self, wish: OrderWish, asset: Asset) -> bool:
        """Does the market stand at the order's price or beyond?"""
        quote = self.quote(asset)
        return reaches(wish.side, wish.price, quote.ask if wish.side is Side.BUY else quote.bid)

    def margin(self, account: VenueAccount) -> Margin:
        return Margin(account, self._assets, self.mark)

    # ---- entering

    def enter(
        self,
        account: VenueAccount,
        wish: OrderWish,
        asset: Asset,
        now_ms: int,
        *,
        fraction: Decimal | None = None,
    ) -> VenueOrder:
        """Place a wish whose form is right. ``fraction`` lets only that share of it trade and
        ends the rest. Raises OrderRefused; most refused orders stay on record."""
        if wish.cloid is not None and account.orders.find_open(wish.cloid) is not None:
            raise OrderRefused(refusal.CLOID_IN_USE, asset.index)
        if self.is_halted(asset.coin):
            raise OrderRefused(refusal.HALTED, asset.index)
        order = self._new_order(wish, asset, now_ms)
        try:
            executions = self._check(account, wish, asset)
        except OrderRefused as refused:
            if refused.reason.status is not None:
                order.status = refused.reason.status
                account.orders.add(order)
                self._booking.note(account, order)
            raise
        account.orders.add(order)
        if isinstance(wish.kind, Trigger):
            self._booking.note(account, order)
            return order
        cut_short = fraction is not None and bool(executions)
        if fraction is not None:
            executions = at_most(executions, cut(wish.size * fraction, asset.size_decimals))
        self._execute(account, order, asset, executions, now_ms)
        if order.is_open and (cut_short or wish.kind is Tif.IOC):
            order.end(
                OrderStatus.FILLED
                if wish.kind is Tif.IOC and order.filled
                else OrderStatus.CANCELED,
                now_ms,
            )
        self._booking.note(account, order)
        self.cancel_void(account, now_ms)
        return order

    def enter_waiting(
        self,
        account: VenueAccount,
        wish: OrderWish,
        asset: Asset,
        now_ms: int,
        *,
        parent: VenueOrder | None = None,
    ) -> VenueOrder:
        """Keep a trigger order that waits for its parent to fill or, without one, closes whatever
        is held when its price comes."""
        order = self._new_order(wish, asset, now_ms)
        order.parent = None if parent is None else parent.oid
        order.covers_position = parent is None
        account.orders.add(order)
        self._booking.note(account, order)
        return order

    def fire(self, account: VenueAccount, order: VenueOrder, now_ms: int) -> None:
        """The mark price has come to a waiting order: it enters the book under its own oid."""
        asset = self._assets[order.asset]
        self._booking.end(account, order, OrderStatus.TRIGGERED, now_ms)
        if order.covers_position:
            position = account.position(asset.index)
            order.size = position.closable(order.sign * abs(position.size))
        if not order.reduce_only and not self._is_covered(account, order, asset):
            self._booking.end(account, order, OrderStatus.MARGIN_CANCELED, now_ms)
            return
        self._execute(account, order, asset, self._against(account, order, asset), now_ms)
        if order.is_open and order.is_market:
            order.end(
                OrderStatus.FILLED
                if order.filled
                else OrderStatus.MARKET_ORDER_NO_LIQUIDITY_REJECTED,
                now_ms,
            )
        self._booking.note(account, order)

    def enter_forced(
        self,
        account: VenueAccount,
        asset: Asset,
        signed_size: Decimal,
        price: Decimal,
        forced_by: str,
        now_ms: int,
    ) -> VenueOrder:
        """Fill the venue's own closing order at once, at its price, outside the book."""
        order = VenueOrder(
            oid=self.order_ids.take(),
            cloid=None,
            asset=asset.index,
            coin=asset.coin,
            side=Side.BUY if signed_size > 0 else Side.SELL,
            price=price,
            size=abs(signed_size),
            reduce_only=True,
            tif=LIQUIDATION_TIF,
            created_ms=now_ms,
            updated_ms=now_ms,
            forced_by=forced_by,
        )
        account.orders.add(order)
        self._execute(account, order, asset, [Execution(price, order.size)], now_ms)
        self._booking.note(account, order)
        return order

    # ---- resting

    def match_resting(self, account: VenueAccount, now_ms: int) -> bool:
        """Fill resting orders that the market has reached, at their own price, as maker; says
        whether anything has changed."""
        changed = False
        for order in account.orders.open():
            asset = self._assets[order.asset]
            if not order.in_book or self.is_halted(asset.coin):
                continue
            reached = total(self._against(account, order, asset))
            if not reached:
                continue
            changed = True
            if not order.reduce_only and not self._is_covered(account, order, asset):
                self._booking.end(account, order, OrderStatus.MARGIN_CANCELED, now_ms)
                continue
            at_own_price = [Execution(order.price, reached)]
            self._execute(account, order, asset, at_own_price, now_ms, maker=True)
            self._booking.note(account, order)
        return self.cancel_void(account, now_ms) or changed

    def cancel_void(self, account: VenueAccount, now_ms: int) -> bool:
        """End reduce-only orders that have nothing to reduce; were there any?"""
        changed = False
        for order in account.orders.open():
            if not order.reduce_only or self.is_dormant(account, order):
                continue
            wanted = order.sign * (order.remaining or Decimal(1))
            if not account.position(order.asset).closable(wanted):
                self._booking.end(account, order, OrderStatus.REDUCE_ONLY_CANCELED, now_ms)
                changed = True
        return changed

    @staticmethod
    def is_dormant(account: VenueAccount, order: VenueOrder) -> bool:
        """Does it still wait for its parent to fill?"""
        parent = None if order.parent is None else account.orders.find(order.parent)
        return parent is not None and parent.is_open

    def _check(self, account: VenueAccount, wish: OrderWish, asset: Asset) -> list[Execution]:
        """What the order trades at once. Raises OrderRefused."""
        check_reduces(account, wish, asset)
        if isinstance(wish.kind, Trigger):
            check_trigger(wish, wish.kind, asset, self.mark(asset))
            return []
        size = wish.size
        if wish.reduce_only:
            size = account.position(asset.index).closable(size if wish.side is Side.BUY else -size)
        executions = take(self.levels(asset, wish.side.opposite), wish.side, size, wish.price)
        quote = self.quote(asset)
        check_book(wish, asset, executions, quote.bid, quote.ask)
        if not wish.reduce_only:
            wanted = total(executions) if wish.kind is Tif.IOC else size
            check_margin(
                account, self.margin(account), asset, Pending(wish.side, wanted), executions
            )
        return executions

    def _is_covered(self, account: VenueAccount, order: VenueOrder, asset: Asset) -> bool:
        """The second look at the margin, when a resting order is met (Hyperliquid docs, Order
        book): is there still value behind all that is bound?"""
        margin = self.margin(account)
        position = account.position(asset.index)
        shrinks = position.closable(order.sign * order.remaining) == order.remaining
        return shrinks or margin.free() >= 0

    def _against(self, account: VenueAccount, order: VenueOrder, asset: Asset) -> list[Execution]:
        """What an order in the book trades against now."""
        size = order.remaining
        if order.reduce_only:
            size = account.position(asset.index).closable(order.sign * size)
        return take(self.levels(asset, order.side.opposite), order.side, size, order.price)

    def _execute(
        self,
        account: VenueAccount,
        order: VenueOrder,
        asset: Asset,
        executions: list[Execution],
        now_ms: int,
        *,
        maker: bool = False,
    ) -> None:
        mark = self.mark(asset)
        for one in executions:
            self._booking.fill(
                account, order, asset, one.price, one.quantity, now_ms, maker=maker, mark=mark
            )

    def _new_order(self, wish: OrderWish, asset: Asset, now_ms: int) -> VenueOrder:
        trigger = wish.kind if isinstance(wish.kind, Trigger) else None
        return VenueOrder(
            oid=self.order_ids.take(),
            cloid=wish.cloid,
            asset=asset.index,
            coin=asset.coin,
            side=wish.side,
            price=wish.price,
            size=wish.size,
            reduce_only=wish.reduce_only,
            tif=None if isinstance(wish.kind, Trigger) else wish.kind.value,
            created_ms=now_ms,
            updated_ms=now_ms,
            trigger_price=None if trigger is None else trigger.price,
            is_market=trigger is not None and trigger.is_market,
            takes_profit=trigger is not None and trigger.takes_profit,
        )
