"""Positions that the venue closes by itself: liquidation and auto-deleveraging.

A liquidation is due when what stands behind the positions (cross: of the whole account, isolated:
of the one) has fallen to their maintenance margin. It cancels the open orders, closes at the mark
price and pays a fee into the insurance fund, as far as there is money left; the fund pays what is
missing (Binance docs, liquidation protocols). Positions are closed whole and not bracket by
bracket.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from exchanges.side import Side
from exchanges.simulator.binance.account import VenueAccount
from exchanges.simulator.binance.execution import Booking
from exchanges.simulator.binance.margin import MarkOf, account_margin, maintenance
from exchanges.simulator.binance.order import (
    OrderRequest,
    VenueOrderType,
    VenueTimeInForce,
)
from exchanges.simulator.binance.order_book import OrderBook
from exchanges.simulator.binance.position import PositionSide, money
from exchanges.simulator.binance.rules import LIQUIDATION_FEE

ADL = "ADL"
LIQUIDATION = "liquidation"
REASONS = (ADL, LIQUIDATION)

ZERO = Decimal(0)


class ForcedClosing:
    """Decides what is due and carries it out."""

    def __init__(self, book: OrderBook, booking: Booking, mark: MarkOf) -> None:
        self._book = book
        self._booking = booking
        self._mark = mark

    def force(
        self,
        owner: VenueAccount,
        symbol: str,
        side: PositionSide,
        quantity: Decimal,
        reason: str,
        now_ms: int,
    ) -> None:
        """Cancel the orders in ``symbol`` and close ``quantity`` of a position at the mark price,
        with the taker fee and, at a liquidation, its fee. ``reason`` is one of REASONS."""
        left = self._close(owner, symbol, side, quantity, reason, now_ms)
        if reason == LIQUIDATION:
            stands_behind = left if symbol in owner.isolated else _cross_wallet(owner)
            self._clear(owner, symbol, self._fee(symbol, quantity), stands_behind, now_ms)

    def liquidate_due(
        self,
        owner: VenueAccount,
        symbols: tuple[str, ...],
        is_halted: Callable[[str], bool],
        now_ms: int,
    ) -> bool:
        """Close what its margin carries no longer; was there anything?"""
        due = [one for one in self._due(owner, symbols) if not is_halted(one[0])]
        cross_fee, cross_symbol = ZERO, None
        for symbol, side in due:
            quantity = abs(owner.position(symbol, side).quantity)
            left = self._close(owner, symbol, side, quantity, LIQUIDATION, now_ms)
            fee = self._fee(symbol, quantity)
            if symbol in owner.isolated:
                self._clear(owner, symbol, fee, left, now_ms)
            else:
                cross_fee, cross_symbol = cross_fee + fee, symbol
        if cross_symbol is not None:
            self._clear(owner, cross_symbol, cross_fee, _cross_wallet(owner), now_ms)
        return bool(due)

    def _close(
        self,
        owner: VenueAccount,
        symbol: str,
        side: PositionSide,
        quantity: Decimal,
        reason: str,
        now_ms: int,
    ) -> Decimal:
        """Returns what is left of the isolated margin that was set aside for the quantity."""
        self._book.cancel_all(owner, symbol, now_ms)
        position = owner.position(symbol, side)
        set_aside = position.isolated_margin
        request = OrderRequest(
            symbol=symbol,
            side=Side.SELL if position.quantity > 0 else Side.BUY,
            position_side=side,
            type=VenueOrderType.LIMIT,
            quantity=quantity,
            price=self._mark(symbol),
            time_in_force=VenueTimeInForce.IOC,
            reduce_only=True,
            reduce_only_sent=False,
            client_order_id=_client_id(reason, now_ms, len(owner.trades)),
            result_wanted=False,
        )
        self._book.enter_forced(owner, request, reason.upper(), now_ms)
        trade = owner.trades[-1]
        return set_aside - position.isolated_margin + trade.realized - trade.commission

    def _fee(self, symbol: str, quantity: Decimal) -> Decimal:
        return money(quantity * self._mark(symbol) * LIQUIDATION_FEE)

    def _clear(
        self, owner: VenueAccount, symbol: str, fee: Decimal, left: Decimal, now_ms: int
    ) -> None:
        """Take the fee out of what is left, or fill up what is missing."""
        amount = money(-min(fee, left))
        if amount:
            self._booking.insure(owner, symbol, amount, now_ms)

    def _due(self, owner: VenueAccount, symbols: tuple[str, ...]) -> list[tuple[str, PositionSide]]:
        held = list(owner.held())
        if not held:
            return []
        margin = account_margin(owner, symbols, self._mark)
        cross_is_due = margin.cross_balance <= margin.cross_maintenance
        due = []
        for symbol, side, position in held:
            mark = self._mark(symbol)
            if symbol not in owner.isolated:
                is_due = cross_is_due
            else:
                behind = position.isolated_margin + position.unrealized(mark)
                is_due = behind <= maintenance(position, mark)
            if is_due:
                due.append((symbol, side))
        return due


def _client_id(reason: str, now_ms: int, number: int) -> str:
    """Binance docs, user data stream: ``adl_autoclose``, or ``autoclose-`` and a number."""
    return "adl_autoclose" if reason == ADL else f"autoclose-{now_ms}{number:06d}"


def _cross_wallet(owner: VenueAccount) -> Decimal:
    return owner.usdt - sum((p.isolated_margin for _, _, p in owner.held()), ZERO)
